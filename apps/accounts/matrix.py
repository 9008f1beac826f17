"""The rights as they are now, as a table that can be printed (ADM-01)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.utils.functional import Promise

from apps.accounts import roles
from apps.accounts.models import ApprovalLimit, User
from apps.accounts.scopes import SCOPES


@dataclass(frozen=True, slots=True)
class Cell:
    """`changed` tells that the site decided otherwise than what was shipped for the role."""

    held: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Row:
    words: str
    code: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    room: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Scope:
    name: str
    words: str | Promise
    rights: list[str]


@dataclass(frozen=True, slots=True)
class Limit:
    """`up_to` in words, e.g. `¥2,000.00`; None means no limit."""

    subject: str
    role: str
    up_to: str | None


@dataclass(frozen=True, slots=True)
class RoleMatrix:
    """`outside` are active people whose rights come from elsewhere than their roles."""

    roles: list[str]
    sections: list[Section]
    limits: list[Limit]
    scopes: list[Scope]
    outside: list[User]


def role_matrix() -> RoleMatrix:
    groups = sorted(Group.objects.all(), key=_order)
    held = {(g, p) for g, p in Group.permissions.through.objects.values_list("group_id", "permission_id")}
    shipped = {g.pk: set(roles.shipped_permissions(g.name).values_list("pk", flat=True)) for g in groups}
    permissions = list(roles.all_permissions())
    words = {p.full: roles.words(p) for p in permissions}  # type: ignore[attr-defined]

    def row(permission: Permission, full: str) -> Row:
        cells = []
        for group in groups:
            has = (group.pk, permission.pk) in held
            was_shipped = permission.pk in shipped[group.pk]
            cells.append(Cell(has, group.name in roles.Role.values and has != was_shipped))
        return Row(words[full], full, cells)

    return RoleMatrix(
        roles=[roles.label(g.name) for g in groups],
        sections=[
            Section(room, [row(p, p.full) for p in rows])  # type: ignore[attr-defined]
            for room, rows in groupby(_own_rights_first(permissions), key=roles.room)
        ],
        limits=[
            Limit(row.get_subject_display(), roles.label(row.role.name), _yuan(row.limit))
            for row in ApprovalLimit.objects.select_related("role").order_by("subject", "limit", "pk")
        ],
        scopes=[
            Scope(name, label, [words.get(right, right) for right in sorted(rights)])
            for name, (label, rights) in SCOPES.items()
        ],
        outside=_outside(),
    )


def _order(group: Group) -> tuple[int, str]:
    """Shipped roles in the order of the enumeration, the site's own after them."""
    known = roles.Role.values
    return (known.index(group.name) if group.name in known else len(known), group.name)


def _own_rights_first(permissions: Iterable[Permission]) -> list[Permission]:
    """Rooms in the order of the system; in each, the rights to do something before the rights over tables."""

    def key(permission: Permission) -> tuple[bool, str, bool, str]:
        verb, _sep, what = permission.codename.partition("_")
        over_table = verb in ("view", "add", "change", "delete") and what == permission.content_type.model
        room = permission.content_type.app_label
        return (not _is_ours(room), room, over_table, permission.content_type.model)

    return sorted(permissions, key=key)


def _is_ours(app_label: str) -> bool:
    try:
        return apps.get_app_config(app_label).name.startswith("apps.")
    except LookupError:
        return False


def _outside() -> list[User]:
    people = User.objects.filter(is_active=True)
    return list((people.filter(is_superuser=True) | people.filter(user_permissions__isnull=False)).distinct())


def _yuan(limit: Decimal | None) -> str | None:
    return None if limit is None else f"¥{limit:,.2f}"
