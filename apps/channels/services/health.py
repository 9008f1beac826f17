"""Telling staff once when a way in or out of the house fails, and once when it is well again."""

from django.db import transaction
from django.urls import reverse

from apps.accounts import selectors as people
from apps.accounts.roles import Role
from apps.channels import events, selectors
from apps.channels.models import Alarm
from apps.channels.selectors import Checkup
from apps.core import actors, clock, locks
from apps.journal import events as journal
from apps.notifications.rendering import Value
from apps.notifications.services import outbox

WATCH = actors.system("doors")
TOLD = (Role.ADMINISTRATOR, Role.SERVICE_LEAD)


def watch() -> int:
    """Look at everything once; returns how many alarms were raised or ended. One process at a time."""
    with locks.alone("channels.watch") as free:
        return _watch() if free else 0


def _watch() -> int:
    now = {each.about: each for each in selectors.checkups()}
    raised = {alarm.about: alarm for alarm in Alarm.objects.all()}
    changes = 0
    for about, found in now.items():
        if found.ill and about not in raised:
            _raise(found)
            changes += 1
        elif not found.ill and about in raised:
            _end(raised[about], found)
            changes += 1
    for about, alarm in raised.items():
        if about not in now:
            alarm.delete()  # of something that is gone
    return changes


@transaction.atomic
def _raise(found: Checkup) -> None:
    alarm = Alarm.objects.create(about=found.about)
    _tell("door_failing", events.DOOR_FAILING, alarm, found)


@transaction.atomic
def _end(alarm: Alarm, found: Checkup) -> None:
    if found.state != "off":  # somebody took it out of use: they know
        _tell("door_well", events.DOOR_WELL, alarm, found)
    alarm.delete()


def _tell(template: str, kind: str, alarm: Alarm, found: Checkup) -> None:
    facts = {"about": found.about, "failures": found.failures, "failed": found.failed}
    event = journal.record(kind, subject=alarm, actor=WATCH, data=facts)
    context: dict[str, Value] = {
        "door": found.name,
        "trouble": found.error or found.words,
        "since": alarm.since if template == "door_failing" else clock.now(),
    }
    link = reverse("admin:channels_door_changelist")
    outbox.notify_many(people.with_role(*TOLD), template, context=context, event=event, link=link)
