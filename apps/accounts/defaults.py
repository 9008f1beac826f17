"""The shipped company: roles with their rights, departments, approval limits. All editable in the admin."""

from decimal import Decimal

from django.contrib.auth.models import Group

from apps.accounts.models import ApprovalLimit, Department
from apps.accounts.roles import Role, shipped_permissions
from apps.core.actors import Actor

DEPARTMENTS = {
    "service": "客户服务部",
    "quality": "质量部",
    "technical": "技术部",
    "logistics": "物流仓储部",
    "finance": "财务部",
    "sales": "销售部",
    "after_sales": "售后服务部",
    "product": "产品部",
    "management": "管理层",
}

_SUBJECT = ApprovalLimit.Subject
_MONEY = (_SUBJECT.VOID, _SUBJECT.REFUND, _SUBJECT.COMPENSATION)
# Yuan; None is no limit. HND-05: the supervisor approves, above the threshold management.
# VOI-02: finance approves, above 5,000 yuan management too.
LIMITS: dict[Role, dict[str, Decimal | None]] = {
    Role.SERVICE_LEAD: {_SUBJECT.SOLUTION: Decimal(500)},
    Role.DEPARTMENT_HEAD: {_SUBJECT.SOLUTION: Decimal(500)},
    Role.DUTY_MANAGER: {_SUBJECT.SOLUTION: Decimal(2000)},
    Role.FINANCE_OFFICER: dict.fromkeys(_MONEY, Decimal(5000)),
    Role.FINANCE_MANAGER: dict.fromkeys(_MONEY, Decimal(5000)),
    Role.MANAGEMENT: {_SUBJECT.SOLUTION: None, **dict.fromkeys(_MONEY)},
}


def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing. A role's rights and limits are set only when the role itself is new."""
    taken = {value for pair in Department.objects.values_list("code", "name") for value in pair}
    missing = [Department(code=c, name=n) for c, n in DEPARTMENTS.items() if c not in taken and n not in taken]
    Department.objects.bulk_create(missing)
    known = set(Group.objects.values_list("name", flat=True))
    new = [role for role in Role if role.value not in known]
    return {
        "departments": len(missing),
        "roles": len(new),
        "approval limits": sum(_make(role) for role in new),
    }


def _make(role: Role) -> int:
    """A new role with its shipped rights; returns how many approval limits it got."""
    group = Group.objects.create(name=role.value)
    group.permissions.set(shipped_permissions(role))
    limits = [
        ApprovalLimit(role=group, subject=subject, limit=limit) for subject, limit in LIMITS.get(role, {}).items()
    ]
    return len(ApprovalLimit.objects.bulk_create(limits))
