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
from apps.billing.services.differences import RECONCILER, Found
from apps.billing.states import KEEPS_OUR_MONEY, AttemptState, DifferenceKind, DifferenceState
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal

logger = logging.getLogger(__name__)

ENDS_IN_THE_BILL = (
    "CLOSED",
    "ABNORMAL",
    "DEPOSIT_BACK_FAILED",
    "REFUND",
)  # it was initiated and has its row all the same
DAY = timedelta(days=1)
BACK_DAYS = 3  # a statement that could not be had is asked for as long


def run_due() -> list[StatementRun]:
    """The last days that have no run yet. A statement that can't be had is asked for again next time.

    What agreed before may have come back since: successes of the last month that nobody asks about are asked about again.
    """
    paying.look_soon(RefundAttempt.objects.filter(
        state=AttemptState.SUCCEEDED, channel__in=KEEPS_OUR_MONEY, next_query_at=None,
        settled_at__gt=clock.now() - paying.WATCHED_FOR,
    ))  # fmt: skip
    today = clock.local(clock.now()).date()
    runs = []
    for back in range(BACK_DAYS, 0, -1):
        day = today - timedelta(days=back)
        for channel in KEEPS_OUR_MONEY:
            over = datetime.combine(day + DAY, time(), clock.SHANGHAI)
            if StatementRun.objects.filter(channel=channel, day=day, at__gte=over).exists():
                continue
            try:
                runs.append(run(channel, day))
            except Exception as error:  # not set up, or no answer
                logger.warning("statement of %s, %s: %s", channel, day, type(error).__name__)
    return runs


def compare(channel: str, day: date, *, actor: Actor) -> StatementRun:
    """Compare a day because somebody asks for it now; one that is not over is compared again by `run_due`.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `statement.day`, `statement.none`.
    """
    if not actor.can("billing.pay_refund"):
        raise DomainError("core.not_allowed")
    if channel not in KEEPS_OUR_MONEY:
        raise DomainError("core.invalid_choice", field="channel", value=channel)
    today = clock.local(clock.now()).date()
    if not today - paying.WATCHED_FOR <= day <= today:
        raise DomainError("statement.day", field="day", days=paying.WATCHED_FOR.days)
    try:
        statement = _statement(channel, day)
    except Exception as error:  # not set up, no answer, or one that cannot be read
        logger.warning("statement of %s, %s: %s", channel, day, type(error).__name__)
        raise DomainError("statement.none", field="channel") from error
    return take_in(channel, day, statement, by=actor)


def run(channel: str, day: date) -> StatementRun:
    """Compare one day of Shanghai's calendar. Repeating it renews the figures and adds no difference twice.

    Raises whatever the adapter raises when the statement can't be had.
    """
    return take_in(channel, day, _statement(channel, day), by=RECONCILER)


def _statement(channel: str, day: date) -> Statement:
    found: Statement = registry.refund_adapter(channel).statement(day)  # type: ignore[attr-defined]
    return found


def take_in(channel: str, day: date, statement: Statement, *, by: Actor) -> StatementRun:
    """Compare a statement that is at hand with what we sent on that day."""
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
        journal.record(events.RECONCILED, subject=row, actor=by, data=data)
    return row


def _ours(channel: str, day: date) -> dict[str, RefundAttempt]:
    """Attempts that were sent on that day; abnormal ones go on under their first number and aren't in the bill."""
    start = datetime.combine(day, time(), clock.SHANGHAI)
    end = start + DAY
    sent = RefundAttempt.objects.filter(channel=channel, sent_at__gte=start, sent_at__lt=end).exclude(method="abnormal")
    return {attempt.number: attempt for attempt in sent}


def _compare(run: StatementRun, statement: Statement, ours: dict[str, RefundAttempt]) -> int:
    """How many agree. Each difference is asked about before it is kept, and each success that agrees soon after: the row
    says that it was initiated, not that the money stayed there.
    """
    agree, seen = [], set()
    for line in statement.lines:
        seen.add(line.number)
        attempt = ours.get(line.number) or RefundAttempt.objects.filter(number=line.number).first()
        if attempt is None:
            differences.found(run, Found(line.number, DifferenceKind.MISSING_HERE, None, line.amount))
        elif attempt.amount != line.amount:
            paying.recheck(attempt)
            differences.found(run, Found(line.number, DifferenceKind.AMOUNT, attempt.amount, line.amount))
        elif attempt.state == AttemptState.FAILED and attempt.failure not in ENDS_IN_THE_BILL:
            _state_differs(run, attempt)
        else:
            agree.append(attempt.pk)
    for number, attempt in ours.items():
        if number not in seen and attempt.state == AttemptState.SUCCEEDED:
            words = _confirmed(attempt)
            differences.found(run, Found(number, DifferenceKind.MISSING_THERE, attempt.amount, None, words))
    paying.look_soon(RefundAttempt.objects.filter(pk__in=agree, state=AttemptState.SUCCEEDED, channel=run.channel))
    return len(agree)


def _state_differs(run: StatementRun, attempt: RefundAttempt) -> None:
    """The bill has a row for what we hold failed: initiated, or paid after all. The query decides."""
    paying.recheck(attempt)
    now = RefundAttempt.objects.get(pk=attempt.pk)
    taken_back = now.state != AttemptState.FAILED
    words = _("The provider says it was paid after all; the refund follows.") if taken_back else _confirmed(attempt)
    differences.found(run, Found(attempt.number, DifferenceKind.STATE, Decimal(0), attempt.amount, words))


def _confirmed(attempt: RefundAttempt) -> str:
    """What the query proves right now; empty when it can't say, or something else than we hold."""
    outcome = paying.ask(attempt)
    wanted = "succeeded" if attempt.state == AttemptState.SUCCEEDED else "failed"
    if outcome is None or outcome.proof.value != wanted:
        return ""
    return _("The query confirms what we hold.")
