"""Requests for more time, for those who decide (SLA-05): the list, and a page with what they need to know."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.accounts.principals import actor_for
from apps.core.actors import Actor
from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError
from apps.journal.admin import ReadOnly
from apps.sla import selectors, subjects
from apps.sla.explanation import explain
from apps.sla.models import ExtensionRequest
from apps.sla.services import extensions
from apps.sla.states import ExtensionState

COLOURS = {
    ExtensionState.REQUESTED.value: "warning", ExtensionState.APPROVED.value: "success",
    ExtensionState.REFUSED.value: "danger", ExtensionState.EXPIRED.value: "default",
    ExtensionState.WITHDRAWN.value: "default",
}  # fmt: skip


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")

    def format_value(self, value: Any) -> Any:
        return super().format_value(value.astimezone(SHANGHAI) if getattr(value, "tzinfo", None) else value)


class DecisionForm(forms.Form):
    """Shanghai time; without a time it is granted as asked for."""

    until = forms.DateTimeField(label=_("granted until"), required=False, widget=MomentInput)
    reason = forms.CharField(
        label=_("words on the decision"), required=False, max_length=extensions.MOST_WORDS,
        widget=forms.Textarea({"rows": 2}), help_text=_("Needed to refuse."),
    )  # fmt: skip


class WaitingFilter(admin.SimpleListFilter):
    """Those that wait for a decision, unless others are asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        others = [(s.value, s.label) for s in ExtensionState if s != ExtensionState.REQUESTED]
        return [*others, ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": ExtensionState.REQUESTED.label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[ExtensionRequest]) -> QuerySet[ExtensionRequest]:
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or ExtensionState.REQUESTED)


@admin.register(ExtensionRequest)
class ExtensionRequestAdmin(ReadOnly):
    list_display = ("what", "metric", "was_due_at", "asked_until", "asker", "reason_short", "state_label")
    list_filter = (WaitingFilter,)
    list_select_related = ("deadline", "requested_by")
    ordering = ("was_due_at",)

    def has_view_permission(self, request: HttpRequest, obj: ExtensionRequest | None = None) -> bool:
        rights = ("sla.view_extensionrequest", "sla.approve_extension", "sla.request_extension")
        return any(request.user.has_perm(right) for right in rights)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExtensionRequest]:
        return ExtensionRequest.objects.visible_to(actor_for(request)).select_related("deadline", "requested_by")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The page's subjects are named with one query for all rows."""
        changelist = super().get_changelist_instance(request)
        named = subjects.names(row.deadline.subject for row in changelist.result_list)
        for row in changelist.result_list:
            row.named = named[row.deadline.subject_id]
        return changelist

    @admin.display(description=_("belongs to"))
    def what(self, row: ExtensionRequest) -> str:
        return row.named.words

    @admin.display(description=_("deadline"))
    def metric(self, row: ExtensionRequest) -> str:
        return row.deadline.get_metric_display()

    @admin.display(description=_("asked by"))
    def asker(self, row: ExtensionRequest) -> str:
        return str(row.requested_by or row.requested_label)

    @admin.display(description=_("reason"))
    def reason_short(self, row: ExtensionRequest) -> str:
        return row.reason if len(row.reason) <= 40 else row.reason[:39] + "…"

    @display(description=_("state"), label=COLOURS)
    def state_label(self, row: ExtensionRequest) -> tuple[str, str]:
        return row.state, row.get_state_display()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """One request: what is asked, for what and why, and the two answers."""
        actor = actor_for(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, object_id or "")
        if found is None:
            raise Http404
        form = DecisionForm(request.POST or None, initial={"until": found.asked_until})
        if request.method == "POST" and form.is_valid():
            try:
                self._decide(found, request.POST.get("do", ""), form.cleaned_data, actor)
            except DomainError as error:
                field = {"due_at": "until", "reason": "reason"}.get(error.field or "")
                form.add_error(field, error.words)
            else:
                messages.success(request, _("Decided; whoever asked is told."))
                return redirect("admin:sla_extensionrequest_changelist")
        return TemplateResponse(
            request,
            "sla/extension.html",
            self._context(request, found, form, actor),
            status=422 if form.errors else 200,
        )

    def _decide(self, found: ExtensionRequest, what: str, data: dict[str, Any], actor: Actor) -> None:
        if what == "withdraw":
            extensions.withdraw(found, actor=actor)
        elif what == "refuse":
            extensions.refuse(found, actor=actor, reason=data["reason"])
        else:
            extensions.approve(found, actor=actor, until=data["until"], reason=data["reason"])

    def _context(
        self, request: HttpRequest, found: ExtensionRequest, form: DecisionForm, actor: Actor
    ) -> dict[str, Any]:
        deadline = found.deadline
        try:
            extensions.check_decision(found, actor)
            refusal = ""
        except DomainError as error:
            refusal = error.words
        waiting = found.state == ExtensionState.REQUESTED
        return {
            **self.admin_site.each_context(request),
            "title": _("Extension request"),
            "asked": found,
            "deadline": deadline,
            "subject": subjects.names([deadline.subject])[deadline.subject_id],
            "limit": selectors.extension_limit(deadline),
            "sentences": explain(deadline),
            "form": form if waiting and not refusal else None,
            "refusal": refusal if waiting else "",
            "mine": waiting and found.is_of(actor),
            "back": reverse("admin:sla_extensionrequest_changelist"),
        }
