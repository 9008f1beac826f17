"""Check-list templates with their items (HND-11)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from unfold.admin import TabularInline

from apps.accounts.principals import actor_for
from apps.casework.admin.base import RowAdmin, kept_rows
from apps.casework.admin.rules import ABOUT
from apps.casework.models import ChecklistTemplate, ChecklistTemplateItem
from apps.casework.services import rules


class ItemsFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if not any(self.errors) and not kept_rows(self, "text"):
            raise forms.ValidationError(gettext("A check-list needs at least one item."))


class ItemInline(TabularInline):
    model = ChecklistTemplateItem
    formset = ItemsFormSet
    fields = ("position", "text", "required")
    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("casework.view_checklisttemplate")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("casework.change_checklisttemplate")

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(ChecklistTemplate)
class ChecklistTemplateAdmin(RowAdmin):
    inlines = (ItemInline,)
    list_display = ("name", "automatic", "kind", "category", "demand", "risk", "active")
    list_filter = ("active", "automatic", "kind")
    list_select_related = ("category",)
    search_fields = ("name", "items__text")
    fieldsets = ((None, {"fields": ("name", "automatic", "active")}), ABOUT)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saved together with its items, see `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        items = [item for formset in formsets for item in kept_rows(formset, "text")]
        rules.save_checklist_template(form.instance, items, actor=actor_for(request))

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # taking out of use keeps what the check-lists on tickets came from
        return actions

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
