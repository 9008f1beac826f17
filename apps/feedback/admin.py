"""What the desk goes by, to be seen and changed (ADM-05). Tickets themselves live in the desk, not in lists of rows."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.accounts.principals import actor_for
from apps.feedback import tag_admin, voice_admin
from apps.feedback.mail import admin as mail_admin
from apps.feedback.models import DeskRules, VaguePhrase
from apps.feedback.services import desk_rules

__all__ = ["DeskRulesAdmin", "VaguePhraseAdmin", "mail_admin", "tag_admin", "voice_admin"]


@admin.register(DeskRules)
class DeskRulesAdmin(ModelAdmin):
    """One row: its list leads straight to it."""

    fieldsets = (
        (_("Queue"), {"fields": ("queue_minutes_per_point", "due_soon_hours")}),
        (_("Solutions and intake"), {"fields": ("free_cost", "repeat_days", "repeat_similarity")}),
        (_("Nudges"), {"fields": ("nudge_hours", "nudge_heads_from")}),
        (_("Survey and closing"), {"fields": ("satisfied_from", "supervisor_below", "reopen_days")}),
        (_("For customers"), {"fields": ("hotline",)}),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:feedback_deskrules_change", 1)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return (
            False  # `load_defaults` makes the one row; asking the database would cost every page of the admin a query
        )

    def has_delete_permission(self, request: HttpRequest, obj: DeskRules | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: DeskRules, form: Any, change: bool) -> None:
        obj.pk = 1
        desk_rules.save_rules(obj, actor=actor_for(request))


@admin.register(VaguePhrase)
class VaguePhraseAdmin(ModelAdmin):
    """The wordings of the vague-promise check (HND-02)."""

    list_display = ("text", "effect", "language", "active")
    list_filter = ("effect", "language", "active")
    search_fields = ("text",)
    list_per_page = 100

    def save_model(self, request: HttpRequest, obj: VaguePhrase, form: Any, change: bool) -> None:
        desk_rules.save_wording(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: VaguePhrase) -> None:
        desk_rules.delete_wording(obj, actor=actor_for(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[VaguePhrase]) -> None:
        for wording in queryset:
            desk_rules.delete_wording(wording, actor=actor_for(request))
