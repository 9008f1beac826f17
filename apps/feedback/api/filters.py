"""How the list of tickets can be narrowed."""

from datetime import UTC, datetime
from typing import Any

import django_filters as filters
from django.utils.translation import gettext as _
from django_filters.utils import translate_validation
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from apps.accounts.principals import actor_for
from apps.core import paging
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Channel, Kind, Urgency
from apps.feedback.api import rows
from apps.feedback.models.ticket import ONCE, OPEN, TicketQuerySet
from apps.feedback.selectors import search
from apps.feedback.services import tagging
from apps.feedback.states import TicketState
from apps.triage import rulebook
from apps.triage.states import PriorityLevel

YES_NO = [("true", "true"), ("false", "false")]


def one_of(choices: Any, text: str) -> filters.MultipleChoiceFilter:
    return filters.MultipleChoiceFilter(
        choices=choices.choices, distinct=False, help_text=f"{text} Repeat it for several."
    )


class MomentFilter(filters.IsoDateTimeFilter):
    """A moment with any offset that ISO 8601 allows; PostgreSQL allows fewer, so it is asked in UTC."""

    def filter(self, tickets: TicketQuerySet, value: datetime | None) -> TicketQuerySet:
        try:
            return super().filter(tickets, value.astimezone(UTC) if value else value)
        except OverflowError:  # the first or last day of the calendar
            return tickets.none()


class TicketFilter(filters.FilterSet):
    """Filters are joined by "and"; those that may be repeated match any of their values."""

    number = filters.CharFilter(max_length=20, help_text="Exactly this number.")
    state = one_of(TicketState, "Only these states.")
    open = filters.ChoiceFilter(
        choices=YES_NO, method="is_open", empty_label=None, help_text="true: neither closed nor rejected."
    )
    kind = one_of(Kind, "Only these kinds.")
    urgency = one_of(Urgency, "Only these urgencies.")
    channel = one_of(Channel, "Only these channels.")
    priority_level = one_of(PriorityLevel, "Only these priorities.")
    category = filters.CharFilter(
        method="of_category", max_length=40, help_text="The category's code; what is below it counts too."
    )
    department = filters.CharFilter(
        method="of_department", max_length=30, help_text="The code of the responsible department."
    )
    assignee = filters.CharFilter("assignee__staff_number", max_length=20, help_text="The handler's staff number.")
    customer = filters.UUIDFilter("customer_id", help_text="The customer's id.")
    order_number = filters.CharFilter(max_length=60, help_text="Exactly this order number.")
    external_ref = filters.CharFilter(
        method="of_reference", max_length=120, help_text="The reference in your system, as you sent it."
    )
    tag = filters.CharFilter(method="with_tag", max_length=60, help_text="Has this tag.")
    repeat_of = filters.CharFilter("repeat_of__number", max_length=20, help_text="Repeats of this ticket.")
    parent = filters.CharFilter("parent__number", max_length=20, help_text="Parts of this ticket.")
    counted = filters.ChoiceFilter(
        choices=YES_NO, method="is_counted", empty_label=None,
        help_text="true: each customer's issue once, without repeats and parts; false: only those.",
    )  # fmt: skip
    drill = filters.ChoiceFilter(
        choices=YES_NO, method="is_a_drill", empty_label=None, help_text="true: only drills. Without it there are none."
    )
    search = filters.CharFilter(
        method="that_hold",
        max_length=search.LONGEST,
        help_text='Full text of tickets and messages: all words, "words side by side", -not this one.',
    )
    received_from = MomentFilter("received_at", "gte", help_text="Received at this moment or later.")
    received_to = MomentFilter("received_at", "lt", help_text="Received before this moment.")

    def is_open(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.filter(OPEN) if value == "true" else tickets.exclude(OPEN)

    def with_tag(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.tagged([tagging.normalised(value)])

    def is_counted(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.filter(ONCE) if value == "true" else tickets.exclude(ONCE)

    def is_a_drill(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.filter(is_drill=value == "true")

    def that_hold(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        query = search.parse(value)
        if not query.words:
            raise DomainErrors([DomainError("ticket.search_empty", field=name)])
        return search.matching(tickets, query, actor_for(self.request))

    def of_category(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        pk = self._known(rows.categories, name, value)
        below = (child for child, line in rulebook.current().branches.lines.items() if pk in line)
        return tickets.filter(category_id__in={pk, *below})

    def of_department(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.filter(department_id=self._known(rows.departments, name, value))

    def of_reference(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        return tickets.filter(external_ref__in=[value, reference(self.request, value)])

    def _known(self, codes: rows.Codes, name: str, value: str) -> Any:
        pk = codes.pk(value)
        if pk is None:
            raise DomainErrors([DomainError("core.invalid_choice", field=name, value=value)])
        return pk


def reference(request: Request, value: str) -> str:
    """A client's own reference, kept apart from other clients': two systems may both count from 1."""
    return f"{getattr(request.user, 'name', '') or request.user.get_username()}/{value}"


def narrowed(request: Request, tickets: TicketQuerySet) -> TicketQuerySet:
    """The tickets that the query asks for. Raises ValidationError, also for a filter that does not exist."""
    query = request.query_params
    unknown = query.keys() - TicketFilter.base_filters.keys() - paging.PARAMETERS
    if unknown:
        words = _("There is no such filter.")
        raise ValidationError({name: [ErrorDetail(words, "unknown_field")] for name in sorted(unknown)})
    filterset = TicketFilter(query, queryset=tickets, request=request)
    if not filterset.is_valid():
        raise translate_validation(filterset.errors)
    return filterset.qs if "drill" in query else filterset.qs.real()
