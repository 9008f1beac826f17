"""Rules of time in the admin: checked and saved by the services, behind the one right to change them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.core.errors import DomainError, DomainErrors

RIGHT = "sla.change_policy"


class RuleAdmin(ModelAdmin):
    """Whoever has the right may add, change and delete; others see what their role shows them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RIGHT)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(RIGHT)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(RIGHT)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request) or super().has_view_permission(request, obj)


class RuleForm(forms.ModelForm):
    """Runs the service's own check, so that each error stands beside its field."""

    check: Callable[[Any], None]

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        try:
            type(self).check(self.instance)
        except DomainErrors as found:
            self._show(found.errors)
        except DomainError as error:
            self._show([error])

    def _show(self, errors: list[DomainError]) -> None:
        for error in errors:
            self.add_error(error.field if error.field in self.fields else None, error.words)
