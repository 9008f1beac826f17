"""The month-end guard: what can be voided this month only turns into a red letter at midnight (VOI-11)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.billing import events
from apps.billing.models import MonthEndWarning, VoidRequest, VoidRule
from apps.billing.rulings import same_month
from apps.billing.services import periods, verification
from apps.billing.states import Act, VoidState
from apps.core import clock
from apps.core.actors import system
from apps.core.clock import SHANGHAI
from apps.journal import events as journal
from apps.sla import rules
from apps.sla.timeline import midnight

GUARD = system("month-end")
UNDECIDED = (VoidState.FINANCE_REVIEW, VoidState.MANAGEMENT_REVIEW, VoidState.VERIFICATION, VoidState.READY)


@dataclass(frozen=True, slots=True)
class Turning:
    """A request that is a void until `until` (aware) and a red letter, by `rule` where it is known, from then on."""

    request: VoidRequest
    until: datetime
    rule: str


def turning(now: datetime | None = None) -> list[Turning]:
    """Requests that are voids if they are executed this month, and won't be after it; the largest amount first.

    The number of queries does not grow with them.
    """
    now = now or clock.now()
    until, rules = next_month(now), list(VoidRule.objects.all())
    open_ones = VoidRequest.objects.filter(
        state__in=UNDECIDED, whole=True, invoice__issued_at__gte=periods.start_of(clock.local(now).date())
    )
    found = []
    joined = open_ones.select_related("invoice", "ticket", "rule").prefetch_related("invoice__facts")
    for request in joined.order_by("-amount", "id"):
        if not same_month(request.invoice.issued_at, now):
            continue
        rule_now = verification.look(request, now, rules).rule
        rule_then = verification.look(request, until, rules).rule
        if rule_now is not None and rule_now.act == Act.VOID and (rule_then is None or rule_then.act != Act.VOID):
            found.append(Turning(request, until, rule_then.code if rule_then else ""))
    return found


def next_month(now: datetime) -> datetime:
    """Midnight in Shanghai at which this month is over."""
    today = clock.local(now).date()
    first = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return datetime(first.year, first.month, first.day, tzinfo=SHANGHAI)


def warning_days(now: datetime) -> list[date]:
    """The last day of the month, and the working day before it, by the company's calendar."""
    last = clock.local(next_month(now)).date() - timedelta(days=1)
    day = last - timedelta(days=1)
    while day > last - timedelta(days=15) and not is_working(day):
        day -= timedelta(days=1)
    return [day, last]


def is_working(day: date) -> bool:
    timeline = rules.current().timeline(None)
    return timeline.between(midnight(day), midnight(day + timedelta(days=1))) > 0


def warn() -> MonthEndWarning | None:
    """Tell finance, once on each of these days, from 9 o'clock on; None where there is nothing to tell, or it was told."""
    now = clock.now()
    local = clock.local(now)
    if local.date() not in warning_days(now) or local.hour < 9:
        return None
    if MonthEndWarning.objects.filter(day=local.date()).exists():
        return None
    found = turning(now)
    if not found:
        return None
    with transaction.atomic():
        row, is_new = MonthEndWarning.objects.get_or_create(day=local.date(), defaults={"requests": len(found)})
        if is_new:
            amount = sum((item.request.amount for item in found), Decimal(0))
            data = {"requests": [item.request.number for item in found[:50]], "count": len(found), "amount": amount}
            journal.record(events.MONTH_END_WARNED, subject=row, actor=GUARD, data=data)
    return row if is_new else None
