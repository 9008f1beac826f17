"""Time spent on tickets: entered by whoever spent it, corrected by an entry that takes it back."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Sum

from apps.accounts.models import User
from apps.casework import events
from apps.casework.models import TimeEntry
from apps.casework.services import work
from apps.casework.states import Activity
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.feedback.services import words

DAY = 24 * 60  # minutes
OLDEST = 31  # days back
NOTE_LENGTH = 200


@dataclass(slots=True)
class Spent:
    """What was typed. `worked_on` is a calendar day in Shanghai; None is today."""

    minutes: int
    activity: str
    note: str = ""
    worked_on: date | None = None


def today() -> date:
    return clock.local(clock.now()).date()


def add(ticket: Ticket, spent: Spent, *, actor: Actor, user: User | None = None) -> TimeEntry:
    """Enter time of whoever acts; an API key, which is nobody, names the `user` it was spent by.

    Raises DomainErrors beside the fields: `time.minutes`, `time.future`, `time.too_old`, `core.invalid_choice`,
    `core.too_long`; DomainError `core.not_allowed`, `time.nobody`, `time.day_full`.
    """
    work.require(actor, work.HANDLE)
    who = actor.user if actor.user is not None else user
    if who is None or not who.is_active or (user is not None and user.pk != who.pk):
        raise DomainError("time.nobody", field="user")
    day = spent.worked_on or today()
    if found := _errors(spent, day):
        raise DomainErrors(found)
    with transaction.atomic():
        fresh = work.ticket(ticket, actor, over_too=True)
        locks.row(User, who.pk)  # two pages at once must not make a day longer than it is
        before = TimeEntry.objects.filter(user_id=who.pk, worked_on=day).aggregate(n=Sum("minutes"))["n"] or 0
        if before + spent.minutes > DAY:
            raise DomainError("time.day_full", field="minutes", day=f"{day:%Y-%m-%d}", minutes=before)
        entry = TimeEntry.objects.create(
            ticket=fresh,
            user_id=who.pk,
            minutes=spent.minutes,
            activity=spent.activity,
            note=spent.note.strip(),
            worked_on=day,
            at=clock.now(),
        )
        work.note(
            events.TIME_ADDED,
            fresh,
            actor,
            {"entry": str(entry.pk), "minutes": entry.minutes, "activity": entry.activity},
        )
        return entry


def _errors(spent: Spent, day: date) -> list[DomainError]:
    found = words.text_errors(spent.note, "note", limit=NOTE_LENGTH)
    if not 1 <= spent.minutes <= DAY:
        found.append(DomainError("time.minutes", field="minutes"))
    if spent.activity not in Activity.values:
        found.append(DomainError("core.invalid_choice", field="activity", value=spent.activity))
    if day > today():
        found.append(DomainError("time.future", field="worked_on"))
    if day < today() - timedelta(days=OLDEST):
        found.append(DomainError("time.too_old", field="worked_on", days=OLDEST))
    return found


def correct(entry: TimeEntry, *, actor: Actor, minutes: int = 0) -> TimeEntry:
    """Take an own entry of today back by a counter entry, and enter `minutes` instead where some are given.

    Returns the counter entry. Raises DomainError `core.not_allowed`, `time.not_yours`, `time.too_late`, `time.corrected`;
    DomainErrors as `add` does.
    """
    work.require(actor, work.HANDLE)
    if actor.user_id != entry.user_id:
        raise DomainError("time.not_yours")
    with transaction.atomic():
        fresh = work.ticket(entry.ticket, actor, over_too=True)
        row = locks.row(TimeEntry, entry.pk)
        if row.corrects_id is not None or TimeEntry.objects.filter(corrects=row).exists():
            raise DomainError("time.corrected")
        if clock.local(row.at).date() != today():
            raise DomainError("time.too_late")
        counter = TimeEntry.objects.create(
            ticket=fresh,
            user_id=row.user_id,
            minutes=-row.minutes,
            activity=row.activity,
            worked_on=row.worked_on,
            corrects=row,
            at=clock.now(),
        )
        work.note(events.TIME_CORRECTED, fresh, actor, {"entry": str(row.pk), "minutes": counter.minutes})
        if minutes:
            add(fresh, Spent(minutes, row.activity, row.note, row.worked_on), actor=actor)
        return counter
