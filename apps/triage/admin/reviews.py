"""The monthly review of the keyword library (CLS-02)."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from apps.triage.admin.pages import LookedAt, attempt, framed
from apps.triage.models import Keyword, LibraryReview
from apps.triage.services import reviews


@admin.register(LibraryReview)
class LibraryReviewAdmin(LookedAt):
    list_display = ("__str__", "done_label", "done_by", "done_at", "note")
    list_select_related = ("done_by",)
    ordering = ("-month",)

    @display(description=gettext_lazy("state"), label={"done": "success", "open": "warning"})
    def done_label(self, obj: LibraryReview) -> tuple[str, str]:
        return ("done", _("ticked off")) if obj.done_at else ("open", _("to do"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        review = self.get_object(request, object_id)
        if review is None:
            raise Http404
        if request.method == "POST":
            note = request.POST.get("note", "")[:2000]
            attempt(
                request, lambda actor: reviews.finish(review, actor=actor, note=note), _("The review is ticked off.")
            )
            return redirect(request.get_full_path())
        return framed(self, request, "triage/review.html", _("Keyword review"), review=review, **_lists(review))


def _lists(review: LibraryReview) -> dict[str, Any]:
    """The keywords with the rows they are now; one that was retired since has none."""
    found = review.figures
    named = {entry["text"] for entry in (*found["least_used"], *found["most_wrong"])}
    rows = {row.text: row for row in Keyword.objects.filter(text__in=named, active=True).select_related("category")}
    return {
        "least_used": [{**entry, "row": rows.get(entry["text"])} for entry in found["least_used"]],
        "most_wrong": [
            {**entry, "row": rows.get(entry["text"]), "share": round(100 * entry["wrong"] / entry["judged"])}
            for entry in found["most_wrong"]
        ],
    }
