"""Refunds and compensation: the list, each one's page, new ones (REF-09)."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.principals import actor_for
from apps.billing.models import HandPayment, Refund
from apps.billing.states import RefundState
from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.desk.money import acts, filers, pages, refund_acts, refund_view
from apps.desk.money.new_refund import NewRefund
from apps.desk.views import cases
from apps.desk.views.cases import Kind, Tab
from apps.desk.views.frame import framed

S = RefundState
KIND = Kind("refund", refund_view.find, lambda c, a, b: pages.refund(c, a, b), refund_acts.BY_NAME, refund_view.address)
TABS = (
    Tab("sign", gettext_lazy("To sign"), (S.CREATED,)),
    Tab("approved", gettext_lazy("Approved, not sent"), (S.APPROVED,)),
    Tab("running", gettext_lazy("On their way"), (S.PROCESSING, S.UNKNOWN)),
    Tab("stuck", gettext_lazy("Need another way"), (S.NEEDS_FALLBACK, S.BOUNCED)),
    Tab("paid", pgettext_lazy("refunds", "Paid"), (S.SUCCEEDED,)),
    Tab("over", gettext_lazy("Rejected or cancelled"), (S.REJECTED, S.CANCELLED)),
)
HIDDEN = (
    *(f"customer__{name}" for name in ("name", "phone", "email", "address", "note")), "payee_name", "payee_account", "words",
)  # fmt: skip


def _search(rows: Any, asked: str) -> Any:
    named = Q(number=asked) | Q(payment__number=asked) | Q(ticket__number=asked) | Q(attempts__number=asked)
    return rows.filter(named | Q(payment__order__number=asked) | Q(void_request__number=asked)).distinct()


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    actor = actor_for(request)
    if not (actor.can("billing.view_refund") or actor.can("billing.request_refund")):
        raise Http404
    rows = Refund.objects.visible_to(actor).select_related("customer", "requested_by", "ticket").defer(*HIDDEN)
    found = cases.listed(request, rows, TABS, _search)
    filers.name(found.rows)
    context = {"found": found, "may_file": actor.can("billing.request_refund")}
    return framed(request, "desk/money/refunds.html", _("Refunds"), context)


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    return cases.show(request, KIND, KIND.one(request, key))


@require_POST
def act(request: HttpRequest, key: str, name: str) -> HttpResponse:
    return cases.act(request, KIND, key, name)


@require_GET
def hand_proof(request: HttpRequest, key: str, payment_id: UUID) -> HttpResponse:
    """The proof of a payment by hand, for who may see its refund."""
    rows = HandPayment.objects.filter(attempt__refund=KIND.one(request, key), pk=payment_id).select_related("proof")
    paid = rows.first()
    if paid is None or paid.proof is None:
        raise Http404
    return uploads.response(paid.proof)  # type: ignore[return-value]


# New ones ------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`?ticket=`, `?void=` and `?payment=` fill the form; else the payment is looked up by its number or the order's."""
    actor = actor_for(request)
    if not actor.can("billing.request_refund"):
        raise Http404
    form = _form(request, actor)
    if request.method == "POST" and form.is_valid():
        try:
            number = acts.filed(request.POST, actor, form.file)
        except (DomainError, DomainErrors) as error:
            form.refuse(error)
        else:
            messages.success(request, _("Filed; it waits for its signatures."))
            return redirect("desk:refund", number)
    status = 422 if request.method == "POST" else 200
    return framed(request, "desk/money/new_refund.html", _("New refund or compensation"), _context(form), status)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What is left, which way it goes, who signs. Writes nothing."""
    actor = actor_for(request)
    if not actor.can("billing.request_refund"):
        raise Http404
    return render(request, "desk/money/_refund_preview.html", _context(_form(request, actor)))


def _form(request: HttpRequest, actor: Actor) -> NewRefund:
    data = request.POST if request.method == "POST" else None
    given = {name: (request.POST.get(name) or request.GET.get(name) or "").strip()[:64] for name in ("ticket", "void")}
    found = (request.POST.get("payment") or request.GET.get("payment") or "").strip()[:64]
    return NewRefund(data, actor=actor, ticket_number=given["ticket"], void_number=given["void"], payment_key=found)


def _context(form: NewRefund) -> dict[str, Any]:
    return {"form": form, "preview": form.preview(), "token": uuid4().hex}
