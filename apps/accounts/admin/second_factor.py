"""Who must have a second factor, and before which acts it is asked for again (ADM-03)."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from apps.accounts import roles
from apps.accounts.models import EnrolmentDuty, SecondLook, User
from apps.accounts.principals import actor_for
from apps.accounts.services import second_factor
from apps.core import clock


@admin.register(EnrolmentDuty)
class EnrolmentDutyAdmin(ModelAdmin):
    list_display = ("__str__", "since", "grace_days", "without")
    list_select_related = ("role",)
    actions = None
    fields = ("role", "since", "grace_days")

    @admin.display(description=_("people without one"))
    def without(self, duty: EnrolmentDuty) -> int:
        return User.objects.filter(groups=duty.role_id, is_active=True, second_factor_at=None).count()

    def get_readonly_fields(self, request: HttpRequest, obj: EnrolmentDuty | None = None) -> tuple[str, ...]:
        return ("role",) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"since": clock.local(clock.now()).date(), **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "role" and isinstance(field, forms.ModelChoiceField):
            field.queryset = Group.objects.filter(enrolment_duty=None).order_by("pk")
            field.label_from_instance = lambda group: roles.label(group.name)
        return field

    def save_model(self, request: HttpRequest, obj: EnrolmentDuty, form: Any, change: bool) -> None:
        second_factor.save_rule(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: EnrolmentDuty) -> None:
        second_factor.delete_duty(obj, actor=actor_for(request))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal keeps what changed."""


@admin.register(SecondLook)
class SecondLookAdmin(ModelAdmin):
    """One row an act; rows are changed, not added or deleted."""

    list_display = ("act", "active", "above", "minutes", "code_only")
    readonly_fields = ("act",)
    fields = ("act", "active", "above", "minutes", "code_only")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SecondLook, form: Any, change: bool) -> None:
        second_factor.save_rule(obj, actor=actor_for(request))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The journal keeps what changed."""
