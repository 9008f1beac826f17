"""Points of the priority score, changed with an eye on what they do to the open tickets (CLS-05)."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError, DomainErrors
from apps.triage.admin.base import LibraryAdmin
from apps.triage.admin.pages import framed, tell
from apps.triage.models import ScoreWeight
from apps.triage.reports import effect_of
from apps.triage.services import library
from apps.triage.services.score import Part, explain
from apps.triage.states import Factor, value_label

RIGHT = "triage.change_scoreweight"


class PointsForm(forms.Form):
    """A field for each row, named by its key."""

    reason = forms.CharField(
        label=gettext_lazy("reason"), required=False, max_length=500, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        order = {factor: place for place, factor in enumerate(Factor.values)}
        self.rows = sorted(
            ScoreWeight.objects.all(), key=lambda row: (order.get(row.factor, 99), row.points, row.value)
        )
        for row in self.rows:
            self.fields[str(row.pk)] = forms.IntegerField(
                label=explain([Part(row.factor, row.value, 0)])[0].value, initial=row.points, min_value=-100, max_value=100,
                widget=UnfoldAdminIntegerFieldWidget,
            )  # fmt: skip

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields by factor, in words."""
        found: dict[str, list[forms.BoundField]] = {}
        for row in self.rows:
            found.setdefault(row.get_factor_display(), []).append(self[str(row.pk)])
        return list(found.items())

    def points(self) -> dict[tuple[str, str], int]:
        """What is typed so far; a field that holds no number counts as it is kept."""
        typed = getattr(self, "cleaned_data", {})
        return {(row.factor, row.value): typed.get(str(row.pk), row.points) for row in self.rows}

    def changed(self) -> dict[ScoreWeight, int]:
        return {row: self.cleaned_data[str(row.pk)] for row in self.rows}


@admin.register(ScoreWeight)
class ScoreWeightAdmin(LibraryAdmin):
    """How the priority score comes about (CLS-05). What is worth 0 counts nothing."""

    list_display = ("factor_label", "value_label", "points")
    list_display_links = ("factor_label", "value_label")
    list_filter = ("factor",)
    actions = ()
    actions_list = ("weigh",)
    fields = ("factor", "value", "points")

    @admin.display(description=gettext_lazy("factor"), ordering="factor")
    def factor_label(self, obj: ScoreWeight) -> str:
        return obj.get_factor_display()

    @admin.display(description=gettext_lazy("value"), ordering="value")
    def value_label(self, obj: ScoreWeight) -> str:
        return value_label(obj.factor, obj.value)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        return [path("preview/", view, name="triage_scoreweight_preview"), *super().get_urls()]

    def has_weigh_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @action(
        description=gettext_lazy("Change points with a preview"),
        url_path="weigh",
        icon="balance",
        permissions=["weigh"],
    )
    def weigh(self, request: HttpRequest) -> HttpResponse:
        """All points on one page; beside them the open tickets as these points would order them."""
        if not self.has_weigh_permission(request):
            raise PermissionDenied
        form = PointsForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self._saved(request, form):
            return redirect(request.get_full_path())
        effects = effect_of(form.points(), actor=actor_for(request))
        context = {"form": form, "effects": effects, "may_save": request.user.has_perm(RIGHT)}
        return framed(self, request, "triage/weigh.html", _("Change points with a preview"), **context)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_weigh_permission(request):
            raise PermissionDenied
        form = PointsForm(request.POST)
        form.is_valid()  # what is half typed counts as it is kept
        effects = effect_of(form.points(), actor=actor_for(request))
        return TemplateResponse(request, "triage/_effects.html", {"effects": effects})

    def _saved(self, request: HttpRequest, form: PointsForm) -> bool:
        try:
            reason = form.cleaned_data["reason"]
            count = library.save_points(form.changed(), actor=actor_for(request), reason=reason)
        except (DomainError, DomainErrors) as error:
            tell(request, error)
            return False
        words = ngettext("%(count)s entry changed.", "%(count)s entries changed.", count)
        messages.success(request, words % {"count": count})
        return True
