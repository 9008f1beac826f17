"""The rule tables (ADM-05): a change of a dated row makes a new version, and says first which open cases it touches."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.accounts.principals import actor_for
from apps.accounts.second_look import Act, needs_second_factor
from apps.billing.models import ApprovalRule, Delegation, VoidReason, VoidRule
from apps.billing.services import approvals, rulebook
from apps.billing.services.rulebook import Otherwise
from apps.billing.states import Fact, InvoiceKind
from apps.core import clock
from apps.core.errors import DomainError

CONFIRMED = "_confirmed"


class InForce(admin.SimpleListFilter):
    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("today", _("today")), ("later", _("later")), ("over", _("no longer"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        day = clock.local(clock.now()).date()
        wanted = {
            "today": Q(effective_from__lte=day) & (Q(effective_to=None) | Q(effective_to__gte=day)),
            "later": Q(effective_from__gt=day), "over": Q(effective_to__lt=day),
        }  # fmt: skip
        chosen = wanted.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


class RuleAdmin(ModelAdmin):
    """Saved through `services.rulebook`; nothing is deleted, since old cases are explained by it."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_for(request).can("billing.view_voidrule")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_for(request).can("billing.change_voidrule")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def otherwise(self, row: Any) -> list[Otherwise]:
        """Open cases that this row, as it would be saved, decides otherwise."""
        return []

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        unseen = request.method == "POST" and CONFIRMED not in request.POST and self.has_change_permission(request)
        if unseen and (page := self._preview(request, object_id)) is not None:
            return page
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            messages.error(request, error.words)
            return redirect(request.get_full_path())

    def _preview(self, request: HttpRequest, object_id: str | None) -> HttpResponse | None:
        """What the change would mean, before it is saved; None where it touches nothing that is open."""
        old = self.get_object(request, object_id) if object_id else None
        form = self.get_form(request, old, change=old is not None)(request.POST, instance=old)
        if not form.is_valid():
            return None
        row = form.save(commit=False)
        found = self.otherwise(row)
        if not found:
            return None
        context = {
            **self.admin_site.each_context(request), "title": str(row), "opts": self.opts, "found": found,
            "held": [(n, v) for n, vs in request.POST.lists() for v in vs if n not in ("csrfmiddlewaretoken", CONFIRMED)],
            "confirmed": CONFIRMED,
        }  # fmt: skip
        return TemplateResponse(request, "billing/rules/preview.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor = actor_for(request)
        if not change:
            rulebook.add(obj, actor=actor)
            return
        saved = rulebook.change(obj, actor=actor)
        if saved.pk != obj.pk:
            messages.info(request, _("A new version holds from %(day)s on.") % {"day": saved.effective_from})
            obj.pk = saved.pk

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal keeps what changed."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal keeps what was added."""

    @display(description=_("in force"), label={"today": "success", "later": "info", "over": "warning"})
    def in_force(self, row: Any) -> tuple[str, Any]:
        day = clock.local(clock.now()).date()
        if row.effective_from > day:
            return "later", pgettext("rule", "later")
        if row.effective_to is not None and row.effective_to < day:
            return "over", pgettext("rule", "no longer")
        return "today", pgettext("rule", "in force")


class VoidRuleForm(forms.ModelForm[VoidRule]):
    """Each fact: must hold, must not hold, or isn't asked."""

    kinds = forms.MultipleChoiceField(
        label=_("kinds of invoice"), choices=InvoiceKind.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    must = forms.MultipleChoiceField(
        label=_("must hold"), choices=Fact.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    must_not = forms.MultipleChoiceField(
        label=_("must not hold"), choices=Fact.choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = VoidRule
        fields = (
            "code", "position", "kinds", "act", "starter", "form", "form_hours", "with_blue_data", "whole_only",
            "precondition", "basis", "to_check", "note", "effective_from", "effective_to",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = self.instance.conditions or {}
        for name, wanted in (("must", True), ("must_not", False)):
            if name in self.fields:
                self.fields[name].initial = [fact for fact, value in held.items() if value is wanted]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        must, must_not = data.get("must", []), data.get("must_not", [])
        if both := set(must) & set(must_not):
            words = ", ".join(str(Fact(name).label) for name in sorted(both))
            self.add_error("must_not", _("Asked both ways: %(facts)s.") % {"facts": words})
        self.instance.conditions = {**dict.fromkeys(must, True), **dict.fromkeys(must_not, False)}
        return data


@admin.register(VoidRule)
class VoidRuleAdmin(RuleAdmin):
    form = VoidRuleForm
    list_display = (
        "position",
        "code",
        "kind_names",
        "asks",
        "act",
        "starter",
        "form_kind",
        "basis",
        "effective_from",
        "in_force",
    )
    list_display_links = ("position", "code")
    list_filter = (InForce, "act")
    search_fields = ("code", "basis")
    fieldsets = (
        (None, {"fields": ("code", "position", "kinds", "must", "must_not")}),
        (_("What follows"), {"fields": ("act", "starter", "form", "form_hours", "with_blue_data", "whole_only", "precondition")}),
        (_("Regulation"), {"fields": ("basis", "to_check", "note", "effective_from", "effective_to")}),
    )  # fmt: skip

    def otherwise(self, row: VoidRule) -> list[Otherwise]:
        return rulebook.affected(row)

    @admin.display(description=_("kinds of invoice"))
    def kind_names(self, row: VoidRule) -> str:
        return "、".join(str(InvoiceKind(kind).label) for kind in row.kinds)

    @admin.display(description=_("conditions"))
    def asks(self, row: VoidRule) -> str:
        return (
            "；".join(f"{'✓' if wanted else '✗'} {Fact(name).label}" for name, wanted in row.conditions.items()) or "—"
        )

    @admin.display(description=_("form"))
    def form_kind(self, row: VoidRule) -> str:
        hours = f" {row.form_hours} h" if row.form_hours else ""
        return f"{row.get_form_display()}{hours}"


@admin.register(VoidReason)
class VoidReasonAdmin(RuleAdmin):
    list_display = (
        "code", "name", "digital", "partial", "quantity", "amount", "goods_return", "management", "refund_first_up_to",
        "effective_from", "in_force",
    )  # fmt: skip
    list_display_links = ("code", "name")
    list_filter = (InForce, "digital")


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(RuleAdmin):
    list_display = ("subject", "step", "above", "together_up_to", "active")
    list_display_links = ("subject", "step")
    list_filter = ("subject", "active")

    def otherwise(self, row: ApprovalRule) -> list[Otherwise]:
        return rulebook.signed_otherwise(row)

    def save_model(self, request: HttpRequest, obj: ApprovalRule, form: Any, change: bool) -> None:
        act = rulebook.change_approval if change else rulebook.add
        act(obj, actor=actor_for(request))


@admin.register(Delegation)
class DelegationAdmin(ModelAdmin):
    """Given here by whoever manages people; oneself has a page for it. Taken back, never changed."""

    list_display = ("subject", "giver", "taker", "first_day", "last_day", "ended_at")
    list_filter = ("subject",)
    list_select_related = ("giver", "taker")
    search_fields = ("giver__staff_number", "taker__staff_number")
    autocomplete_fields = ("giver", "taker")
    fields = ("subject", "giver", "taker", "first_day", "last_day", "reason")
    actions = None
    actions_detail = ("take_back",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return actor_for(request).can("accounts.change_user")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @needs_second_factor(Act.APPROVE)
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            messages.error(request, error.words)
            return redirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Delegation, form: Any, change: bool) -> None:
        approvals.delegate(obj, actor=actor_for(request))

    def has_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_module_permission(request)

    @action(description=_("Take back"), permissions=["back"], url_path="take-back", icon="undo")
    def take_back(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        row = self.get_object(request, str(object_id))
        if row is None or request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": str(_("Take back")), "label": _("Take back")}
            return TemplateResponse(request, "billing/confirm.html", context)
        approvals.take_back(row, actor=actor_for(request))
        return redirect("admin:billing_delegation_change", row.pk)
