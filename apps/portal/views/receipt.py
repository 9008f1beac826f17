"""The receipt (受理单) as a sheet of paper: what was taken in, by when what happens, and the way back (INT-10)."""

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from apps.core import clock
from apps.feedback.services import links
from apps.portal import progress, selectors
from apps.portal.views.privacy import private, speak


@private
@require_safe
def receipt(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """One page to print or to save as PDF; personal data masked, because paper lies about."""
    ticket = selectors.ticket_by_link(number, token)
    speak(request, ticket.language)
    private_link = links.tracking_url(ticket)
    context = {
        "ticket": ticket,
        "contact": selectors.contact(ticket),
        "promises": progress.promises(selectors.open_deadlines(ticket)),
        "private_link": private_link,
        "qr": _qr(private_link),
        "printed_at": clock.now(),
        "files": len(selectors.story(ticket)[0].files),
    }
    return render(request, "portal/receipt.html", context)


def _qr(address: str) -> str:
    """An image of our own making for `src`: nothing of the address is markup."""
    return mark_safe(segno.make(address, error="m").svg_data_uri(scale=4, border=1))
