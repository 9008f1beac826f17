"""Logging a call: who it is first, then what happened (INT-12)."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.principals import actor_for
from apps.channels.models import Call
from apps.channels.services import calls as services
from apps.channels.services import counter
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Channel
from apps.crm.models import Customer
from apps.crm.selectors import customer_360, find_customer, masked
from apps.desk.files import collect
from apps.desk.forms.intake import NewTicketForm
from apps.desk.views import calls
from apps.desk.views.frame import framed, is_partial, ticket_or_404
from apps.feedback.events import TICKET_RECEIVED
from apps.feedback.models import Attachment, Ticket
from apps.feedback.selectors import rules
from apps.feedback.selectors import workspace as reads
from apps.feedback.services import intake
from apps.journal.models import Event
from apps.sla.services.deadlines import open_for
from apps.sla.states import Metric

SHOWN = 8
PROMISED = (Metric.FIRST_RESPONSE, Metric.ANSWER, Metric.RESOLUTION)  # what a customer is told of our time limits


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`?customer=<id>` begins with a known customer, `?call=<id>` with who is on the phone, `?channel=store` at a counter."""
    actor = _clerk(request)
    call = calls.chosen(request.POST.get("call") or request.GET.get("call", ""), actor)
    customer = _chosen(request.POST.get("customer") or request.GET.get("customer", ""), actor)
    if request.method == "GET":
        if customer is None and call is not None and call.customer_id:
            customer = _chosen(str(call.customer_id), actor)
        form = NewTicketForm(actor=actor, initial={**_initial(customer, {}), **_channel(request)})
        return _page(request, form, customer, token=uuid4().hex, call=call)
    form = NewTicketForm(request.POST, actor=actor)
    form.kept, refused = collect(request, actor)
    for error in refused:
        form.refuse(error)
    token = request.POST.get("token", "")[:40] or uuid4().hex
    ticket = _receive(form, customer, token, actor, call)
    if ticket is None:
        return _page(request, form, customer, token=token, status=422, call=call)
    if ticket.channel == Channel.STORE:
        return redirect("admin:desk_receipt", ticket.number)
    messages.success(request, _("Registered as %(number)s.") % {"number": ticket.number})
    return redirect("admin:desk_ticket", ticket.number)


@require_GET
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """The acknowledgement (受理单) for the customer at the counter: on screen with its QR code, and to print."""
    actor = _clerk(request)
    ticket = ticket_or_404(request, number)
    if ticket.channel != Channel.STORE:
        raise Http404
    received = Event.objects.filter(subject_id=ticket.pk, kind=TICKET_RECEIVED).select_related("actor").first()
    context = {
        "ticket": ticket,
        "receipt": counter.receipt(ticket, actor=actor),
        "promises": [d for d in open_for(ticket) if d.metric in PROMISED],
        "files": Attachment.objects.filter(ticket=ticket).count(),
        "company": settings.COMPANY_NAME,
        "hotline": rules().hotline,
        "clerk": str(received.actor) if received and received.actor else "",
    }
    response = render(request, "desk/receipt.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def caller(request: HttpRequest) -> HttpResponse:
    """Who calls: by phone, e-mail, order or customer number, found before anything is typed."""
    actor = _clerk(request)
    looked_up = request.POST.get("lookup", "").strip()
    customer = find_customer(looked_up, actor)
    if is_partial(request):
        return render(request, "desk/_caller.html", {"looked_up": looked_up, **_card(customer, actor)})
    form = NewTicketForm(actor=actor, initial=_initial(customer, request.POST))
    call = calls.chosen(request.POST.get("call", ""), actor)
    return _page(request, form, customer, token=uuid4().hex, looked_up=looked_up, call=call)


def _clerk(request: HttpRequest) -> Actor:
    actor = actor_for(request)
    if not actor.can("feedback.create_ticket"):
        raise PermissionDenied
    return actor


def _initial(customer: Customer | None, typed: Any) -> dict[str, Any]:
    """What is known of the caller, and without scripts what had been typed when the look-up button was pressed."""
    given = {name: value for name, value in typed.items() if name in NewTicketForm.base_fields}
    if customer is None:
        return given
    known = {"language": customer.language, "tier": customer.tier, "region": customer.region}
    return {**given, **known, "preferred_channel": customer.preferred_channel}


def _chosen(text: str, actor: Actor) -> Customer | None:
    try:
        return masked(actor).filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _channel(request: HttpRequest) -> dict[str, str]:
    return {"channel": Channel.STORE} if request.GET.get("channel") == Channel.STORE else {}


def _receive(
    form: NewTicketForm, customer: Customer | None, token: str, actor: Actor, call: Call | None
) -> Ticket | None:
    if not form.is_valid():
        return None
    try:
        with transaction.atomic():
            ticket = intake.receive(form.report(customer, token, call), actor=actor)
            if call is not None and ticket.is_new:
                services.log(call.pk, ticket, actor=actor)
            return ticket
    except (DomainError, DomainErrors) as error:
        for each in error.errors if isinstance(error, DomainErrors) else [error]:
            each.field = {"name": "contact_name", "contact": "phone"}.get(each.field or "", each.field)
        form.refuse(error)
        return None


def _page(
    request: HttpRequest,
    form: NewTicketForm,
    customer: Customer | None,
    *,
    token: str,
    looked_up: str = "",
    status: int = 200,
    call: Call | None = None,
) -> HttpResponse:
    at_counter = form["channel"].value() == Channel.STORE
    context = {
        "form": form, "token": token, "looked_up": looked_up, "call": call, "counter": at_counter,
        **_card(customer, form.actor),
    }  # fmt: skip
    return framed(request, "desk/new.html", _("New ticket"), context, status)


def _card(customer: Customer | None, actor: Actor) -> dict[str, Any]:
    if customer is None:
        return {"customer": None}
    ratings = reads.ratings_of(customer.pk, actor)
    return {
        "customer": customer,
        "known": customer_360(customer.pk, actor),
        "earlier": reads.of_customer(customer.pk, actor, limit=SHOWN),
        "ratings": ratings,
        "mean_rating": sum(ratings) / len(ratings) if ratings else None,
    }
