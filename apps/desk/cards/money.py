"""A ticket's money: every case with its state and who has it, what was paid, and what can be asked for (LNK-01, REF-09)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from apps.billing import events, selectors
from apps.billing.models import Cancellation, Refund, VoidRequest
from apps.billing.selectors import Line
from apps.billing.services import cancellations, opening, refunds, telling, voids
from apps.billing.settlement import settlement
from apps.billing.states import RefundKind, RefundState, VoidState
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.vocabulary import Demand
from apps.crm.models import Customer
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import money as forms
from apps.desk.forms.base import DeskForm
from apps.desk.money import filers
from apps.feedback.models import Ticket
from apps.journal.models import Event

PAGES = {VoidRequest: "void_request", Refund: "refund", Cancellation: "cancellation"}
TAKEN_BACK = {
    VoidRequest: (VoidState.DRAFT, VoidState.FINANCE_REVIEW, VoidState.MANAGEMENT_REVIEW, VoidState.VERIFICATION),
    Refund: (RefundState.CREATED, RefundState.APPROVED, RefundState.NEEDS_FALLBACK),
    Cancellation: ("review", "checking"),
}


def page(name: str, *args: object, **query: str) -> str:
    """The address of a page under /desk/; "" where there is none."""
    try:
        address = reverse(f"desk:{name}", args=args)
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(query)}" if query else address


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    found = selectors.lines(ticket)
    asks = actor.can("billing.request_void") and ticket.is_open
    handles = actor.can("feedback.handle_ticket")
    wants_back = asks and ticket.demand in (Demand.RETURN, Demand.REFUND)
    if not found and not wants_back and "money_return" not in bound:
        return None
    unopened = _not_opened(ticket)
    filers.name([line.case for line in found])
    return {
        "rows": [_row(line, ticket, actor, handles) for line in found],
        "settlement": settlement(ticket) if found else None,
        "unopened": unopened,
        "confirm": _confirm(ticket, actor, bound, found) if wants_back and handles and not unopened else None,
        "refused": next((bound[n] for n in ("money_back", "money_tell") if n in bound), None),
        "new_void": page("new_void", ticket=ticket.number) if asks else "",
        "new_refund": page("new_refund", ticket=ticket.number) if asks else "",
        "asks": asks,
    }


def _row(line: Line, ticket: Ticket, actor: Actor, handles: bool) -> dict[str, Any]:
    """A case with what its handler can do: take it back while nothing has happened, say why it was refused."""
    case = line.case
    may_file = actor.can("billing.request_refund" if isinstance(case, Refund) else "billing.request_void")
    own = isinstance(case, Refund) or case.requested_by_id in (None, actor.user_id)
    refused = isinstance(case, Refund) and case.state == RefundState.REJECTED and handles
    return {
        "line": line,
        "page": page(PAGES[type(case)], case.number),
        "back": may_file and own and case.state in TAKEN_BACK[type(case)],
        "tell": refused and not telling.was_told(case),
    }


def _confirm(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm], found: list[Line]) -> dict[str, Any] | None:
    """The customer's own demand, to be confirmed; with what would be filed, or why that isn't clear."""
    if any(isinstance(line.case, VoidRequest) and line.case.state != VoidState.WITHDRAWN for line in found):
        return None
    form = bound.get("money_return") or forms.ConfirmReturnForm(ticket=ticket, actor=actor)
    try:
        match = opening.wanted(ticket)
    except DomainError as error:
        return {"form": form, "why": error.words}
    return {"form": form, "invoice": match.invoice, "amount": match.amount}


def _not_opened(ticket: Ticket) -> str:
    """Why the system left it to a person, as long as nothing has been filed since."""
    kinds = (events.MONEY_OPENED, events.MONEY_NOT_OPENED)
    last = Event.objects.filter(subject_id__in=selectors.tickets_of(ticket), kind__in=kinds).order_by("-id").first()
    if last is None or last.kind == events.MONEY_OPENED:
        return ""
    made = VoidRequest if last.data["what"] == opening.VOID else Refund
    if made._default_manager.filter(ticket=last.subject_id, created_at__gt=last.at).exists():
        return ""
    return DomainError(last.data["code"], **last.data["data"]).words


# Acts -----------------------------------------------------------------------------------------------------------------


def _customer(ticket: Ticket) -> Customer:
    return Customer.objects.get(pk=ticket.customer_id)


def _open_void(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    draft = voids.VoidDraft(data["invoice"], data["reason"], data["words"], ticket=ticket)
    return say("Filed as %(number)s; finance signs next.") % {"number": voids.file(draft, actor=actor).number}


def _open_refund(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    request = opening.standing_void(ticket)
    if request is not None and request.state == VoidState.REJECTED:
        request = None
    draft = forms.refund_draft(
        data, kind=RefundKind.REFUND, payment=data["payment"], ticket=ticket, void_request=request
    )
    return _filed(refunds.file(draft, actor=actor))


def _compensate(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    draft = forms.refund_draft(data, kind=data["kind"], customer=_customer(ticket), ticket=ticket)
    return _filed(refunds.file(draft, actor=actor))


def _filed(refund: Refund) -> str:
    words = say("Filed as %(number)s; finance signs next.")
    if refund.above_cap:
        words = say("Filed as %(number)s; it goes beyond what the complaint may cost, so management signs as well.")
    return words % {"number": refund.number}


def _cancel_voucher(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    draft = forms.cancellation_draft(data, customer=_customer(ticket), ticket=ticket)
    made = cancellations.file(draft, actor=actor)
    return say("Filed as %(number)s; finance signs next.") % {"number": made.number}


def _case(ticket: Ticket, pk: UUID) -> Any:
    ids = selectors.tickets_of(ticket)
    for model in PAGES:
        case = model._default_manager.filter(pk=pk, ticket__in=ids).first()
        if case is not None:
            return case
    raise DomainError("core.not_found")


def _take_back(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    case = _case(ticket, data["case"])
    service: Any = {VoidRequest: voids.withdraw, Refund: refunds.cancel, Cancellation: cancellations.withdraw}
    service[type(case)](case, actor=actor, reason=data["reason"])


def _tell(ticket: Ticket, data: dict[str, Any], actor: Actor) -> None:
    case = _case(ticket, data["case"])
    if not isinstance(case, Refund):
        raise DomainError("money.not_refused")
    telling.tell_refused(case, data["text"], actor=actor)


RETURN = Action("money_return", _("Confirm the return"), "assignment_return",
                _("Confirmed; the void request follows by itself."),
                lambda t, d, a: opening.confirm_return(t, actor=a, note=d["note"]), forms.ConfirmReturnForm,
                versioned=False)  # fmt: skip
OPENS = (
    Action("money_void", _("Void request"), "receipt_long", _("Filed."), _open_void, forms.OpenVoidForm,
           permission="billing.request_void", versioned=False),
    Action("money_refund", _("Refund"), "currency_yuan", _("Filed."), _open_refund, forms.OpenRefundForm,
           permission="billing.request_refund", versioned=False),
    Action("money_compensation", _("Compensation"), "redeem", _("Filed."), _compensate, forms.CompensationForm,
           permission="billing.request_refund", versioned=False),
    Action("money_cancellation", _("Voucher or account cancellation"), "block", _("Filed."), _cancel_voucher,
           forms.CancellationForm, permission="billing.request_void", versioned=False),
)  # fmt: skip
CARD = Card(
    "money",
    "work",
    _build,
    (
        RETURN,
        *OPENS,
        Action("money_back", _("Take back"), "undo", _("Taken back."), _take_back, forms.TakeBackForm,
               versioned=False),
        Action("money_tell", _("Tell the customer why"), "outgoing_mail", _("The customer is told."), _tell,
               forms.TellRefusedForm, versioned=False),
    ),
)  # fmt: skip
