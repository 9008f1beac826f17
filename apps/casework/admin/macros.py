"""Macros: everybody who works on tickets keeps private ones; shared ones need the right to share (HND-09)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline

from apps.accounts.models import Department, User
from apps.accounts.principals import actor_for
from apps.casework.admin.base import RowAdmin, kept_rows
from apps.casework.models import ChecklistTemplate, Macro, MacroStep, ReplyTemplate
from apps.casework.services import macros
from apps.core.errors import DomainErrors

HANDLE = "feedback.handle_ticket"


class MacroForm(forms.ModelForm):
    shared = forms.BooleanField(
        label=_("shared with everybody who works on tickets"), required=False, widget=forms.CheckboxInput
    )

    class Meta:
        model = Macro
        fields = ("name", "description", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "shared" in self.fields:
            self.fields["shared"].initial = not self.instance._state.adding and self.instance.owner_id is None


class StepsFormSet(forms.BaseInlineFormSet):
    """Checks the macro with all its steps, as the service does."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        try:
            macros.check(self.instance, kept_rows(self, "kind"))
        except DomainErrors as found:
            raise forms.ValidationError([error.words for error in found.errors]) from found


class StepInline(StackedInline):
    model = MacroStep
    formset = StepsFormSet
    extra = 1
    fields = (
        ("position", "kind"), ("department", "assignee"), ("urgency", "tag"), ("checklist", "reply"), "text",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[MacroStep]:
        return super().get_queryset(request).select_related("macro")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows = {
            "department": Department.objects.filter(active=True),
            "assignee": User.objects.filter(is_active=True, department__active=True),
            "checklist": ChecklistTemplate.objects.filter(active=True),
            "reply": ReplyTemplate.objects.filter(active=True),
        }
        return super().formfield_for_foreignkey(db_field, request, queryset=rows[db_field.name], **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(HANDLE)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(Macro)
class MacroAdmin(RowAdmin):
    form = MacroForm
    inlines = (StepInline,)
    list_display = ("name", "description", "owner", "active")
    list_select_related = ("owner",)
    search_fields = ("name", "description")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Macro]:
        return Macro.objects.visible_to(actor_for(request))

    def get_fields(self, request: HttpRequest, obj: Macro | None = None) -> Any:
        sharing = ("shared",) if request.user.has_perm(macros.SHARE) else ()
        return ("name", "description", *sharing, "active")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(HANDLE)

    def has_view_permission(self, request: HttpRequest, obj: Macro | None = None) -> bool:
        return request.user.has_perm(HANDLE)

    has_add_permission = has_module_permission

    def has_change_permission(self, request: HttpRequest, obj: Macro | None = None) -> bool:
        if obj is None:
            return request.user.has_perm(HANDLE)
        return macros.may_change(obj, actor_for(request))

    has_delete_permission = has_change_permission

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Macro:
        macro: Macro = super().save_form(request, form, change)
        if request.user.has_perm(macros.SHARE):
            macro.owner = None if form.cleaned_data.get("shared") else request.user
        elif not change:
            macro.owner = request.user
        return macro

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saved together with its steps, see `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        steps = [step for formset in formsets for step in kept_rows(formset, "kind")]
        macros.save(form.instance, steps, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        macros.delete(obj, actor=actor_for(request))
