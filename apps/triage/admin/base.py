"""The library's rows in the admin: saved by the services, never deleted, only retired."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from apps.accounts.principals import actor_for
from apps.core.errors import DomainErrors
from apps.triage.services import library


class LibraryForm(forms.ModelForm):
    """A row is checked by the same rules as in the service; each error stands beside its field."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        try:
            library.check(self.instance)
        except DomainErrors as found:
            for error in found.errors:
                self.add_error(error.field if error.field in self.fields else None, error.words)


class LibraryAdmin(ModelAdmin):
    form = LibraryForm
    list_per_page = 100
    actions = ("retire", "bring_back")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # past tickets and versions refer to the row, and the shipped ones would come back

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        library.save(obj, actor=actor_for(request), collaborators=form.cleaned_data.get("collaborators"))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service saved the relations together with the row."""

    @admin.action(description=_("Retire"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, active=False)

    @admin.action(description=_("Bring back"), permissions=["change"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._switch(request, queryset, active=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet, *, active: bool) -> None:
        try:
            count = library.set_active(queryset, active, actor=actor_for(request))
        except DomainErrors as found:
            for error in found.errors:
                messages.error(request, error.words)
            return
        words = ngettext("%(count)s entry changed.", "%(count)s entries changed.", count)
        messages.success(request, words % {"count": count})
