from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.sla.admin.base import RuleAdmin, RuleForm
from apps.sla.explanation import target_words
from apps.sla.models import Policy
from apps.sla.services import policies


class PolicyForm(RuleForm):
    check = policies.check

    class Meta:
        model = Policy
        fields = ("code", "metric", *policies.EDITABLE)


class InForceFilter(admin.SimpleListFilter):
    """Current versions unless others are asked for."""

    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("past", _("Past versions")), ("all", _("All versions"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("Current versions")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Policy]) -> QuerySet[Policy]:
        if self.value() == "all":
            return queryset
        return queryset.filter(effective_to__isnull=self.value() != "past")


@admin.register(Policy)
class PolicyAdmin(RuleAdmin):
    """A change makes a new version; running deadlines keep theirs. Past versions are only read."""

    form = PolicyForm
    list_display = (
        "name",
        "metric",
        "cases",
        "target_display",
        "warn_percent",
        "pauses",
        "in_force_words",
        "version",
    )
    list_filter = (InForceFilter, "metric", "unit")
    search_fields = ("name", "code")
    ordering = ("metric", "code", "-version")
    list_per_page = 100
    actions = ("retire",)
    fieldsets = (
        (None, {"fields": ("name", "code", "metric")}),
        (_("Applies to"), {"fields": ("kind", "urgency", "channel", "tier", "priority")}),
        (_("Time limit"), {"fields": ("target", "unit", "warn_percent", "pausable", "extension_days")}),
        (_("Version"), {"fields": ("version", "legal_rule", "effective_from", "effective_to")}),
    )
    readonly_fields = ("version", "legal_rule", "effective_from", "effective_to")

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("code", "metric", *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        ours = obj is None or (obj.is_current and obj.legal_rule_id is None)  # what the law sets is amended there
        return ours and super().has_change_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return super().has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return False  # deadlines refer to it; it is taken out of force instead

    @admin.display(description=_("Applies to"))
    def cases(self, policy: Policy) -> str:
        words = [policy.get_kind_display(), policy.get_urgency_display(), policy.get_channel_display()]
        return " · ".join(filter(None, [*words, policy.get_tier_display()])) or str(_("all cases"))

    @admin.display(description=_("Time limit"), ordering="target")
    def target_display(self, policy: Policy) -> str:
        return target_words(policy)

    @admin.display(description=_("While waiting for the customer"), ordering="pausable")
    def pauses(self, policy: Policy) -> str:
        return str(_("stands still") if policy.pausable else _("goes on"))

    @admin.display(description=_("in force"), ordering="effective_to")
    def in_force_words(self, policy: Policy) -> str:
        if policy.effective_to is None:
            return str(pgettext_lazy("policy", "current"))
        return str(_("until %(date)s")) % {"date": date_format(clock.local(policy.effective_to), "SHORT_DATE_FORMAT")}

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        actor = actor_for(request)
        if change:
            saved = policies.revise(UUID(str(obj.pk)), form.cleaned_data, actor=actor)
        else:
            saved = policies.create(form.cleaned_data, actor=actor)
        obj.pk, obj.version = saved.pk, saved.version  # the page goes on with the version that is in force now

    def response_change(self, request: HttpRequest, obj: Policy) -> HttpResponse:
        answer = super().response_change(request, obj)
        return redirect("admin:sla_policy_change", obj.pk) if "_continue" in request.POST else answer

    @admin.action(description=_("Take out of force"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[Policy]) -> None:
        current = list(queryset.filter(effective_to=None, legal_rule=None))
        for policy in current:
            policies.retire(policy.pk, actor=actor_for(request))
        words = ngettext("%(count)s policy taken out of force.", "%(count)s policies taken out of force.", len(current))
        messages.success(request, words % {"count": len(current)})
