"""What the queue's address may ask for. Anything else in it is passed over: an address is no form that can be wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Department
from apps.core.vocabulary import Channel, Kind, Urgency
from apps.feedback.selectors import search
from apps.feedback.selectors.figures import FIGURES
from apps.feedback.selectors.queue import Filters, Listing, Sort, Tab, Without, sorts
from apps.feedback.services import tagging
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


Choices = Mapping[str, Mapping[str, str]]  # by filter: value → label


@dataclass(slots=True)
class Asked:
    """A read address: the tab, the filters, the order, the place, and the chips that show them.

    `lost` are values of filters that name nothing (any more), as `category:…`; `view` is the saved view it came from.
    """

    tab: str
    filters: Filters
    chips: list[Chip]
    sort: str = ""
    after: str = ""
    before: str = ""
    view: UUID | None = None
    lost: list[str] = field(default_factory=list)

    @property
    def narrowed(self) -> bool:
        return self.filters != Filters()

    @property
    def listing(self) -> Listing:
        return Listing(self.tab, self.filters, self.sort)

    @property
    def sorts(self) -> list[Choice]:
        possible = sorts(self.tab, self.filters)
        now = self.sort if self.sort in possible else possible[0].value
        return [Choice(sort.value, str(sort.label), sort == now) for sort in possible]

    @property
    def query(self) -> str:
        """The address of the same list from its beginning, always in the same order: two that ask the same are equal."""
        filters, pairs = self.filters, [("tab", self.tab)]
        pairs += [(name, str(value)) for name in LABELS for value in sorted(getattr(filters, name), key=str)]
        days = "~".join(day.isoformat() for day in filters.received or ())
        rest = {"q": filters.words, "number": filters.number, "customer": filters.customer, "received": days,
                "figure": filters.figure, "sort": self.sort}  # fmt: skip
        pairs += [("tag", value) for value in sorted(filters.tags)]
        pairs += [("without", value) for value in sorted(filters.without)]
        return urlencode([*pairs, *((name, str(value)) for name, value in rest.items() if value)])


def read(query: QueryDict, default_tab: str, choices: Choices | None = None) -> Asked:
    """`?tab=late&kind=complaint&kind=fault&q=退款&after=…` → what to show. `choices`: those of `offered`, if at hand."""
    choices = choices or offered()
    picked = {name: [v for v in query.getlist(name) if v in choices[name]] for name in choices}
    filters = Filters(
        kind=tuple(picked["kind"]),
        urgency=tuple(picked["urgency"]),
        category=tuple(UUID(value) for value in picked["category"]),
        department=tuple(int(value) for value in picked["department"]),
        channel=tuple(picked["channel"]),
        state=tuple(picked["state"]),
        **_rest(query),
    )
    tab, sort = query.get("tab", default_tab), query.get("sort", "")
    tab = tab if tab in Tab.values else default_tab
    return Asked(
        tab=tab,
        filters=filters,
        chips=[
            Chip(name, str(LABELS[name]), [Choice(value, text, value in picked[name]) for value, text in known.items()])
            for name, known in choices.items()
        ],
        sort=sort if sort in Sort.values and sort in sorts(tab, filters)[1:] else "",
        after=query.get("after", ""),
        before=query.get("before", ""),
        view=_uuid(query.get("view", "")),
        lost=[
            f"{name}:{v}"[:120] for name in choices for v in query.getlist(name)[:20] if v and v not in choices[name]
        ],
    )


def offered() -> Choices:
    """What each filter can be set to now."""
    return {
        "kind": _of(Kind.choices),
        "urgency": _of(Urgency.choices),
        "category": _of(Category.objects.filter(active=True).values_list("pk", "name")),
        "department": _of(Department.objects.filter(active=True).values_list("pk", "name")),
        "channel": _of(Channel.choices),
        "state": _of(TicketState.choices),
    }


def names_in(asked: Asked) -> dict[str, str]:
    """How the things are called whose ids stand in an address, by `category:…`: kept with a saved view."""
    by_id = [chip for chip in asked.chips if chip.name in ("category", "department")]
    return {f"{chip.name}:{choice.value}": choice.label for chip in by_id for choice in chip.chosen}


def lost_names(lost: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """What is lost in words: as it was called when the view was saved, or as it is called though out of use."""
    found = []
    for each in lost:
        name, _colon, value = each.partition(":")
        words = known.get(each) or _retired(name, value) or _("no longer known")
        found.append(f"{LABELS[name]}: {words}")
    return found


def _retired(name: str, value: str) -> str:
    if name == "category" and (pk := _uuid(value)):
        return Category.objects.filter(pk=pk).values_list("name", flat=True).first() or ""
    if name == "department" and value.isascii() and value.isdigit() and len(value) < 10:
        return Department.objects.filter(pk=int(value)).values_list("name", flat=True).first() or ""
    return ""


def _of(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    return {str(value): str(label) for value, label in pairs}


def _rest(query: QueryDict) -> dict[str, Any]:
    return {
        "number": query.get("number", "").strip()[:30],
        "customer": _uuid(query.get("customer", "")),
        "received": _days(query.get("received", "")),
        "figure": query.get("figure", "") if query.get("figure") in FIGURES else "",
        "tags": tuple(tag for typed in query.getlist("tag")[:20] if (tag := tagging.normalised(typed[:60]))),
        "without": tuple(value for value in Without.values if value in query.getlist("without")),
        "words": " ".join(query.get("q", "").split())[: search.LONGEST],
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
