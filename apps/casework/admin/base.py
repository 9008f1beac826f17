"""Rows that staff edit: checked and saved by the services."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.accounts.principals import actor_for
from apps.casework.services import rules
from apps.core.errors import DomainError, DomainErrors


def show(form: forms.BaseForm, found: DomainErrors | DomainError) -> None:
    """Each error beside its field."""
    for error in found.errors if isinstance(found, DomainErrors) else [found]:
        form.add_error(error.field if error.field in form.fields else None, error.words)


def kept_rows(formset: Any, filled: str) -> list[Any]:
    """The rows of an inline formset as they are to stand, in the order of their positions; the service saves them."""
    formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []  # for the admin's log
    chosen = [f for f in formset.forms if f.cleaned_data.get(filled) and not f.cleaned_data.get("DELETE")]
    return sorted((form.instance for form in chosen), key=lambda row: row.position)


class RowForm(forms.ModelForm):
    """Runs the service's own check."""

    check: Callable[[Any], None] = staticmethod(lambda row: None)

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                type(self).check(self.instance)
            except (DomainError, DomainErrors) as found:
                show(self, found)


class RowAdmin(ModelAdmin):
    """Saved with `store` and deleted through the service, so that the journal says who changed what."""

    list_per_page = 100
    store: Callable[..., Any] = staticmethod(rules.save)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        type(self).store(obj, actor=actor_for(request))

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        rules.delete(obj, actor=actor_for(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        for row in queryset:
            self.delete_model(request, row)
