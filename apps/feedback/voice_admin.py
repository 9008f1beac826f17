"""Lists of what came back: text messages of customers, what slowed handlers down; and the drills' scenarios."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.accounts.principals import actor_for
from apps.core import masking
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.crm import contacts
from apps.feedback.models import DrillScenario, ProcessFeedback, SmsReply, Ticket
from apps.feedback.models.drill import DrillStep
from apps.feedback.selectors import process_feedback
from apps.feedback.services import drills

VERDICT_COLOURS = {
    SmsReply.Verdict.ANSWERED.value: "success", SmsReply.Verdict.MESSAGE.value: "info",
    SmsReply.Verdict.REOPENED.value: "warning", SmsReply.Verdict.STOPPED.value: "default",
    SmsReply.Verdict.RESUMED.value: "default", SmsReply.Verdict.UNKNOWN.value: "danger",
}  # fmt: skip
OBSTACLE_COLOURS = {
    "nothing": "success",
    "tool": "warning",
    "process": "warning",
    "information": "info",
    "other": "default",
}


class ReadOnlyAdmin(ModelAdmin):
    """What happened is read, never edited."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    paginator = InfinitePaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def ticket_link(ticket: Ticket | None) -> "SafeString | str":
    if ticket is None:
        return "—"
    return format_html('<a href="{}">{}</a>', reverse("admin:desk_ticket", args=[ticket.number]), ticket.number)


@admin.register(SmsReply)
class SmsReplyAdmin(ReadOnlyAdmin):
    """Text messages of customers; those of nobody we know stand here alone."""

    list_display = ("at", "sender_masked", "said", "verdict_mark", "ticket_number")
    list_display_links = None
    list_filter = ("verdict",)
    list_select_related = ("ticket",)
    search_fields = ("ticket__number",)
    search_help_text = _("A ticket's number, or the whole phone number.")
    sortable_by = ()

    @admin.display(description=_("text"))
    def said(self, reply: SmsReply) -> str:
        """Numbers in it are masked: lists show no personal data."""
        return " ".join(masking.phone(w) if w.isdigit() and len(w) > 6 else w for w in reply.text.split())[:200] or "—"

    @display(description=_("what became of it"), label=VERDICT_COLOURS)
    def verdict_mark(self, reply: SmsReply) -> tuple[str, str]:
        return reply.verdict, reply.get_verdict_display()

    @admin.display(description=_("ticket"))
    def ticket_number(self, reply: SmsReply) -> "SafeString | str":
        return ticket_link(reply.ticket)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        try:
            phone = contacts.normalise_phone(search_term)
        except DomainError:
            phone = ""
        if phone:
            return queryset.filter(sender_index=blind_index(phone)), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(ProcessFeedback)
class ProcessFeedbackAdmin(ReadOnlyAdmin):
    """What slowed handlers down, with its figures by month (SUR-05)."""

    list_display = ("at", "obstacle_mark", "words", "author", "ticket_number")
    list_display_links = None
    list_filter = ("obstacle",)
    list_select_related = ("author", "ticket")
    date_hierarchy = "at"
    search_fields = ("words", "ticket__number")
    list_before_template = "feedback/process_months.html"
    ordering = ("-id",)

    @display(description=_("what slowed me down"), label=OBSTACLE_COLOURS)
    def obstacle_mark(self, said: ProcessFeedback) -> tuple[str, str]:
        return said.obstacle, said.get_obstacle_display()

    @admin.display(description=_("ticket"))
    def ticket_number(self, said: ProcessFeedback) -> "SafeString | str":
        return ticket_link(said.ticket)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        figures = {"months": process_feedback.by_month(), "obstacles": ProcessFeedback.Obstacle.labels}
        return super().changelist_view(request, {**(extra_context or {}), **figures})


class ScenarioForm(forms.ModelForm[DrillScenario]):
    expected_steps = forms.MultipleChoiceField(
        label=_("expected steps"),
        choices=DrillStep.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = DrillScenario
        fields = (
            "code", "name", "text", "kind", "channel", "urgency", "product", "expected_category", "expected_priority",
            "expected_steps", "active",
        )  # fmt: skip


@admin.register(DrillScenario)
class DrillScenarioAdmin(ModelAdmin):
    """What drills rehearse (TRN-01)."""

    form = ScenarioForm
    list_display = ("name", "kind", "channel", "urgency", "expected_category", "active")
    list_filter = ("active",)
    list_select_related = ("expected_category",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(drills.RUNS)

    def has_change_permission(self, request: HttpRequest, obj: DrillScenario | None = None) -> bool:
        return request.user.has_perm(drills.RUNS)

    def has_delete_permission(self, request: HttpRequest, obj: DrillScenario | None = None) -> bool:
        return False  # past drills refer to it: it is switched off

    def save_model(self, request: HttpRequest, obj: DrillScenario, form: Any, change: bool) -> None:
        drills.save_scenario(obj, actor=actor_for(request))
