"""Daily comparison with the providers' statements (REF-06): compare, then query each difference.

A row is written when a refund is initiated and may never be updated, so the bill alone proves nothing.
"""

import logging
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.adapters.base import Statement
from apps.billing.models import Difference, RefundAttempt, StatementRun
from apps.billing.services import differences, paying
from apps.billing.services.differences import RECONCILER
from apps.billing.states import AttemptState, DifferenceKind, DifferenceState, PayChannel
from apps.core import clock
from apps.journal import events as journal

logger = logging.getLogger(__name__)

CHANNELS = (PayChannel.ALIPAY, PayChannel.WECHAT_PAY)
BACK_DAYS = 3


def run_due() -> list[StatementRun]:
    """The last days that have no run yet. A statement that can't be had is asked for again next time."""
    today = clock.local(clock.now()).date()
    runs = []
    for back in range(BACK_DAYS, 0, -1):
        day = today - timedelta(days=back)
        for channel in CHANNELS:
            if StatementRun.objects.filter(channel=channel, day=day).exists():
                continue
            try:
                runs.append(run(channel, day))
            except Exception as error:  # not set up, or no answer
                logger.warning("statement of %s, %s: %s", channel, day, type(error).__name__)
    return runs


def run(channel: str, day: date) -> StatementRun:
    """Compare one day of Shanghai's calendar. Repeating it renews the figures and adds no difference twice.

    Raises whatever the adapter raises when the statement can't be had.
    """
    statement = registry.refund_adapter(channel).statement(day)  # type: ignore[attr-defined]
    ours = _ours(channel, day)
    row, _new = StatementRun.objects.get_or_create(channel=channel, day=day)
    matched = _compare(row, statement, ours)
    with transaction.atomic():
        StatementRun.objects.filter(pk=row.pk).update(
            rows=len(statement.lines), matched=matched, digest=statement.digest, at=clock.now(),
            total=sum((line.amount for line in statement.lines), Decimal(0)),
        )  # fmt: skip
        row = StatementRun.objects.get(pk=row.pk)
        still = Difference.objects.filter(run=row, state=DifferenceState.OPEN).count()
        data = {"channel": channel, "day": day, "rows": row.rows, "matched": matched, "open": still}
        journal.record(events.RECONCILED, subject=row, actor=RECONCILER, data=data)
    return row


def _ours(channel: str, day: date) -> dict[str, RefundAttempt]:
    """Attempts that were sent on that day; abnormal ones go on under their first number and aren't in the bill."""
    start = datetime.combine(day, time(), clock.SHANGHAI)
    end = start + timedelta(days=1)
    sent = RefundAttempt.objects.filter(channel=channel, sent_at__gte=start, sent_at__lt=end).exclude(method="abnormal")
    return {attempt.number: attempt for attempt in sent}


def _compare(run: StatementRun, statement: Statement, ours: dict[str, RefundAttempt]) -> int:
    """How many agree. Each difference is asked about before it is kept."""
    matched, seen = 0, set()
    for line in statement.lines:
        seen.add(line.number)
        attempt = ours.get(line.number) or RefundAttempt.objects.filter(number=line.number).first()
        if attempt is None:
            differences.found(run, line.number, DifferenceKind.MISSING_HERE, ours=None, theirs=line.amount)
        elif attempt.amount != line.amount:
            paying.recheck(attempt)
            differences.found(run, line.number, DifferenceKind.AMOUNT, ours=attempt.amount, theirs=line.amount)
        elif attempt.state == AttemptState.FAILED and attempt.failure not in ("CLOSED", "ABNORMAL"):
            _state_differs(run, attempt)
        else:
            matched += 1
    for number, attempt in ours.items():
        if number not in seen and attempt.state == AttemptState.SUCCEEDED:
            _missing_there(run, attempt)
    return matched


def _state_differs(run: StatementRun, attempt: RefundAttempt) -> None:
    """The bill has a row for what we hold failed: initiated, or paid after all. The query decides."""
    paying.recheck(attempt)
    now = RefundAttempt.objects.get(pk=attempt.pk)
    taken_back = now.state != AttemptState.FAILED
    words = _("The provider says it was paid after all; the refund follows.") if taken_back else _confirmed(attempt)
    differences.found(
        run, attempt.number, DifferenceKind.STATE, ours=Decimal(0), theirs=attempt.amount, explained=words
    )


def _missing_there(run: StatementRun, attempt: RefundAttempt) -> None:
    words = _confirmed(attempt)
    differences.found(
        run, attempt.number, DifferenceKind.MISSING_THERE, ours=attempt.amount, theirs=None, explained=words
    )


def _confirmed(attempt: RefundAttempt) -> str:
    """What the query proves right now; empty when it can't say, or something else than we hold."""
    outcome = paying.ask(attempt)
    wanted = "succeeded" if attempt.state == AttemptState.SUCCEEDED else "failed"
    if outcome is None or outcome.proof.value != wanted:
        return ""
    return _("The query confirms what we hold.")
