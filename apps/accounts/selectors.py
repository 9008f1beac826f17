"""Who answers for what: reads over staff, roles, departments and approval limits."""

from dataclasses import dataclass
from decimal import Decimal

from apps.accounts.models import ApprovalLimit, Department, User
from apps.accounts.roles import Role


def with_role(*roles: str) -> list[User]:
    """Active staff with one of these roles, in a steady order."""
    return list(User.objects.filter(is_active=True, groups__name__in=roles).distinct().order_by("pk"))


def duty_managers(department_id: int | None = None) -> list[User]:
    """Who is alerted at once (INT-07, SLA-04): the department's own duty manager, otherwise everybody with the role."""
    if department_id is not None:
        department = Department.objects.select_related("duty_manager").filter(pk=department_id).first()
        if department and department.duty_manager and department.duty_manager.is_active:
            return [department.duty_manager]
    return with_role(Role.DUTY_MANAGER)


def heads_of(department_id: int) -> list[User]:
    """Who leads the department (SLA-04): its head, else its members with the role, else who leads the one above."""
    seen: set[int] = set()
    while department_id not in seen:
        seen.add(department_id)
        department = Department.objects.select_related("head").filter(pk=department_id).first()
        if department is None:
            return []
        if department.head and department.head.is_active:
            return [department.head]
        members = User.objects.filter(is_active=True, department=department, groups__name=Role.DEPARTMENT_HEAD)
        if heads := list(members.order_by("pk")):
            return heads
        if department.parent_id is None:
            return []
        department_id = department.parent_id
    return []


def led_by(user: User) -> set[int]:
    """The departments that somebody answers for: the own one, those they head with all below, those they are duty
    manager of; with the role, also those without a duty manager of their own."""
    stands_in = user.groups.filter(name=Role.DUTY_MANAGER).exists()
    rows = {row[0]: row[1:] for row in Department.objects.values_list("pk", "parent_id", "head_id", "duty_manager_id")}
    led = {
        pk
        for pk, (_, head, duty) in rows.items()
        if pk == user.department_id or user.pk in (head, duty) or (stands_in and duty is None)
    }
    headed = {pk for pk, (_, head, _) in rows.items() if head == user.pk}
    while below := {pk for pk, (parent, _, _) in rows.items() if parent in headed} - headed:
        headed |= below
    return led | headed


def management() -> list[User]:
    """The top of the escalation ladder (SLA-04)."""
    return with_role(Role.MANAGEMENT)


@dataclass(frozen=True, slots=True)
class ApprovalRight:
    """How far a person may approve alone. `limit` is in yuan, inclusive; None means no limit."""

    granted: bool
    limit: Decimal | None = None

    def covers(self, amount: Decimal) -> bool:
        return self.granted and (self.limit is None or amount <= self.limit)


def approval_limit(user: User, subject: str) -> ApprovalRight:
    """The widest limit among the person's roles for an `ApprovalLimit.Subject` (HND-05, VOI-02); no row, no right."""
    limits = ApprovalLimit.objects.filter(role__user=user, subject=subject).values_list("limit", flat=True)
    found = list(limits) if user.is_active else []
    if not found:
        return ApprovalRight(False)
    if None in found:
        return ApprovalRight(True)
    return ApprovalRight(True, max(limit for limit in found if limit is not None))
