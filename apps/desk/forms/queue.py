"""What the queue's address may ask for. Anything else in it is passed over: an address is no form that can be wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Department
from apps.core.vocabulary import Channel, Kind, Urgency
from apps.feedback.selectors.figures import FIGURES
from apps.feedback.selectors.queue import Filters, Tab
from apps.feedback.states import TicketState
from apps.triage.models import Category

LABELS = {
    "kind": _("Kind"),
    "urgency": _("Urgency"),
    "category": _("Category"),
    "department": _("Department"),
    "channel": _("Channel"),
    "state": _("State"),
}
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
FIGURE_LABELS = {
    "answered_in_time": _("answered in time, last 7 days"),
    "rated": _("rated in the last 30 days"),
    "due_today": _("due today"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter with its choices."""

    name: str
    label: str
    choices: list[Choice]

    @property
    def chosen(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.chosen]


@dataclass(slots=True)
class Asked:
    """A read address: the tab, the filters, the place, and the chips that show them."""

    tab: str
    filters: Filters
    chips: list[Chip]
    after: str = ""
    before: str = ""

    @property
    def narrowed(self) -> bool:
        return self.filters != Filters()


def read(query: QueryDict, default_tab: str) -> Asked:
    """`?tab=late&kind=complaint&kind=fault&after=…` → what to show."""
    choices = _choices()
    picked = {name: [v for v in query.getlist(name) if v in dict(choices[name])] for name in choices}
    filters = Filters(
        kind=tuple(picked["kind"]),
        urgency=tuple(picked["urgency"]),
        category=tuple(UUID(value) for value in picked["category"]),
        department=tuple(int(value) for value in picked["department"]),
        channel=tuple(picked["channel"]),
        state=tuple(picked["state"]),
    )
    filters = replace(filters, **_rest(query))
    tab = query.get("tab", default_tab)
    return Asked(
        tab=tab if tab in Tab.values else default_tab,
        filters=filters,
        chips=[
            Chip(name, str(LABELS[name]), [Choice(value, label, value in picked[name]) for value, label in values])
            for name, values in choices.items()
        ],
        after=query.get("after", ""),
        before=query.get("before", ""),
    )


def _choices() -> dict[str, list[tuple[str, str]]]:
    return {
        "kind": _of(Kind.choices),
        "urgency": _of(Urgency.choices),
        "category": _of(Category.objects.filter(active=True).values_list("pk", "name")),
        "department": _of(Department.objects.filter(active=True).values_list("pk", "name")),
        "channel": _of(Channel.choices),
        "state": _of(TicketState.choices),
    }


def _of(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in pairs]


def _rest(query: QueryDict) -> dict[str, Any]:
    return {
        "number": query.get("number", "").strip()[:30],
        "customer": _uuid(query.get("customer", "")),
        "received": _days(query.get("received", "")),
        "figure": query.get("figure", "") if query.get("figure") in FIGURES else "",
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _days(text: str) -> tuple[date, date] | None:
    """`2025-11-20` or `2025-11-01~2025-11-20`."""
    first, _tilde, last = text.partition("~")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        return None
    return days if EARLIEST <= days[0] <= days[1] <= LATEST else None
