"""Members of staff and their rights. Who granted what to whom is in the journal."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth import password_validation
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import transaction

from apps.accounts import events
from apps.accounts.models import Department, User
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record


def create(
    username: str,
    *,
    password: str,
    roles: Sequence[str],
    actor: Actor,
    department: str = "",
    superuser: bool = False,
    **details: Any,
) -> User:
    """A member of staff who may sign in, with roles (group names) and a department (its code).

    `details`: display_name, email, phone, staff_number, language. Raises DomainError: `core.not_allowed`,
    `core.required`, `staff.username`, `staff.username_taken`, `staff.number_taken`, `staff.unknown_role`,
    `staff.unknown_department`, `staff.password`.
    """
    if not actor.can("accounts.add_user"):
        raise DomainError("core.not_allowed")
    groups = _groups(roles)
    home = _department(department) if department else None
    user = User(username=username, is_staff=True, is_superuser=superuser, department=home, **details)
    _check_identity(user)
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise DomainError("staff.password", field="password", why=" ".join(error.messages)) from error
    user.set_password(password)
    with transaction.atomic():
        user.save(force_insert=True)
        user.groups.set(groups)
        record_created(user, actor=actor)
    return user


def record_created(user: User, *, actor: Actor) -> None:
    """Tell the journal of a new member of staff. Call it in the transaction that made them, roles included."""
    record(events.STAFF_CREATED, subject=events.ref(user), actor=actor, data=rights_of(user))


def rights_of(user: User) -> dict[str, Any]:
    """What decides this person's rights, as facts for the journal; the names, since the company's log-in goes by them."""
    return {
        "username": user.username,
        "staff_number": user.staff_number,
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "department": user.department.code if user.department else None,
        "superuser": user.is_superuser,
        "staff": user.is_staff,
        "active": user.is_active,
    }


def record_rights_change(user: User, before: dict[str, Any], *, actor: Actor) -> None:
    """Tell the journal when a person's rights are no longer what they were; in the transaction of the change."""
    after = rights_of(user)
    if after != before:
        record(
            events.STAFF_RIGHTS_CHANGED,
            subject=events.ref(user),
            actor=actor,
            data={"before": before, "after": after},
        )


def record_password_set(user: User, *, actor: Actor) -> None:
    """Tell the journal who set whose password: what is signed under that name next may be theirs."""
    record(events.STAFF_PASSWORD_SET, subject=events.ref(user), actor=actor)


def rights_of_role(group: Group) -> set[str]:
    """The role's rights as `app.codename`."""
    pairs = group.permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


def check_role(group: Group, wanted: Iterable[Permission], *, actor: Actor) -> None:
    """Before a role's rights are written: nobody adds to a role they hold. Raises DomainError `role.own`.

    A superuser may, who has every right without it.
    """
    if group.pk is None or actor.user is None or actor.user.is_superuser:
        return
    if not actor.user.groups.filter(pk=group.pk).exists():
        return
    if {right.pk for right in wanted} - set(group.permissions.values_list("pk", flat=True)):
        raise DomainError("role.own", field="permissions")


def record_role_change(group: Group, before: set[str], *, actor: Actor) -> None:
    """Tell the journal which rights a role gained and lost. Call it in the transaction of the change."""
    after = rights_of_role(group)
    if after != before:
        record(
            events.ROLE_RIGHTS_CHANGED,
            subject=events.ref(group),
            actor=actor,
            data={"role": group.name, "granted": sorted(after - before), "withdrawn": sorted(before - after)},
        )


def _groups(roles: Sequence[str]) -> list[Group]:
    found = {group.name: group for group in Group.objects.all()}
    for role in roles:
        if role not in found:
            raise DomainError("staff.unknown_role", field="role", role=role, known=", ".join(sorted(found)))
    return [found[role] for role in roles]


def _department(code: str) -> Department:
    department = Department.objects.filter(code=code).first()
    if department is None:
        known = ", ".join(Department.objects.values_list("code", flat=True))
        raise DomainError("staff.unknown_department", field="department", department=code, known=known)
    return department


def _check_identity(user: User) -> None:
    if not user.username:
        raise DomainError("core.required", field="username")
    try:
        User._meta.get_field("username").clean(user.username, user)
    except ValidationError as error:
        raise DomainError("staff.username", field="username") from error
    if User.objects.filter(username=user.username).exists():
        raise DomainError("staff.username_taken", field="username", username=user.username)
    user.staff_number = user.staff_number or None
    if user.staff_number and User.objects.filter(staff_number=user.staff_number).exists():
        raise DomainError("staff.number_taken", field="staff_number", number=user.staff_number)
