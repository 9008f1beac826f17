"""Requests about personal data: taken in, checked, answered; restrictions (LAW-05)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.billing.audit_states import OPEN_REQUESTS, RequestKind, RequestState
from apps.billing.models import DataRequest
from apps.billing.retention import export, people, requests
from apps.billing.retention.requests import RequestDraft
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.crm.selectors import find_customer
from apps.desk.forms.audit import AnswerForm, CorrectForm, IdentityForm, LinkForm, PlainForm, RequestForm
from apps.desk.views import audit_frame as frame
from apps.desk.views.frame import framed
from apps.sla.models import Deadline
from apps.sla.states import Metric

SEES = ("billing.view_datarequest", "billing.handle_data_request")
LISTED = 200


def _with_due() -> Any:
    clocks = Deadline.objects.filter(subject_id=OuterRef("pk"), metric=Metric.DATA_REQUEST).order_by("-id")
    rows = DataRequest.objects.select_related("customer", "answered_by", "checked_by", "ticket")
    rows = rows.defer("customer__name", "customer__phone", "customer__email", "customer__address", "customer__note")
    return rows.annotate(
        due_at=Subquery(clocks.values("due_at")[:1]), started_at=Subquery(clocks.values("started_at")[:1])
    )


@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """Open requests, the next due first; answered ones; restricted customers; taking one in."""
    actor = frame.reader(request, *SEES)
    form = RequestForm(request.POST or None)
    new: list[DataRequest] = []

    def receive(given: dict[str, Any]) -> None:
        customer = _found(given.pop("customer"), actor)
        new.append(requests.receive(RequestDraft(customer=customer, **given), actor=actor))

    if request.method == "POST" and frame.done(request, form, receive, _("Taken in; its deadline runs.")):
        return redirect("desk:data_request", new[0].pk)
    tab = request.GET.get("tab", "open")
    rows = _with_due()
    tabs = [("open", _("Open")), ("over", _("Answered")), ("restricted", _("Restricted customers"))]
    open_ones = rows.filter(state__in=[s.value for s in OPEN_REQUESTS]).order_by("due_at", "id")
    over = rows.exclude(state__in=[s.value for s in OPEN_REQUESTS]).order_by("-id")
    restricted = Customer.objects.filter(restricted_at__isnull=False, erased_at=None).order_by("-restricted_at")
    context = {
        "tab": tab if tab in dict(tabs) else "open", "tabs": tabs, "form": form, "now": clock.now(),
        "requests": (over if tab == "over" else open_ones)[:LISTED], "may": actor.can(requests.RIGHT),
        "restricted": restricted.defer("name", "phone", "email", "address", "note")[:LISTED] if tab == "restricted" else [],
    }  # fmt: skip
    return framed(request, "desk/audit/requests.html", _("Data requests"), context, 422 if form.errors else 200)


def _found(text: str, actor: Actor) -> Customer | None:
    """Raises DomainError `core.not_found` beside the field when nobody is found."""
    if not text.strip():
        return None
    customer = find_customer(text, actor)
    if customer is None:
        raise DomainError("core.not_found", field="customer")
    return customer


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One request, step by step."""
    actor = frame.reader(request, *SEES)
    row: DataRequest = frame.known(_with_due(), pk)
    forms: dict[str, PlainForm] = {
        "link": LinkForm(), "identity": IdentityForm(), "correct": CorrectForm(initial={"answer": _proposed(row)}),
        "answer": AnswerForm(initial={"answer": _proposed(row)}), "refuse": AnswerForm(),
    }  # fmt: skip
    step = request.POST.get("step", "")
    if request.method == "POST":
        if step not in STEPS:
            raise Http404
        made, said, act = STEPS[step]
        forms[made] = type(forms[made])(request.POST)
        if frame.done(request, forms[made], lambda given: act(row, given, actor, forms[made]), str(said())):
            return redirect("desk:data_request", pk)
    customer = row.customer
    shows = row.is_open or row.state == RequestState.ANSWERED
    context = {
        "row": row, "forms": forms, "step": step, "may": actor.can(requests.RIGHT),
        "duties": people.duties(customer) if customer and row.kind == RequestKind.DELETE and row.is_open else [],
        "copy": shows and row.kind in (RequestKind.SEE, RequestKind.COPY) and row.state != RequestState.RECEIVED,
        "may_clear": actor.can(export.CLEAR), "states": RequestState, "kinds": RequestKind,
        "customer_link": reverse("admin:crm_customer_change", args=[customer.pk]) if customer else "",
    }  # fmt: skip
    title = _("Data request %(number)s") % {"number": row.number}
    response = framed(request, "desk/audit/request.html", title, context, 422 if step else 200)
    response["Cache-Control"] = "no-store"
    return response


def _proposed(row: DataRequest) -> str:
    """The words of an answer to begin with; the handler edits them."""
    if row.kind == RequestKind.DELETE:
        kept = people.duties(row.customer) if row.customer else []
        if kept:
            return _("The following must be kept by law; we have stopped every other use of your data: %(why)s") % {
                "why": " ".join(duty.words for duty in kept)
            }
        return _("We have erased your personal data.")
    if row.kind == RequestKind.CORRECT:
        return _("We have corrected your data.")
    return _("The copy of your data is attached.")


def _link(row: DataRequest, given: dict[str, Any], actor: Actor, form: PlainForm) -> None:
    customer = _found(given["customer"], actor)
    if customer is not None:
        requests.link(row, customer, actor=actor)


def _correct(row: DataRequest, given: dict[str, Any], actor: Actor, form: Any) -> None:
    requests.correct(row, form.changes(), given["answer"], actor=actor)


STEPS: dict[str, tuple[str, Any, Any]] = {
    "link": ("link", lambda: _("It is this customer."), _link),
    "identity": (
        "identity", lambda: _("The identity is checked."),
        lambda row, given, actor, form: requests.check_identity(row, given["note"], actor=actor),
    ),
    "give": (
        "answer", lambda: _("Answered."), lambda row, given, actor, form: requests.give(row, given["answer"], actor=actor),
    ),
    "nothing": (
        "answer", lambda: _("Answered: nothing is held."),
        lambda row, given, actor, form: requests.give(row, given["answer"], actor=actor, held=False),
    ),
    "correct": ("correct", lambda: _("Corrected and answered."), _correct),
    "delete": (
        "answer", lambda: _("Done; see below what became of the data."),
        lambda row, given, actor, form: requests.delete(row, given["answer"], actor=actor),
    ),
    "refuse": (
        "refuse", lambda: _("Refused."), lambda row, given, actor, form: requests.refuse(row, given["answer"], actor=actor),
    ),
    "withdraw": (
        "refuse", lambda: _("The person took it back."),
        lambda row, given, actor, form: requests.withdraw(row, actor=actor, reason=""),
    ),
}  # fmt: skip


@require_POST
def copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The copy as a ZIP; each one is recorded with its digest."""
    actor = frame.reader(request, *SEES)
    row: DataRequest = frame.known(DataRequest.objects.visible_to(actor).select_related("customer"), pk)
    try:
        name, content = export.download(row, actor=actor)
    except DomainError as error:
        messages.error(request, error.words)
        return redirect("desk:data_request", pk)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a customer's restriction, with a reason."""
    actor = frame.reader(request, requests.RIGHT)
    customer: Customer = frame.known(Customer.objects.visible_to(actor), pk)
    reason = request.POST.get("reason", "")
    frame.tried(request, lambda: people.lift(customer, actor=actor, reason=reason), _("The restriction is lifted."))
    return redirect(f"{reverse('desk:data_requests')}?tab=restricted")
