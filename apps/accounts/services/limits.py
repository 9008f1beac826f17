"""Approval limits: how far a role may approve alone (HND-05, VOI-02). Every change is in the journal."""

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.accounts import events
from apps.accounts.models import ApprovalLimit
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record


def save(limit: ApprovalLimit, *, actor: Actor) -> None:
    """Write a new or changed limit, never of a role one holds. Raises DomainError `core.not_allowed`, `limit.own_role`."""
    right = "accounts.add_approvallimit" if limit.pk is None else "accounts.change_approvallimit"
    if not actor.can(right):
        raise DomainError("core.not_allowed")
    if actor.user is not None and limit.role_id in own_roles(actor.user):
        raise DomainError("limit.own_role", field="role")
    with transaction.atomic():
        old = ApprovalLimit.objects.select_related("role").filter(pk=limit.pk).first()
        limit.save()
        if old is not None and (old.role_id, old.subject) != (limit.role_id, limit.subject):
            _record(old, _words(old), None, actor)
            old = None
        _record(limit, _words(old), _words(limit), actor)


def own_roles(user: AbstractUser) -> set[int]:
    """The roles whose limits this user may not write: their own."""
    return set(user.groups.values_list("pk", flat=True))


def delete(limit: ApprovalLimit, *, actor: Actor) -> None:
    """Take the right to approve away from a role. Raises DomainError `core.not_allowed`."""
    if not actor.can("accounts.delete_approvallimit"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        before = _words(limit)
        _record(limit, before, None, actor)
        limit.delete()


def _words(limit: ApprovalLimit | None) -> str | None:
    if limit is None:
        return None
    return "none" if limit.limit is None else f"{limit.limit:.2f}"


def _record(limit: ApprovalLimit, before: str | None, after: str | None, actor: Actor) -> None:
    if before != after:
        facts = {"role": limit.role.name, "subject": limit.subject, "before": before, "after": after}
        record(events.APPROVAL_LIMIT_CHANGED, subject=events.ref(limit.role), actor=actor, data=facts)
