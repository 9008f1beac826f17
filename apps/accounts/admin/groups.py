from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action

from apps.accounts import roles
from apps.accounts.matrix import role_matrix
from apps.accounts.principals import actor_for
from apps.accounts.services import staff

admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(ModelAdmin):
    """A role is a group; its rights are ticked here and printed as a matrix (ADM-01)."""

    list_display = ("label", "name", "members")
    search_fields = ("name",)
    filter_horizontal = ("permissions",)
    fields = ("name", "permissions")
    actions_list = ("open_matrix",)
    ordering = ("pk",)

    @admin.display(description=_("role"))
    def label(self, obj: Group) -> str:
        return roles.label(obj.name)

    @admin.display(description=_("members"))
    def members(self, obj: Any) -> int:
        return int(obj.active_members)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(active_members=Count("user", filter=Q(user__is_active=True)))

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> tuple[str, ...]:
        return ("name",) if obj and obj.name in roles.Role.values else ()

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """A shipped role stays: services look for its holders. It can be left without members or rights."""
        shipped = obj is not None and obj.name in roles.Role.values
        return not shipped and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # it would not ask about each role
        return actions

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "permissions":
            kwargs["queryset"] = roles.all_permissions()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.label_from_instance = lambda p: f"{roles.room(p)} · {roles.words(p)}"  # type: ignore[method-assign]
        return field

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        before = staff.rights_of_role(form.instance)
        super().save_related(request, form, formsets, change)
        staff.record_role_change(form.instance, before, actor=actor_for(request))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.matrix_view)
        return [path("matrix/", view, name="accounts_role_matrix"), *super().get_urls()]

    @action(description=_("Role matrix"), url_path="open-matrix", icon="table")
    def open_matrix(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:accounts_role_matrix")

    def matrix_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Role matrix"),
            "matrix": role_matrix(),
            "is_fullwidth": "1",
        }
        return TemplateResponse(request, "accounts/role_matrix.html", context)
