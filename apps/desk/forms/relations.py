"""Forms about how tickets hang together, and about tags."""

import re
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import Department, User
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.forms.base import DeskForm, ReasonForm, TextArea
from apps.desk.forms.steps import NOBODY, by_department
from apps.feedback.models import Ticket
from apps.feedback.services import part_tickets, relations, tagging

_BETWEEN = re.compile(r"[\s,，、;；]+")


def visible(actor: Actor, number: str) -> Ticket:
    """The ticket with this number. Raises ValidationError."""
    found = Ticket.objects.visible_to(actor).filter(number=number).first()
    if found is None:
        raise forms.ValidationError(DomainError("ticket.duplicate_unknown").words)
    return found


class NumberField(forms.CharField):
    """A ticket's number, with what fits offered below while it is typed (`admin:desk_find_ticket`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, **options)

    def offer(self, ticket: Ticket, purpose: str) -> None:
        self.widget.attrs |= {
            "hx-get": reverse("admin:desk_find_ticket", args=[ticket.number]) + f"?for={purpose}",
            "hx-trigger": "input changed delay:300ms, load",
            "hx-target": f"#{purpose}-offer",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
            "placeholder": _("Number, or a word of the title"),
        }


class MergeForm(ReasonForm):
    """`version`: whoever merges has seen the ticket as it is now (HND-08)."""

    name = "merge"
    offers = "merge"
    into = NumberField(label=_("Into ticket"))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ("into", "reason", "version")

    def prepare(self) -> None:
        self.fields["into"].offer(self.ticket, self.offers)
        self.initial.setdefault("version", self.ticket.version)

    def clean_into(self) -> Ticket:
        return visible(self.actor, self.cleaned_data["into"].strip())


class RepeatForm(ReasonForm):
    name = "repeat_link"
    offers = "repeat"
    first = NumberField(label=_("It repeats"), help_text=_("Statistics then count the two once."))
    field_order = ("first", "reason")

    def prepare(self) -> None:
        self.fields["first"].offer(self.ticket, self.offers)

    def clean_first(self) -> Ticket:
        return visible(self.actor, self.cleaned_data["first"].strip())


class LinkForm(ReasonForm):
    name = "link"
    offers = "link"
    relation = forms.ChoiceField(label=_("This ticket"), choices=relations.CHOICES)
    others = forms.CharField(
        label=pgettext_lazy("link", "Ticket"), help_text=_("Several numbers are separated by spaces or commas.")
    )
    field_order = ("relation", "others", "reason")

    def clean_others(self) -> list[Ticket]:
        return _several(self.actor, self.cleaned_data["others"], relations.MOST)


class AttachForm(ReasonForm):
    """Tickets that are there already become parts of this one."""

    name = "attach"
    others = forms.CharField(
        label=_("Tickets"),
        help_text=_(
            "Of the same customer. Several numbers are separated by spaces or commas; they hold this one open."
        ),
    )
    field_order = ("others", "reason")

    def clean_others(self) -> list[Ticket]:
        return _several(self.actor, self.cleaned_data["others"], part_tickets.MOST)


class DetachForm(ReasonForm):
    name = "detach"


def _several(actor: Actor, typed: str, most: int) -> list[Ticket]:
    """The tickets with these numbers, in their order. Raises ValidationError for those this actor may not know of."""
    numbers = dict.fromkeys(each for each in _BETWEEN.split(typed.strip()) if each)
    if len(numbers) > most:
        raise forms.ValidationError(DomainError("link.too_many", limit=most).words)
    found = {t.number: t for t in Ticket.objects.visible_to(actor).filter(number__in=list(numbers))}
    if unknown := [number for number in numbers if number not in found]:
        words = _("There is no ticket %(numbers)s that you may see.") % {"numbers": ", ".join(unknown[:5])}
        raise forms.ValidationError(words)
    return [found[number] for number in numbers]


class PartForm(DeskForm):
    name = "part"
    title = forms.CharField(label=_("What is to be done"), required=False)
    department = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.none(), empty_label=None)
    assignee = forms.ModelChoiceField(
        label=_("Handler"), queryset=User.objects.none(), required=False, empty_label=NOBODY
    )
    text = forms.CharField(
        label=_("In detail"), required=False, widget=TextArea(3),
        help_text=_("Empty: the customer's own words are passed on. Product, order and the rest come along."),
    )  # fmt: skip

    def prepare(self) -> None:
        people = User.objects.filter(is_active=True, department__active=True).select_related("department")
        self.fields["department"].queryset = Department.objects.filter(active=True)
        self.fields["assignee"].queryset = people
        self.fields["assignee"].choices = by_department(people)


class NudgeForm(ReasonForm):
    name = "nudge"

    def prepare(self) -> None:
        self.fields["reason"].label = _("What the customer said (optional)")


class NotRepeatForm(ReasonForm):
    name = "not_repeat"


class UnmergeForm(ReasonForm):
    name = "unmerge"


class UnlinkForm(DeskForm):
    name = "unlink"
    row = forms.UUIDField(widget=forms.HiddenInput)


class TagForm(DeskForm):
    """One box: several tags are separated by commas."""

    name = "tag"
    tag = forms.CharField(label=pgettext_lazy("tags", "Tags"), required=False, max_length=400)

    def clean_tag(self) -> list[str]:
        found = tagging.split(self.cleaned_data["tag"])
        if not found:
            raise forms.ValidationError(DomainError("core.required").words)
        return found


class UntagForm(DeskForm):
    name = "untag"
    tag = forms.CharField(required=False, widget=forms.HiddenInput)
