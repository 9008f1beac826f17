"""The rights as they are now, as a table that can be printed (ADM-01)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Literal

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import pgettext

from apps.accounts import roles
from apps.accounts.models import ApprovalLimit, User
from apps.accounts.scopes import SCOPES


@dataclass(frozen=True, slots=True)
class Mark:
    """One right in one cell. `given` and `taken` are the site's decisions against what was shipped."""

    sign: str
    state: Literal["held", "given", "taken"]


@dataclass(frozen=True, slots=True)
class Row:
    """A right of its own, or the four rights over a table; a cell per role, with the marks that stand in it."""

    words: str
    code: str
    cells: list[list[Mark]]


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
    letters: list[tuple[str, str]]
    sections: list[Section]
    limits: list[Limit]
    scopes: list[Scope]
    outside: list[User]


class _Grants:
    """Who holds what, and who was shipped with what; read once."""

    def __init__(self) -> None:
        self.groups = sorted(Group.objects.all(), key=_order)
        self.held = set(Group.permissions.through.objects.values_list("group_id", "permission_id"))
        self.shipped = {
            (group.pk, permission)
            for group in self.groups
            for permission in roles.shipped_permissions(group.name).values_list("pk", flat=True)
        }

    def mark(self, group: Group, permission: Permission, sign: str) -> list[Mark]:
        pair = (group.pk, permission.pk)
        if pair in self.held:
            given = group.name in roles.Role.values and pair not in self.shipped
            return [Mark(sign, "given" if given else "held")]
        return [Mark(sign, "taken")] if pair in self.shipped else []


def role_matrix() -> RoleMatrix:
    grants = _Grants()
    permissions = own_rights_first(roles.all_permissions())
    words = {_full(p): roles.words(p) for p in permissions}
    rows = ApprovalLimit.objects.select_related("role").order_by("subject", "limit", "pk")
    return RoleMatrix(
        roles=[roles.label(group.name) for group in grants.groups],
        letters=list(_letters().values()),
        sections=[Section(room, _rows(list(rights), grants)) for room, rights in groupby(permissions, key=roles.room)],
        limits=[Limit(r.get_subject_display(), roles.label(r.role.name), _yuan(r.limit)) for r in rows],
        scopes=[
            Scope(name, label, [words.get(right, right) for right in sorted(rights)])
            for name, (label, rights) in SCOPES.items()
        ],
        outside=_outside(),
    )


def own_rights_first(permissions: Iterable[Permission]) -> list[Permission]:
    """Our rooms before Django's; in each, the rights to do something before the rights over tables."""

    def key(permission: Permission) -> tuple[bool, str, bool, str]:
        kind = permission.content_type
        return (not _is_ours(kind.app_label), kind.app_label, _verb(permission) is not None, kind.model)

    return sorted(permissions, key=key)


def _rows(permissions: list[Permission], grants: _Grants) -> list[Row]:
    rows = [
        Row(roles.words(p), _full(p), [grants.mark(group, p, "✓") for group in grants.groups])
        for p in permissions
        if _verb(p) is None
    ]
    letters = _letters()
    over_tables = [p for p in permissions if _verb(p) is not None]
    for kind, rights in groupby(over_tables, key=lambda p: p.content_type):
        by_verb = {_verb(p): p for p in rights}
        model = kind.model_class()
        cells = [
            [
                mark
                for verb in letters
                if verb in by_verb
                for mark in grants.mark(group, by_verb[verb], letters[verb][0])
            ]
            for group in grants.groups
        ]
        name = capfirst(str(model._meta.verbose_name_plural)) if model else kind.model
        rows.append(Row(name, f"{kind.app_label}.{kind.model}", cells))
    return rows


def _letters() -> dict[str, tuple[str, str]]:
    """The letter for a right over a table, and what it means, in the active language."""
    return {
        "view": (pgettext("matrix", "V"), pgettext("matrix", "view")),
        "add": (pgettext("matrix", "A"), pgettext("matrix", "add")),
        "change": (pgettext("matrix", "C"), pgettext("matrix", "change")),
        "delete": (pgettext("matrix", "D"), pgettext("matrix", "delete")),
    }


def _verb(permission: Permission) -> str | None:
    """`view`, `add`, `change` or `delete` for a right over a table, None for a right of its own."""
    verb, _sep, what = permission.codename.partition("_")
    return verb if verb in ("view", "add", "change", "delete") and what == permission.content_type.model else None


def _full(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"


def _order(group: Group) -> tuple[int, str]:
    """Shipped roles in the order of the enumeration, the site's own after them."""
    known = roles.Role.values
    return (known.index(group.name) if group.name in known else len(known), group.name)


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
