from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from apps.accounts.principals import actor_for
from apps.core import clock
from apps.core.errors import DomainError, DomainErrors
from apps.sla.admin.base import RuleAdmin, RuleForm
from apps.sla.explanation import law_target_words
from apps.sla.models import LegalRule
from apps.sla.services import legal
from apps.sla.states import LEGAL, Metric


class LegalRuleForm(RuleForm):
    """A change is a new version from a day on; running clocks keep theirs."""

    metric = forms.ChoiceField(
        label=LegalRule._meta.get_field("metric").verbose_name,
        choices=[("", _("no clock")), *((m.value, m.label) for m in Metric if m in LEGAL)],
        required=False,
    )

    class Meta:
        model = LegalRule
        fields = ("code", "metric", "effective_from", *legal.EDITABLE)

    def _post_clean(self) -> None:
        """Checked as the version that it would become."""
        forms.ModelForm._post_clean(self)
        if self.errors:
            return
        known = LegalRule.objects.filter(pk=self.instance.pk).first()
        values = {name: self.cleaned_data[name] for name in ("effective_from", *legal.EDITABLE)}
        identity = {"code": known.code, "metric": known.metric} if known else {
            "code": self.cleaned_data["code"], "metric": self.cleaned_data["metric"]
        }  # fmt: skip
        try:
            legal.check(LegalRule(**identity, **values), after=known)
        except DomainErrors as found:
            self._show(found.errors)


class RepealForm(forms.Form):
    last = forms.DateField(
        label=_("in force until"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=_("The first day it no longer holds."),
    )  # fmt: skip
    reason = forms.CharField(label=_("reason"), max_length=500, widget=forms.Textarea({"rows": 3}))


@admin.register(LegalRule)
class LegalRuleAdmin(RuleAdmin):
    """What the law asks for, with its words and dates (LAW-01 … LAW-03)."""

    form = LegalRuleForm
    list_display = ("name", "citation_words", "metric", "target_display", "effective_from", "effective_to", "version")
    list_filter = ("metric",)
    search_fields = ("name", "source", "duty")
    ordering = ("code", "-version")
    fieldsets = (
        (None, {"fields": ("name", "code", "source", "article", "duty", "consequence")}),
        (_("Clock"), {"fields": ("metric", "starts", "target", "unit")}),
        (_("Version"), {"fields": ("effective_from", "effective_to", "version")}),
    )
    readonly_fields = ("effective_to", "version")
    actions_detail = ("repeal",)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only a rule that holds can be repealed."""
        holds = LegalRule.objects.filter(pk=object_id, effective_to=None).exists()
        return super().get_actions_detail(request, object_id) if holds else []

    def has_repeal_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return super().has_change_permission(request)

    @action(description=_("Repeal"), permissions=["repeal"], url_path="repeal", icon="gavel")
    def repeal(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """It ends on a day and nothing takes its place; clocks that run keep it."""
        rule = self.get_object(request, str(object_id))
        if rule is None or not self.has_change_permission(request, rule):
            raise Http404
        form = RepealForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                given = form.cleaned_data
                legal.repeal(rule.pk, given["last"], actor=actor_for(request), reason=given["reason"])
            except DomainErrors as found:
                for error in found.errors:
                    form.add_error("last", error.words)
            except DomainError as error:
                form.add_error(None, error.words)
            else:
                messages.success(
                    request, _("From %(day)s on it no longer holds.") % {"day": date_format(given["last"])}
                )
                return redirect("admin:sla_legalrule_change", rule.pk)
        context = {
            **self.admin_site.each_context(request), "title": _("Repeal: %(rule)s") % {"rule": rule}, "form": form,
            "opts": self.opts, "label": _("Repeal"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/plain_form.html", context)

    def get_readonly_fields(self, request: HttpRequest, obj: LegalRule | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("code", *self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: LegalRule | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None and "metric" in form.base_fields:
            form.base_fields["metric"].disabled = True
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"effective_from": _today()}

    def has_change_permission(self, request: HttpRequest, obj: LegalRule | None = None) -> bool:
        return (obj is None or obj.is_current) and super().has_change_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: LegalRule | None = None) -> bool:
        return super().has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: LegalRule | None = None) -> bool:
        return False  # clocks refer to it

    @admin.display(description=_("law or regulation"))
    def citation_words(self, rule: LegalRule) -> str:
        return rule.citation

    @admin.display(description=_("target"))
    def target_display(self, rule: LegalRule) -> str:
        return law_target_words(rule) or "—"

    def save_model(self, request: HttpRequest, obj: LegalRule, form: Any, change: bool) -> None:
        actor, data = actor_for(request), form.cleaned_data
        if change:
            saved = legal.amend(obj.pk, data, data["effective_from"], actor=actor)
        else:
            names = ("code", "metric", "effective_from", *legal.EDITABLE)
            saved = legal.enact({name: data[name] for name in names}, actor=actor)
        obj.pk, obj.version = saved.pk, saved.version

    def response_change(self, request: HttpRequest, obj: LegalRule) -> HttpResponse:
        answer = super().response_change(request, obj)
        return redirect("admin:sla_legalrule_change", obj.pk) if "_continue" in request.POST else answer


def _today() -> date:
    return clock.local(clock.now()).date()
