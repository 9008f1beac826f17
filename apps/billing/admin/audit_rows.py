"""The rows that retention and audit work by (ADM-05). Rows that samples and records rest on are switched off, not deleted."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.accounts.principals import actor_for
from apps.billing.admin.lists import in_yuan
from apps.billing.audit import rules
from apps.billing.models import AuditCheckpoint, AuditStratum, RedFlagRule, RetentionClass
from apps.billing.retention import terms
from apps.core.errors import DomainError


class RowAdmin(ModelAdmin):
    actions = None
    fields: tuple[str, ...] = ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.cleaned_data if name in self.fields}
        rules.change(obj, values, actor=actor_for(request))


class RetentionForm(forms.ModelForm):
    class Meta:
        model = RetentionClass
        fields = (
            "code", "name", "covers", "months", "counts_from", "holds_person", "basis", "note", "effective_from",
            "effective_to",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """What the law asks for at least is said beside the field, before anything is saved."""
        given = super().clean() or self.cleaned_data
        try:
            terms.check(str(given.get("covers", "")), given.get("months") or 0)
        except DomainError as error:
            self.add_error("months", error.words)
        return given


@admin.register(RetentionClass)
class RetentionClassAdmin(RowAdmin):
    form = RetentionForm
    list_display = ("name", "covers", "months", "counts_from", "holds_person", "effective_from", "effective_to")
    list_filter = ("covers",)
    fields = RetentionForm.Meta.fields

    def save_model(self, request: HttpRequest, obj: RetentionClass, form: Any, change: bool) -> None:
        terms.change(obj, {n: form.cleaned_data[n] for n in self.fields}, actor=actor_for(request))


@admin.register(AuditStratum)
class AuditStratumAdmin(RowAdmin):
    list_display = (
        "position", "name", "cases", "act", "department", in_yuan(AuditStratum, "above"), in_yuan(AuditStratum, "up_to"),
        "size", "active",
    )  # fmt: skip
    list_display_links = ("name",)
    list_select_related = ("department",)
    fields = ("position", "name", "cases", "act", "department", "above", "up_to", "size", "active")


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(RowAdmin):
    list_display = ("position", "text", "cases", "active")
    list_display_links = ("text",)
    fields = ("position", "text", "cases", "active")


@admin.register(RedFlagRule)
class RedFlagRuleAdmin(RowAdmin):
    list_display = ("kind", "active", "days", "count", "percent", in_yuan(RedFlagRule, "amount"), "seconds")
    fields = ("kind", "active", "days", "count", "percent", "amount", "seconds", "from_hour", "to_hour")
    readonly_fields = ("kind",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # each kind has its one row
