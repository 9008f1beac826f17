"""Void requests: the list, each one's page, new ones (VOI-01, VOI-07)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.principals import actor_for
from apps.billing import awaited
from apps.billing.models import Invoice, Refund, TaxOperation, VoidRequest
from apps.billing.services import balance, invoices, voids
from apps.billing.states import VoidState
from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.desk.money import acts, filers, pages, void_acts, void_view
from apps.desk.money.new_void import NewVoid, found_invoices
from apps.desk.views import cases
from apps.desk.views.cases import Kind, Tab
from apps.desk.views.frame import framed, is_partial
from apps.sla import selectors as sla

S = VoidState
KIND = Kind("void", void_view.find, lambda c, a, b: pages.void(c, a, b), void_acts.BY_NAME, void_view.address)
TABS = (
    Tab("sign", gettext_lazy("To sign"), (S.FINANCE_REVIEW, S.MANAGEMENT_REVIEW)),
    Tab("verify", gettext_lazy("To verify"), (S.VERIFICATION,)),
    Tab("form", gettext_lazy("Waiting for a form"), (S.AWAITING_FORM,)),
    Tab("ready", gettext_lazy("To execute"), (S.READY,)),
    Tab("running", gettext_lazy("On their way"), (S.EXECUTING, S.UNKNOWN)),
    Tab("done", gettext_lazy("Done"), (S.DONE, S.ARCHIVED)),
    Tab("over", gettext_lazy("Rejected or withdrawn"), (S.REJECTED, S.WITHDRAWN, S.DRAFT)),
)


def _search(rows: Any, asked: str) -> Any:
    named = Q(number=asked) | Q(invoice__number=asked) | Q(ticket__number=asked) | Q(certificate=asked)
    return rows.filter(named | Q(invoice__buyer_name__startswith=asked) | Q(invoice__order__number=asked))


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    actor = actor_for(request)
    if not (actor.can("billing.view_voidrequest") or actor.can("billing.request_void")):
        raise Http404
    rows = VoidRequest.objects.visible_to(actor).select_related("invoice", "reason", "requested_by", "rule")
    found = cases.listed(request, rows.defer("ruling", "words"), TABS, _search)
    due, awaits = sla.open_by_subject([row.pk for row in found.rows]), awaited.words(found.rows)
    filers.name(found.rows)
    for row in found.rows:
        row.awaits = awaits.get(row.pk, "")
        row.next_due = next(iter(due.get(row.pk, ())), None)
    context = {"found": found, "may_file": actor.can("billing.request_void")}
    return framed(request, "desk/money/voids.html", _("Void requests"), context)


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """By number, or by id: then it leads to the number."""
    return cases.show(request, KIND, KIND.one(request, key))


@require_POST
def act(request: HttpRequest, key: str, name: str) -> HttpResponse:
    return cases.act(request, KIND, key, name)


@require_GET
def tax_file(request: HttpRequest, key: str, operation_id: UUID) -> HttpResponse:
    """The certificate or red invoice that came with a call, for who may see its request."""
    rows = TaxOperation.objects.filter(request=KIND.one(request, key), pk=operation_id).select_related("file")
    operation = rows.first()
    if operation is None or operation.file is None:
        raise Http404
    return uploads.response(operation.file)  # type: ignore[return-value]


# New requests --------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`?ticket=` and `?invoice=` fill the form; else the invoice is looked up first."""
    actor = actor_for(request)
    if not actor.can("billing.request_void"):
        raise Http404
    form = _form(request, actor)
    if request.method == "POST" and form.is_valid():
        try:
            number = acts.filed(request.POST, actor, form.file)
        except (DomainError, DomainErrors) as error:
            form.refuse(error)
        else:
            messages.success(request, _("Filed; finance signs next."))
            return redirect("desk:void_request", number)
    status = 422 if request.method == "POST" else 200
    return framed(request, "desk/money/new_void.html", _("New void request"), _new_context(form, actor), status)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Act, article, amounts by line and signatures of what stands in the form now. Writes nothing."""
    actor = actor_for(request)
    if not actor.can("billing.request_void"):
        raise Http404
    return render(request, "desk/money/_void_preview.html", _new_context(_form(request, actor), actor))


def _form(request: HttpRequest, actor: Actor) -> NewVoid:
    data: Mapping[str, Any] | None = request.POST if request.method == "POST" else None
    return NewVoid(data, actor=actor, ticket_number=_given(request, "ticket"), invoice_id=_given(request, "invoice"))


def _given(request: HttpRequest, name: str) -> str:
    return (request.POST.get(name) or request.GET.get(name) or "").strip()[:60]


def _new_context(form: NewVoid, actor: Actor) -> dict[str, Any]:
    number = form.about.number if form.about else ""
    return {"form": form, "invoice": form.invoice, "preview": form.preview(), "ticket": number, "token": uuid4().hex}


@require_GET
def invoice_lookup(request: HttpRequest) -> HttpResponse:
    """Invoices by exactly this number, order number or ERP number."""
    actor = actor_for(request)
    if not actor.can("billing.request_void"):
        raise Http404
    asked = request.GET.get("find", "").strip()[:60]
    context = {"asked": asked, "found": found_invoices(asked, actor), "ticket": request.GET.get("ticket", "")[:30]}
    if is_partial(request):
        return render(request, "desk/money/_invoices.html", context)
    return framed(request, "desk/money/invoices.html", _("Find an invoice"), context)


@require_GET
def invoice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """An invoice with its lines, what is left of them, its facts and everything that was done to it."""
    actor = actor_for(request)
    rows = Invoice.objects.visible_to(actor).select_related("customer", "order", "red_of", "replaces")
    one = rows.filter(pk=pk).first()
    if one is None:
        raise Http404
    requests = VoidRequest.objects.visible_to(actor).filter(invoice=one).select_related("reason", "ticket", "invoice")
    lines = list(one.lines.order_by("position"))
    left = not one.is_red and bool(balance.everything(lines))
    context = {
        "invoice": one,
        "lines": lines,
        "facts": list(invoices.known_facts(one).values()),
        "requests": list(requests.order_by("-id")[:50]),
        "reds": list(one.reds.order_by("issued_at")[:50]),
        "replacements": list(one.replacements.all()[:10]),
        "refunds": list(Refund.objects.visible_to(actor).filter(void_request__invoice=one).order_by("-id")[:50]),
        "may_file": actor.can("billing.request_void") and left and bool(voids.reasons_for(one)),
    }
    return framed(request, "desk/money/invoice.html", str(one), context)
