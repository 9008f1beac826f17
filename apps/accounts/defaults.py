"""The shipped company: roles with their rights, departments, approval limits. All editable in the admin."""

from decimal import Decimal

from django.contrib.auth.models import Group

from apps.accounts import events
from apps.accounts.models import ApprovalLimit, Department, OfferedRight, SecondLook
from apps.accounts.roles import Role, shipped_permissions
from apps.core.actors import Actor
from apps.journal import events as journal

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
# ADM-03: from which amount in yuan a code is asked for again. Nobody must have a second factor before a row says so.
LOOKS = {
    SecondLook.Act.APPROVE: Decimal(5000), SecondLook.Act.EXECUTE: Decimal(0), SecondLook.Act.PAY: Decimal(0),
    SecondLook.Act.BATCH: Decimal(0), SecondLook.Act.HAND: Decimal(0),
}  # fmt: skip


def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing. A role's limits are set only when the role itself is new; a role that exists gets the
    rights that this release ships for the first time, and none that an administrator took away (ADM-01)."""
    taken = {value for pair in Department.objects.values_list("code", "name") for value in pair}
    missing = [Department(code=c, name=n) for c, n in DEPARTMENTS.items() if c not in taken and n not in taken]
    Department.objects.bulk_create(missing)
    looks = set(SecondLook.objects.values_list("act", flat=True))
    missing_looks = [SecondLook(act=act, above=above) for act, above in LOOKS.items() if act not in looks]
    SecondLook.objects.bulk_create(missing_looks)
    known = {group.name: group for group in Group.objects.filter(name__in=Role.values)}
    new = [role for role in Role if role.value not in known]
    return {
        "departments": len(missing),
        "second looks": len(missing_looks),
        "roles": len(new),
        "approval limits": sum(_make(role) for role in new),
        "new rights of roles": sum(_offer(group, actor) for group in known.values()),
    }


def _make(role: Role) -> int:
    """A new role with its shipped rights; returns how many approval limits it got."""
    group = Group.objects.create(name=role.value)
    shipped = list(shipped_permissions(role))
    group.permissions.set(shipped)
    OfferedRight.objects.bulk_create(OfferedRight(role=group, permission=right) for right in shipped)
    limits = [
        ApprovalLimit(role=group, subject=subject, limit=limit) for subject, limit in LIMITS.get(role, {}).items()
    ]
    return len(ApprovalLimit.objects.bulk_create(limits))


def _offer(group: Group, actor: Actor) -> int:
    """Give a role the shipped rights it was never given before; returns how many it did not hold yet."""
    offered = OfferedRight.objects.filter(role=group).values("permission")
    fresh = list(shipped_permissions(group.name).exclude(pk__in=offered))
    held = set(group.permissions.filter(pk__in=[right.pk for right in fresh]).values_list("pk", flat=True))
    OfferedRight.objects.bulk_create(OfferedRight(role=group, permission=right) for right in fresh)
    granted = [right for right in fresh if right.pk not in held]
    if granted:
        group.permissions.add(*granted)
        names = sorted(right.full for right in granted)
        facts = {"role": group.name, "granted": names, "withdrawn": []}
        journal.record(events.ROLE_RIGHTS_CHANGED, subject=events.ref(group), actor=actor, data=facts)
    return len(granted)
