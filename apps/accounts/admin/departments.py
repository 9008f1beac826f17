from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.accounts import roles
from apps.accounts.models import ApprovalLimit, Department
from apps.accounts.principals import actor_for
from apps.accounts.services import departments, limits


class DepartmentForm(forms.ModelForm[Department]):
    def clean_parent(self) -> Department | None:
        parent = above = self.cleaned_data["parent"]
        while above is not None:
            if above.pk == self.instance.pk:
                raise forms.ValidationError(_("A department can't be part of itself."))
            above = above.parent
        return parent


@admin.register(Department)
class DepartmentAdmin(ModelAdmin):
    form = DepartmentForm
    list_display = ("name", "code", "head", "duty_manager", "parent", "active")
    list_filter = ("active",)
    list_select_related = ("head", "duty_manager", "parent")
    search_fields = ("name", "code")
    autocomplete_fields = ("head", "duty_manager", "parent")
    fields = ("name", "code", "parent", "head", "duty_manager", "active")

    def get_readonly_fields(self, request: HttpRequest, obj: Department | None = None) -> tuple[str, ...]:
        return ("code",) if obj else ()  # routing rules and shipped defaults name departments by their code

    def save_model(self, request: HttpRequest, obj: Department, form: Any, change: bool) -> None:
        departments.save(obj, actor=actor_for(request))


@admin.register(ApprovalLimit)
class ApprovalLimitAdmin(ModelAdmin):
    list_display = ("subject", "role_label", "yuan")
    list_display_links = ("subject", "role_label")
    list_filter = ("subject",)
    list_select_related = ("role",)
    ordering = ("subject", "limit")

    @admin.display(description=_("role"), ordering="role__name")
    def role_label(self, obj: ApprovalLimit) -> str:
        return roles.label(obj.role.name)

    @admin.display(description=_("limit (yuan)"), ordering="limit")
    def yuan(self, obj: ApprovalLimit) -> str:
        return str(_("no limit")) if obj.limit is None else f"¥{obj.limit:,.2f}"

    def has_change_permission(self, request: HttpRequest, obj: ApprovalLimit | None = None) -> bool:
        """The limits of one's own role are somebody else's to set (`limits.save`)."""
        own = obj is not None and obj.role_id in limits.own_roles(request.user)
        return not own and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: ApprovalLimit, form: Any, change: bool) -> None:
        limits.save(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: ApprovalLimit) -> None:
        limits.delete(obj, actor=actor_for(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApprovalLimit]) -> None:
        for limit in queryset:
            limits.delete(limit, actor=actor_for(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "role" and field is not None:
            field.label_from_instance = lambda group: roles.label(group.name)
            field.queryset = field.queryset.exclude(pk__in=limits.own_roles(request.user))
        return field
