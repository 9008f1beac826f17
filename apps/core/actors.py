"""Who acts. Every service takes an Actor, never a bare user, so that customers, clients and the system can act too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

ActorKind = Literal["staff", "customer", "system", "api"]


@dataclass(frozen=True, slots=True)
class Actor:
    """`label` goes into the evidence log, so it holds a staff number or a client's name, never personal data.

    `permissions` are an API client's scopes; with staff, rights that a colleague lent them for this act.
    """

    kind: ActorKind
    label: str
    user: AbstractUser | None = field(default=None, compare=False)
    permissions: frozenset[str] = frozenset()

    def can(self, permission: str) -> bool:
        """Whether this actor holds `app.codename` (ADM-01). The system may do everything, a customer nothing by right."""
        if self.kind == "system":
            return True
        if self.kind == "staff" and self.user is not None and self.user.has_perm(permission):
            return True
        return permission in self.permissions

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user is not None else None


SYSTEM = Actor("system", "system")
CUSTOMER = Actor("customer", "customer")


def system(part: str) -> Actor:
    """The system acting through one of its parts, e.g. `system("sla")`."""
    return Actor("system", f"system:{part}")


def staff(user: AbstractUser) -> Actor:
    """A signed-in member of staff; the label is the staff number, or the log-in name where there is none."""
    return Actor("staff", getattr(user, "staff_number", "") or user.get_username(), user)
