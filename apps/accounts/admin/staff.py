from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from apps.accounts import roles
from apps.accounts.models import User
from apps.accounts.principals import actor_for
from apps.accounts.services import second_factor, staff
from apps.core.errors import DomainError


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=200, widget=UnfoldAdminTextInputWidget())


class RoleFilter(admin.SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, roles.label(name)) for name in Group.objects.order_by("pk").values_list("name", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):
    """Rights come from roles only, so that the printed matrix tells everything; nobody is ever deleted."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "name", "username", "staff_number", "department", "role_labels", "has_second_factor", "is_active", "last_login"
    )  # fmt: skip
    list_display_links = ("name", "username")
    list_filter = (RoleFilter, "department", "is_active")
    list_select_related = ("department",)
    search_fields = ("username", "display_name", "staff_number")
    ordering = ("username",)
    filter_horizontal = ()
    autocomplete_fields = ("department",)
    readonly_fields = ("last_login", "date_joined", "second_factor_at")
    actions_detail = ("reset_second_factor",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("display_name", "staff_number", "email", "phone", "language")}),
        (_("Rights"), {"fields": ("department", "groups", "is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined", "second_factor_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        (_("Person"), {"fields": ("display_name", "staff_number", "email", "phone", "language")}),
        (_("Rights"), {"fields": ("department", "groups", "is_staff")}),
    )

    @admin.display(description=_("full name"), ordering="display_name")
    def name(self, obj: User) -> str:
        return str(obj)

    @admin.display(description=_("roles"))
    def role_labels(self, obj: User) -> str:
        return "、".join(roles.label(group.name) for group in obj.groups.all())

    @admin.display(description=_("second factor"), boolean=True)
    def has_second_factor(self, obj: User) -> bool:
        return obj.second_factor_at is not None

    def has_reset_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        user = self.get_object(request, str(object_id)) if object_id else None
        mine = user is not None and user.pk == request.user.pk
        return (
            user is not None
            and user.second_factor_at is not None
            and not mine
            and self.has_change_permission(request, user)
        )

    @action(
        description=_("Reset second factor"), permissions=["reset"], url_path="second-factor", icon="phonelink_erase"
    )
    def reset_second_factor(self, request: HttpRequest, object_id: int) -> HttpResponse:
        user = self.get_object(request, str(object_id))
        if user is None:
            raise Http404
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                second_factor.reset(user, actor=actor_for(request), reason=form.cleaned_data["reason"])
            except DomainError as error:
                messages.error(request, error.words)
            else:
                messages.success(
                    request, _("%(name)s logs in with the password alone until they set it up anew.") % {"name": user}
                )
            return redirect("admin:accounts_user_change", user.pk)
        context = {
            **self.admin_site.each_context(request), "title": _("Reset the second factor of %(name)s?") % {"name": user},
            "intro": _("First make sure that it is really them who ask. Who reset it, and why, is recorded for good."),
            "form": form, "act": _("Reset"), "back": "../change/",
        }  # fmt: skip
        return TemplateResponse(request, "accounts/ask.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only a superuser makes superusers, and nobody gives rights to themselves: another administrator does."""
        if obj is not None and obj.pk == request.user.pk:
            return (*self.readonly_fields, "groups", "is_staff", "is_superuser")
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nor does anybody else get at a superuser, e.g. by a new password."""
        mine = obj is None or not obj.is_superuser or request.user.is_superuser
        return mine and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """What somebody did stays theirs; who leaves is made inactive."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"is_staff": True, **super().get_changeform_initial_data(request)}

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups" and field is not None:
            field.label = _("Roles")
            field.label_from_instance = lambda group: roles.label(group.name)
            field.help_text = _("Rights come from roles; the role matrix shows which.")
        return field

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        with transaction.atomic():
            answer: HttpResponse = super().user_change_password(request, id, form_url)
            user = self.get_object(request, id)
            if isinstance(answer, HttpResponseRedirect) and request.method == "POST" and user is not None:
                staff.record_password_set(user, actor=actor_for(request))
        return answer

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.staff_number = obj.staff_number or None
        form.rights_before = staff.rights_of(User.objects.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change:
            staff.record_rights_change(form.instance, form.rights_before, actor=actor_for(request))
        else:
            staff.record_created(form.instance, actor=actor_for(request))
