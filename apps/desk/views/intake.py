"""Logging a call: who it is first, then what happened (INT-12)."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.principals import actor_for
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.crm.models import Customer
from apps.crm.selectors import customer_360, find_customer, masked
from apps.desk.files import collect
from apps.desk.forms.intake import NewTicketForm
from apps.desk.views.frame import framed, is_partial
from apps.feedback.models import Ticket
from apps.feedback.selectors import workspace as reads
from apps.feedback.services import intake

SHOWN = 8


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`?customer=<id>` begins with a known customer."""
    actor = _clerk(request)
    customer = _chosen(request.POST.get("customer") or request.GET.get("customer", ""), actor)
    if request.method == "GET":
        form = NewTicketForm(actor=actor, initial=_initial(customer, {}))
        return _page(request, form, customer, token=uuid4().hex)
    form = NewTicketForm(request.POST, actor=actor)
    form.kept, refused = collect(request, actor)
    for error in refused:
        form.refuse(error)
    token = request.POST.get("token", "")[:40] or uuid4().hex
    ticket = _receive(form, customer, token, actor)
    if ticket is None:
        return _page(request, form, customer, token=token, status=422)
    messages.success(request, _("Registered as %(number)s.") % {"number": ticket.number})
    return redirect("admin:desk_ticket", ticket.number)


@require_POST
def caller(request: HttpRequest) -> HttpResponse:
    """Who calls: by phone, e-mail, order or customer number, found before anything is typed."""
    actor = _clerk(request)
    looked_up = request.POST.get("lookup", "").strip()
    customer = find_customer(looked_up, actor)
    if is_partial(request):
        return render(request, "desk/_caller.html", {"looked_up": looked_up, **_card(customer, actor)})
    form = NewTicketForm(actor=actor, initial=_initial(customer, request.POST))
    return _page(request, form, customer, token=uuid4().hex, looked_up=looked_up)


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


def _receive(form: NewTicketForm, customer: Customer | None, token: str, actor: Actor) -> Ticket | None:
    if not form.is_valid():
        return None
    try:
        return intake.receive(form.report(customer, token), actor=actor)
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
) -> HttpResponse:
    context = {"form": form, "token": token, "looked_up": looked_up, **_card(customer, form.actor)}
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
