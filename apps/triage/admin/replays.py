"""A keyword change tried on past tickets, with its progress, then applied or dropped (CLS-10)."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from apps.accounts.principals import actor_for
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Demand, Risk
from apps.triage.admin.pages import RIGHT, LookedAt, attempt, framed, tell
from apps.triage.admin.suggestions import LABELS
from apps.triage.learning.targets import Target
from apps.triage.models import Decision, Replay
from apps.triage.reports import names_of, outcome
from apps.triage.services import changes, replays
from apps.triage.services.replays import MOST_DAYS

DAYS = 90
MOST_BYTES = 1_000_000
SHOWN = 200  # lines of a change


class ChangeForm(forms.Form):
    """Lines of a change, pasted or as a file."""

    lines = forms.CharField(
        label=gettext_lazy("lines"), required=False, strip=False, max_length=MOST_BYTES,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "class": "font-mono"}),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("or a CSV file"), required=False, widget=UnfoldAdminFileFieldWidget,
        help_text=gettext_lazy("UTF-8 or GB18030, at most 1 MB."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=gettext_lazy("tickets of the last … days"), initial=DAYS, min_value=1, max_value=MOST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        content = values.get("lines") or ""
        if file := values.get("file"):
            content = self._decoded(file.read(MOST_BYTES + 1))
        try:
            values["changes"] = changes.read(content) if not self.errors else []
        except DomainErrors as found:
            for error in found.errors:
                self.add_error(None, error.words)
        return values

    def _decoded(self, raw: bytes) -> str:
        if len(raw) > MOST_BYTES:
            self.add_error("file", _("The file is too large: at most 1 MB."))
            return ""
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                continue
        self.add_error("file", _("The file is neither UTF-8 nor GB18030 text."))
        return ""


@admin.register(Replay)
class ReplayAdmin(LookedAt):
    list_display = ("__str__", "days", "done", "total", "finished", "decision_label", "made_by", "created_at")
    list_filter = ("decision",)
    list_select_related = ("made_by",)
    ordering = ("-id",)

    @display(description=gettext_lazy("decision"), ordering="decision", label=LABELS)
    def decision_label(self, obj: Replay) -> tuple[str, str]:
        return obj.decision, obj.get_decision_display()

    def get_urls(self) -> list[URLPattern]:
        advance = self.admin_site.admin_view(require_POST(self.advance_view))
        own = [
            path("new/", self.admin_site.admin_view(self.new_view), name="triage_replay_new"),
            path("<uuid:pk>/advance/", advance, name="triage_replay_advance"),
        ]
        return own + super().get_urls()

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """A change of several keywords; one keyword is tried from its own form."""
        if not request.user.has_perm(RIGHT):
            raise PermissionDenied
        form = ChangeForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            return begin(request, form.cleaned_data["changes"], form.cleaned_data["days"])
        return framed(self, request, "triage/replay_new.html", _("Try a change"), form=form, columns=changes.COLUMNS)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        replay = self.get_object(request, object_id)
        if replay is None:
            raise Http404
        if request.method == "POST":
            self._decide(request, replay)
            return redirect(request.get_full_path())
        lines = _in_words(replay.changes[:SHOWN])
        return framed(self, request, "triage/replay.html", str(replay), lines=lines, **_context(replay))

    def advance_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The next batch; htmx gets the part of the page, a browser without scripts the page."""
        replay = Replay.objects.filter(pk=pk).first()
        if replay is None:
            raise Http404
        if not request.user.has_perm(RIGHT):
            raise PermissionDenied
        replay = replays.advance(replay, actor=actor_for(request))
        if not request.htmx:
            return redirect(address(replay))
        context = {**_context(replay), "changes": True}
        return TemplateResponse(request, "triage/_replay.html", context)

    def _decide(self, request: HttpRequest, replay: Replay) -> None:
        reason = request.POST.get("reason", "").strip()[:500]
        if request.POST.get("do") == "apply":
            words = _("The change is made and works within a second.")
            attempt(request, lambda actor: replays.apply(replay, actor=actor, reason=reason), words)
        elif request.POST.get("do") == "drop":
            words = _("The change is dropped; the library is as it was.")
            attempt(request, lambda actor: replays.drop(replay, actor=actor), words)


def begin(request: HttpRequest, lines: list[changes.Change], days: int = DAYS) -> HttpResponse:
    """Start a replay and go to its page; where the change can't be, say why and come back."""
    try:
        return redirect(address(replays.start(lines, days, actor=actor_for(request))))
    except (DomainError, DomainErrors) as error:
        tell(request, error)
        return redirect(request.get_full_path())


def address(replay: Replay) -> str:
    return reverse("admin:triage_replay_change", args=[replay.pk])


def _in_words(lines: list[changes.Change]) -> list[changes.Change]:
    categories, demands, risks = names_of(Target.CATEGORY), dict(Demand.choices), dict(Risk.choices)
    return [
        {
            **line,
            "category": categories.get(line.get("category"), ""),
            "demand": demands.get(line.get("demand"), ""),
            "risk": risks.get(line.get("risk"), ""),
        }
        for line in lines
    ]


def _context(replay: Replay) -> dict[str, Any]:
    return {"replay": replay, "found": outcome(replay), "open": replay.decision == Decision.OPEN}
