"""What people may ask about their data: see, copy, correct, delete (LAW-05). Taken in, checked, answered in time."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from apps.billing import audit_events as events
from apps.billing.audit_states import ErasedFor, RequestKind, RequestOutcome, RequestState
from apps.billing.models import DataRequest
from apps.billing.retention import people
from apps.core import clock, locks, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.vocabulary import Channel, Kind, Tier, Urgency
from apps.crm.models import Customer
from apps.crm.services import customers
from apps.feedback.models import Ticket
from apps.feedback.services import words
from apps.journal import transitions
from apps.journal.events import record
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

RIGHT = "billing.handle_data_request"
WORDS, NOTE, CONTACT = 4_000, 1_000, 200
OPEN_A_PERSON = 3  # open requests sent from one tracking link; more is somebody playing


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """What the person asks; `contact` is where the answer should go."""

    kind: str
    words: str = ""
    contact: str = ""
    customer: Customer | None = None
    ticket: Ticket | None = None


def receive(draft: RequestDraft, *, actor: Actor) -> DataRequest:
    """Take a request in, by staff or by the customer from a tracking page; its deadline runs from now.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `core.required` (words), `data_request.enough`.
    """
    by_customer = actor.kind == "customer"
    if not by_customer and not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    if draft.kind not in RequestKind.values:
        raise DomainError("core.invalid_choice", field="kind", value=draft.kind)
    text = words.checked(draft.words, "words", limit=WORDS, required=None if by_customer else "core.required")
    contact = words.checked(draft.contact, "contact", limit=CONTACT)
    customer = draft.customer or (draft.ticket.customer if draft.ticket else None)
    with transaction.atomic():
        if by_customer and customer is not None and people.open_requests(customer).count() >= OPEN_A_PERSON:
            raise DomainError("data_request.enough")
        row = DataRequest(
            kind=draft.kind, customer=customer, ticket=draft.ticket, by_customer=by_customer, words=text,
            contact=contact, received_at=clock.now(),
        )  # fmt: skip
        facts = Facts(Kind.INQUIRY, Urgency.NORMAL, Channel.ONLINE, Tier.NORMAL, None)
        deadlines.start(row, [Metric.DATA_REQUEST], facts, at=row.received_at)
        data = {"kind": draft.kind, "by_customer": by_customer}
        record(events.REQUEST_RECEIVED, subject=row, actor=actor, data=data)
        numbers.insert(row, "data-request", mark="P")
        return row


def link(request: DataRequest, customer: Customer, *, actor: Actor) -> DataRequest:
    """Say whose data is meant. Raises DomainError `core.not_allowed`, `data_request.over`."""
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(DataRequest, request.pk)
        if fresh.state != RequestState.RECEIVED:
            raise DomainError("data_request.over")
        fresh.customer = customer
        fresh.save(update_fields=["customer"])
        return fresh


def check_identity(request: DataRequest, note: str, *, actor: Actor) -> DataRequest:
    """Somebody made sure that it is this person: how, in words. Raises DomainError `core.required`, `data_request.no_customer`."""
    text = words.checked(note, "note", limit=NOTE, required="core.required")
    return transitions.apply(request, "check_identity", actor=actor, note=text, by=actor.user_id)


def give(request: DataRequest, answer: str, *, actor: Actor, held: bool = True) -> DataRequest:
    """The copy was given (`held`), or nothing is held. Raises DomainError `data_request.other_kind`, `core.required`."""
    if request.kind not in (RequestKind.SEE, RequestKind.COPY):
        raise DomainError("data_request.other_kind")
    return _settle(request, RequestOutcome.GIVEN if held else RequestOutcome.NOTHING, answer, actor)


def correct(request: DataRequest, changes: Mapping[str, str], answer: str, *, actor: Actor) -> DataRequest:
    """Correct the customer's record through its own service. Raises what `customers.update` raises as well."""
    if request.kind != RequestKind.CORRECT or request.customer is None:
        raise DomainError("data_request.other_kind")
    given = {name: value for name, value in changes.items() if value.strip()}
    if not given:
        raise DomainError("core.required", field="name")
    with transaction.atomic():
        customers.update(request.customer, given, actor=actor, reason=_("Data request %(n)s") % {"n": request.number})
        return _settle(request, RequestOutcome.CORRECTED, answer, actor)


def delete(request: DataRequest, answer: str, *, actor: Actor) -> DataRequest:
    """Erase the person's data; where the law or something open keeps it, restrict it instead, and say why in words.

    Raises DomainError `core.not_allowed`, `data_request.other_kind`, `core.required`, `transition.impossible`.
    """
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    if request.kind != RequestKind.DELETE or request.customer_id is None:
        raise DomainError("data_request.other_kind")
    with transaction.atomic():
        customer = locks.row(Customer, request.customer_id)
        if customer.erased_at is not None:
            return _settle(request, RequestOutcome.NOTHING, answer, actor)
        kept = people.duties(customer)
        if not kept:
            # Settled first: the answer itself names the person and is wiped with the rest.
            settled = _settle(request, RequestOutcome.ERASED, answer, actor)
            people.erase(
                customer, actor=actor, because=ErasedFor.REQUEST, why=_("Data request %(n)s") % {"n": request.number}
            )
            return DataRequest.objects.get(pk=settled.pk)
        why = _("Data request %(n)s") % {"n": request.number}
        people.restrict(customer, actor=actor, reason=why)
        reasons = [duty.words for duty in kept]
        return _settle(request, RequestOutcome.RESTRICTED, answer, actor, reasons)


def refuse(request: DataRequest, answer: str, *, actor: Actor) -> DataRequest:
    """Not this person, or not theirs to ask; the reason is told to them (PIPL art. 50)."""
    text = words.checked(answer, "answer", limit=WORDS, required="reason.missing")
    with transaction.atomic():
        refused = transitions.apply(request, "refuse", actor=actor, answer=text, by=actor.user_id)
        deadlines.meet(refused, Metric.DATA_REQUEST, at=clock.now())
        return refused


def withdraw(request: DataRequest, *, actor: Actor, reason: str = "") -> DataRequest:
    """The person takes it back."""
    with transaction.atomic():
        ended = transitions.apply(request, "withdraw", actor=actor, reason=reason)
        deadlines.cancel(ended, [Metric.DATA_REQUEST], at=clock.now())
        return ended


def _settle(
    request: DataRequest, outcome: str, answer: str, actor: Actor, reasons: list[str] | None = None
) -> DataRequest:
    text = words.checked(answer, "answer", limit=WORDS, required="core.required")
    with transaction.atomic():
        settled = transitions.apply(
            request, "settle", actor=actor, outcome=outcome, answer=text, by=actor.user_id, reasons=reasons or []
        )
        deadlines.meet(settled, Metric.DATA_REQUEST, at=clock.now())
        return settled
