"""The open page of a chat's ticket asks whether the customer is there and what they have said meanwhile."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.desk.cards import chat
from apps.desk.views.frame import ticket_or_404


@require_GET
def now(request: HttpRequest, number: str) -> HttpResponse:
    """`?since=<message id>`: what the page shows already."""
    try:
        since = UUID(request.GET.get("since", ""))
    except ValueError:
        since = None
    found = chat.now(ticket_or_404(request, number), since)
    if found is None:
        raise Http404
    return render(request, "desk/chat/_now.html", found)
