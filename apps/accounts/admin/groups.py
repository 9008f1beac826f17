from itertools import groupby
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
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from apps.accounts import roles
from apps.accounts.matrix import own_rights_first, role_matrix
from apps.accounts.models import RoleGroup
from apps.accounts.principals import actor_for
from apps.accounts.services import staff
from apps.core.actors import Actor
from apps.core.errors import DomainError

admin.site.unregister(Group)


class RoleForm(forms.ModelForm[RoleGroup]):
    """The rights as check boxes, room by room, in words."""

    actor: Actor  # who edits, set by `RoleAdmin.get_form`

    class Meta:
        model = RoleGroup
        fields = ("name", "permissions")
        widgets = {"permissions": UnfoldAdminCheckboxSelectMultipleWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("permissions")
        if isinstance(field, forms.ModelMultipleChoiceField):  # a viewer's page has no field
            field.queryset = roles.all_permissions()
            field.help_text = ""
            field.choices = [
                (room, [(p.pk, roles.words(p)) for p in rights])
                for room, rights in groupby(own_rights_first(field.queryset), key=roles.room)
            ]

    def clean_permissions(self) -> Any:
        wanted = self.cleaned_data["permissions"]
        try:
            staff.check_role(self.instance, wanted, actor=self.actor)
        except DomainError as error:
            raise forms.ValidationError(error.words) from error
        return wanted


@admin.register(RoleGroup)
class RoleAdmin(ModelAdmin):
    """A role is a group; its rights are ticked here and printed as a matrix (ADM-01)."""

    form = RoleForm
    list_display = ("label", "name", "members")
    search_fields = ("name",)
    fields = ("name", "permissions")
    actions_list = ("open_matrix",)
    actions = None  # deleting several would not ask which of them are shipped
    ordering = ("pk",)

    @admin.display(description=_("role"))
    def label(self, obj: RoleGroup) -> str:
        return str(obj)

    @admin.display(description=_("members"))
    def members(self, obj: Any) -> int:
        return int(obj.active_members)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoleGroup]:
        return super().get_queryset(request).annotate(active_members=Count("user", filter=Q(user__is_active=True)))

    def get_readonly_fields(self, request: HttpRequest, obj: RoleGroup | None = None) -> tuple[str, ...]:
        return ("name",) if obj and obj.name in roles.Role.values else ()

    def has_delete_permission(self, request: HttpRequest, obj: RoleGroup | None = None) -> bool:
        """A shipped role stays: services look for its holders. It can be left without members or rights."""
        shipped = obj is not None and obj.name in roles.Role.values
        return not shipped and super().has_delete_permission(request, obj)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: RoleGroup | None = None, change: bool = False, **how: Any) -> Any:
        form = super().get_form(request, obj, change, **how)
        form.actor = actor_for(request)  # a class of this request alone
        return form

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
