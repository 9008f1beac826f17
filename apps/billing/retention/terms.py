"""The terms of retention classes, in months, by the calendar of Shanghai. A fiscal year is a calendar year (会计法 art. 11)."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.billing import audit_events as events
from apps.billing.audit_states import CountsFrom, RecordKind
from apps.billing.models import RetentionClass
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record

RIGHT = "billing.change_retentionclass"


@dataclass(frozen=True, slots=True)
class Term:
    """How long a kind of record is kept now, and by which row."""

    row: RetentionClass

    def until(self, ended: datetime | date) -> date:
        """The first day on which a record that ended then may go."""
        day = clock.local(ended).date() if isinstance(ended, datetime) else ended
        if self.row.counts_from == CountsFrom.FISCAL_YEAR:
            day = date(day.year + 1, 1, 1)
        return add_months(day, self.row.months)

    def cutoff(self, today: date) -> date:
        """Records that ended before this day may go today."""
        earliest = add_months(today, -self.row.months)
        if self.row.counts_from == CountsFrom.FISCAL_YEAR:
            return date(earliest.year, 1, 1)
        return date.fromordinal(earliest.toordinal() + 1)

    def words(self, ended: datetime | date) -> str:
        """e.g. “Accounting vouchers: 30 years from the first day after the fiscal year 2026, until 2057-01-01 (basis)”."""
        day = clock.local(ended).date() if isinstance(ended, datetime) else ended
        facts = {
            "name": self.row.name, "length": length(self.row.months), "until": self.until(ended).isoformat(),
            "basis": self.row.basis, "year": day.year, "day": day.isoformat(),
        }  # fmt: skip
        if self.row.counts_from == CountsFrom.FISCAL_YEAR:
            return (
                _("%(name)s: %(length)s from the first day after fiscal year %(year)s, until %(until)s (%(basis)s)")
                % facts
            )
        return _("%(name)s: %(length)s from %(day)s, until %(until)s (%(basis)s)") % facts


def length(months: int) -> str:
    if months % 12 == 0:
        return ngettext("%(n)s year", "%(n)s years", months // 12) % {"n": months // 12}
    return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}


def add_months(day: date, months: int) -> date:
    """The same day some months later (or earlier); the 31st becomes the last day of a shorter month."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def today() -> date:
    return clock.local(clock.now()).date()


def in_force() -> dict[str, Term]:
    """The term of every kind of record today; of several rows the longest. One query."""
    day = today()
    rows = RetentionClass.objects.filter(effective_from__lte=day)
    rows = rows.filter(Q(effective_to=None) | Q(effective_to__gte=day)).order_by("months")
    return {row.covers: Term(row) for row in rows}


def change(row: RetentionClass, values: Mapping[str, object], *, actor: Actor) -> RetentionClass:
    """Save a row of the classes as edited, or a new one; recorded with what changed.

    Raises DomainError `core.not_allowed`, `retention.span`, `retention.shortened` (a legal minimum is not undercut).
    """
    if not actor.can("billing.add_retentionclass" if row._state.adding else RIGHT):
        raise DomainError("core.not_allowed")
    old = RetentionClass.objects.filter(pk=row.pk).first()  # a form may have written into `row` already
    before = {name: str(getattr(old, name, "")) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    if row.effective_to and row.effective_to < row.effective_from:
        raise DomainError("retention.span", field="effective_to")
    check(row.covers, row.months)
    with transaction.atomic():
        row.save()
        changed = {n: [before[n], str(getattr(row, n))] for n in values if before[n] != str(getattr(row, n))}
        record(events.RETENTION_CHANGED, subject=row, actor=actor, data={"code": row.code, "changed": changed})
    return row


def check(covers: str, months: int) -> None:
    """Raises DomainError `retention.shortened` where a class would undercut the law (LAW-04)."""
    least = LEGAL_MINIMUM.get(covers)
    if least and months < least:
        raise DomainError("retention.shortened", field="months", months=least, length=length(least))


# LAW-04: what no row may undercut, in months. Personal data has no minimum, only as short as possible.
LEGAL_MINIMUM = {
    RecordKind.VOUCHER.value: 360,
    RecordKind.STATEMENT.value: 120,
    RecordKind.COMPLAINT.value: 36,
    RecordKind.TRANSACTION.value: 36,
}
