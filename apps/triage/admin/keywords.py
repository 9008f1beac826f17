from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.core.errors import DomainError
from apps.core.vocabulary import Kind, Tier, Urgency
from apps.triage.admin.base import LibraryAdmin, LibraryForm
from apps.triage.admin.replays import begin
from apps.triage.models import Keyword
from apps.triage.selectors import Trial, try_text
from apps.triage.services import changes, library
from apps.triage.services.classify import READS_CHARACTERS
from apps.triage.services.score import ScoreFacts
from apps.triage.states import Impact


class KeywordForm(LibraryForm):
    def clean_text(self) -> str:
        return library.tidy(self.cleaned_data["text"])


class TrialForm(forms.Form):
    """A text and what else a ticket would tell; the defaults are those of an ordinary complaint."""

    text = forms.CharField(
        label=_("customer’s words"), max_length=READS_CHARACTERS, widget=UnfoldAdminTextareaWidget(attrs={"rows": 5})
    )
    kind = forms.ChoiceField(
        label=_("kind"), choices=Kind.choices, initial=Kind.COMPLAINT, widget=UnfoldAdminSelectWidget
    )
    urgency = forms.ChoiceField(label=_("urgency"), choices=Urgency.choices, widget=UnfoldAdminSelectWidget)
    tier = forms.ChoiceField(label=_("customer tier"), choices=Tier.choices, widget=UnfoldAdminSelectWidget)
    impact = forms.ChoiceField(label=_("impact range"), choices=Impact.choices, widget=UnfoldAdminSelectWidget)
    repeats = forms.IntegerField(
        label=_("earlier feedback"), initial=0, widget=UnfoldAdminIntegerFieldWidget,
        validators=[MinValueValidator(0), MaxValueValidator(999)],
    )  # fmt: skip
    product_group = forms.CharField(
        label=_("product group"), max_length=60, required=False, widget=UnfoldAdminTextInputWidget
    )
    region = forms.CharField(label=_("region"), max_length=40, required=False, widget=UnfoldAdminTextInputWidget)

    def trial(self) -> Trial:
        """Raises DomainError `routing.no_department`."""
        v = self.cleaned_data
        facts = ScoreFacts(
            urgency=v["urgency"], tier=v["tier"], kind=v["kind"], impact=v["impact"], repeats=v["repeats"]
        )
        return try_text(v["text"], facts, product_group=v["product_group"], region=v["region"])


@admin.register(Keyword)
class KeywordAdmin(LibraryAdmin):
    """The keyword library (CLS-02). A change works on the next text that comes in."""

    form = KeywordForm
    list_display = ("text", "category", "weight", "demand_label", "risk_label", "sentiment", "department", "active")
    list_filter = ("category", "demand", "risk", "active", "department")
    list_select_related = ("category", "department")
    search_fields = ("text", "note")
    ordering = ("text",)
    actions_list = ("try_text", "try_changes")
    actions_submit_line = ("try_change",)
    fieldsets = (
        (None, {"fields": ("text", ("category", "weight"), ("demand", "risk"), "sentiment", "department")}),
        (_("Keeping"), {"fields": ("active", "note")}),
    )

    @admin.display(description=_("demand"), ordering="demand")
    def demand_label(self, obj: Keyword) -> str:
        return "" if obj.demand == "none" else obj.get_demand_display()

    @display(description=_("risk"), ordering="risk", label={"safety": "danger", "legal": "warning"})
    def risk_label(self, obj: Keyword) -> Any:
        return "" if obj.risk == "none" else (obj.risk, obj.get_risk_display())

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """One more button: the change as it stands in the form is tried on past tickets, and not saved (CLS-10)."""
        button = self.get_unfold_action("try_change")
        if request.method == "POST" and button.action_name in request.POST and self.has_change_permission(request):
            obj = self.get_object(request, object_id) if object_id else None
            was = obj.text if obj else ""
            form = self.get_form(request, obj, change=obj is not None)(request.POST, instance=obj)
            if form.is_valid():
                return begin(request, [changes.of_keyword(form.instance, was)])
        more = {"actions_submit_line": [button]} if object_id is None else {}
        return super().changeform_view(request, object_id, form_url, {**more, **(extra_context or {})})

    @action(description=_("Try on past tickets first"), icon="history", permissions=["change"])
    def try_change(self, request: HttpRequest, obj: Keyword) -> None:
        """Handled by `changeform_view`: the row must not be saved before."""

    @action(description=_("Try a change"), url_path="try-changes", icon="history", permissions=["change"])
    def try_changes(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:triage_replay_new")

    def has_try_text_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @action(description=_("Try a text"), url_path="try", icon="science", permissions=["try_text"])
    def try_text(self, request: HttpRequest) -> HttpResponse:
        """What would happen to a text if it came in now; nothing is kept."""
        if not self.has_try_text_permission(request):
            raise PermissionDenied
        form = TrialForm(request.POST or None)
        trial = None
        if request.method == "POST" and form.is_valid():
            try:
                trial = form.trial()
            except DomainError as error:
                messages.error(request, error.words)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try a text"),
            "opts": self.model._meta,
            "form": form,
            "trial": trial,
        }
        return TemplateResponse(request, "triage/try_text.html", context)
