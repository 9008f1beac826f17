"""The dated rows behind the links: what a completed return starts, what a complaint may cost (ADM-05)."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.accounts.principals import actor_for
from apps.billing.admin.lists import in_yuan
from apps.billing.models import ReturnRule, SettlementCap
from apps.billing.services import return_rules


class DatedAdmin(ModelAdmin):
    """A row ends by its last day, so that old cases are explained by it."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ReturnRule)
class ReturnRuleAdmin(DatedAdmin):
    list_display = (
        "position",
        "reason_code",
        in_yuan(ReturnRule, "up_to"),
        in_yuan(ReturnRule, "approve_up_to"),
        "effective_from",
        "effective_to",
        "note",
    )
    fields = ("position", "reason_code", "up_to", "approve_up_to", "effective_from", "effective_to", "note")

    def save_model(self, request: HttpRequest, obj: ReturnRule, form: Any, change: bool) -> None:
        return_rules.save_rule(obj, actor=actor_for(request))


@admin.register(SettlementCap)
class SettlementCapAdmin(DatedAdmin):
    list_display = ("percent", in_yuan(SettlementCap, "tolerance"), "effective_from", "effective_to", "note")
    fields = ("percent", "tolerance", "effective_from", "effective_to", "note")

    def save_model(self, request: HttpRequest, obj: SettlementCap, form: Any, change: bool) -> None:
        return_rules.save_cap(obj, actor=actor_for(request))
