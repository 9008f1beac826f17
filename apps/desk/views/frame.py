"""What the desk's pages have in common."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.accounts.principals import actor_for
from apps.feedback.models import Ticket
from apps.feedback.selectors import workspace


def framed(request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A full page inside the admin's frame."""
    whole = {**admin.site.each_context(request), "title": title, "is_fullwidth": "1", **context}
    request.current_app = admin.site.name
    return TemplateResponse(request, template, whole, status=status)


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; a page restored from its history is whole again."""
    htmx = request.htmx
    return bool(htmx) and not htmx.history_restore_request and not htmx.boosted


def ticket_or_404(request: HttpRequest, number: str) -> Ticket:
    """The ticket, if whoever is signed in may know of it (ADM-02)."""
    ticket = workspace.ticket(number, actor_for(request))
    if ticket is None:
        raise Http404
    return ticket
