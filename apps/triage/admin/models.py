"""Learned models with the figures they were judged by (CLS-03)."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from apps.triage.admin.pages import LookedAt, attempt, framed
from apps.triage.models import ModelVersion
from apps.triage.reports import figures
from apps.triage.services import models


@admin.register(ModelVersion)
class ModelVersionAdmin(LookedAt):
    list_display = (
        "number", "target", "works", "origin", "texts", "corrections", "accuracy_percent", "macro_f1_percent", "created_at",
    )  # fmt: skip
    list_filter = ("target", "origin", "active")
    ordering = ("-number",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).defer("weights", "figures")

    @display(description=gettext_lazy("works"), ordering="active", label={"yes": "success", "no": "default"})
    def works(self, obj: ModelVersion) -> tuple[str, str]:
        return ("yes", _("works now")) if obj.active else ("no", _("kept"))

    @admin.display(description=gettext_lazy("accuracy"), ordering="accuracy")
    def accuracy_percent(self, obj: ModelVersion) -> str:
        return f"{100 * obj.accuracy:.1f} %"

    @admin.display(description=gettext_lazy("macro-F1"), ordering="macro_f1")
    def macro_f1_percent(self, obj: ModelVersion) -> str:
        return f"{100 * obj.macro_f1:.1f} %"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The figures, and the two buttons: let it work, switch it off."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404
        if request.method == "POST":
            self._switch(request, version)
            return redirect(request.get_full_path())
        of_keywords = request.GET.get("of") == "keywords"
        context = {"version": version, "found": figures(version, of_keywords=of_keywords), "of_keywords": of_keywords}
        return framed(self, request, "triage/model.html", str(version), **context)

    def _switch(self, request: HttpRequest, version: ModelVersion) -> None:
        reason = request.POST.get("reason", "").strip()[:500]
        if request.POST.get("do") == "activate":
            words = _("This model works now.")
            attempt(request, lambda actor: models.activate(version, actor=actor, reason=reason), words)
        elif request.POST.get("do") == "deactivate":
            words = _("The keywords decide alone now.")
            attempt(request, lambda actor: models.deactivate(version, actor=actor, reason=reason), words)
