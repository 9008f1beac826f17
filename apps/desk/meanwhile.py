"""What others changed while a form stood open (HND-08), shown beside the refused form: field by field, old → new, by whom.

A form that edits what stands on the ticket names its fields in `compared` and carries their values in a hidden field
`seen`. A field that nobody typed into follows the new value; what was typed stays.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import QueryDict

from apps.desk import story
from apps.desk.forms.base import DeskForm
from apps.feedback import events as feedback
from apps.feedback.models import Ticket
from apps.journal import selectors as journal
from apps.journal.models import Event

SHOWN_EVENTS = 12
_PLAN = ("steps", "measures", "promised_at")


@dataclass(frozen=True, slots=True)
class Difference:
    """`taken`: nothing was typed into this field, so the form shows the new value already."""

    label: str
    before: str
    now: str
    by: str
    taken: bool


@dataclass(slots=True)
class Meanwhile:
    """`lines` tell what happened since the page was shown, newest first."""

    differences: list[Difference] = field(default_factory=list)
    lines: list[story.Line] = field(default_factory=list)


def explain(form: DeskForm, ticket: Ticket, sent: QueryDict) -> Meanwhile | None:
    """If the form was refused because somebody saved since: note on it what changed, and return that.

    `ticket` is freshly read. What the browser sent as `seen` and `stamp` is only ever shown to whoever sent it.
    """
    if not form.has_error(NON_FIELD_ERRORS, code="core.stale"):
        return None
    form.ticket = ticket
    fresh = form.anew()
    events = _since(ticket, sent.get("stamp", ""))
    seen = _seen(form, sent.get("seen", ""))
    typed = form.data.copy()
    names = story.names_for(events)
    found = Meanwhile(lines=[story.told(event, names) for event in events])
    for name in form.compared:
        now = fresh.held(name)
        if name not in seen or seen[name] == now:
            continue
        taken = form.held(name) == seen[name]
        if taken:
            typed[name] = now
        label = str(form.fields[name].label)
        found.differences.append(
            Difference(label, words(fresh, name, seen[name]), words(fresh, name, now), _author(events, name), taken)
        )
    form.data = typed
    form.meanwhile = found
    return found


def words(form: forms.Form, name: str, held: str) -> str:
    """A value as people read it."""
    widget = form.fields[name].widget
    if isinstance(widget, forms.Select):
        labels = {str(key): str(label).strip() for key, label in widget.choices}
        return labels.get(held, held)
    return held.replace("T", " ") if isinstance(widget, forms.DateTimeInput) else held


def _seen(form: DeskForm, sent: str) -> dict[str, str]:
    try:
        found = json.loads(sent)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: found[name] for name in form.compared if isinstance(found.get(name), str)}


def _since(ticket: Ticket, stamp: str) -> list[Event]:
    if not (stamp.isdecimal() and len(stamp) < 19):
        return []
    return [event for event in journal.timeline(ticket.pk, limit=SHOWN_EVENTS) if event.pk > int(stamp)]


def _author(events: Sequence[Event], name: str) -> str:
    """Who changed this field last."""
    for event in events:
        if name in _fields(event):
            return story.Line(event, "").who
    return ""


def _fields(event: Event) -> Sequence[str]:
    if event.kind == feedback.PLAN_WRITTEN:
        return _PLAN
    if event.kind == feedback.FACTS_CORRECTED:
        return event.data.get("fields", ())
    return tuple(event.data.get("changes", ()))
