"""Customers whose time is up, and what keeps a customer's data longer (ARC-05, LAW-05)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from apps.billing.audit_states import OPEN_REQUESTS, ErasedFor, RecordKind
from apps.billing.models import Cancellation, DataRequest, Erasure, Invoice, LegalHold, Payment, Refund, VoidRequest
from apps.billing.retention import holds, terms, wiping
from apps.billing.retention.records import OVER
from apps.billing.retention.terms import Term
from apps.billing.states import OPEN_CANCELLATIONS
from apps.channels.models import Call
from apps.channels.services import erasure as channels
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.erasure import Wiped, wipe
from apps.core.errors import DomainError
from apps.crm.models import Customer, Order
from apps.crm.services import privacy
from apps.feedback.models import Ticket
from apps.feedback.services import erasure as feedback
from apps.feedback.states import OPEN_STATES
from apps.journal.erasure import erase_words
from apps.journal.events import ref
from apps.notifications.services import erasure as notifications

RIGHT = "billing.handle_data_request"
OPEN = [state.value for state in OPEN_STATES]
BATCH = 200


@dataclass(frozen=True, slots=True)
class Duty:
    """Why a customer's data must stay for now, in words; `until` is None while something runs."""

    words: str
    until: date | None


def last_contact(customer: Customer) -> datetime:
    """The latest moment we had to do with the person."""
    latest = [
        customer.created_at,
        Ticket.objects.filter(customer=customer).aggregate(at=Max("received_at"))["at"],
        Ticket.objects.filter(customer=customer).aggregate(at=Max("closed_at"))["at"],
        Order.objects.filter(customer=customer).aggregate(at=Max("ordered_at"))["at"],
        Payment.objects.filter(customer=customer).aggregate(at=Max("paid_at"))["at"],
        Refund.objects.filter(customer=customer).aggregate(at=Max("settled_at"))["at"],
        Call.objects.filter(customer=customer).aggregate(at=Max("rang_at"))["at"],
    ]
    return max(moment for moment in latest if moment is not None)


def duties(customer: Customer, in_force: dict[str, Term] | None = None) -> list[Duty]:
    """What forbids erasing this customer today: holds, what is open, retention that runs. Ours to keep, not ours to use."""
    in_force = terms.in_force() if in_force is None else in_force
    day = terms.today()
    return [d for d in _reasons(customer, in_force) if d.until is None or d.until > day]


def _reasons(customer: Customer, in_force: dict[str, Term]) -> Iterator[Duty]:
    yield from _running(customer)
    tickets = Ticket.objects.filter(customer=customer).exclude(state__in=OPEN)
    requests = VoidRequest.objects.filter(Q(invoice__customer=customer) | Q(ticket__customer=customer))
    ends: list[tuple[RecordKind, Any]] = [
        (
            RecordKind.COMPLAINT,
            tickets.aggregate(a=Max("closed_at"))["a"] or tickets.aggregate(a=Max("received_at"))["a"],
        ),
        (RecordKind.TRANSACTION, _latest(Order.objects.filter(customer=customer), "delivered_at", "ordered_at")),
        (RecordKind.VOUCHER, _latest(Payment.objects.filter(customer=customer), "paid_at")),
        (RecordKind.VOUCHER, _latest(Refund.objects.filter(customer=customer), "settled_at")),
        (RecordKind.VOUCHER, _latest(Invoice.objects.filter(customer=customer), "issued_at")),
        (RecordKind.VOUCHER, _latest(requests, "executed_at", "submitted_at")),
    ]
    latest: dict[RecordKind, Any] = {}
    for covers, ended in ends:
        if ended is not None and (covers not in latest or ended > latest[covers]):
            latest[covers] = ended
    for covers, ended in latest.items():
        term = in_force.get(covers)
        if term is not None and term.row.holds_person:
            yield Duty(term.words(ended), term.until(ended))


def _running(customer: Customer) -> Iterator[Duty]:
    for ticket in Ticket.objects.filter(customer=customer, state__in=OPEN).order_by("id")[:5]:
        yield Duty(_("Ticket %(number)s is still open.") % {"number": ticket.number}, None)
    for refund in Refund.objects.filter(customer=customer, settled_at=None).order_by("id")[:5]:
        yield Duty(_("Refund %(number)s is not settled yet.") % {"number": refund.number}, None)
    own = Q(invoice__customer=customer) | Q(ticket__customer=customer)
    for request in VoidRequest.objects.filter(own).exclude(state__in=OVER).order_by("id")[:5]:
        yield Duty(_("Void request %(number)s is not finished yet.") % {"number": request.number}, None)
    for case in Cancellation.objects.filter(customer=customer, state__in=OPEN_CANCELLATIONS).order_by("id")[:5]:
        yield Duty(_("Case %(number)s is not finished yet.") % {"number": case.number}, None)
    for hold in holds.on(_held_ids(customer)):
        yield Duty(_("Legal hold on %(record)s: %(reason)s") % {"record": hold.label, "reason": hold.reason}, None)


def _held_ids(customer: Customer) -> list[UUID]:
    """The customer and everything of theirs that somebody may have put a hold on."""
    own: list[UUID] = [customer.pk]
    for rows in (
        Ticket.objects.filter(customer=customer), Order.objects.filter(customer=customer),
        Payment.objects.filter(customer=customer), Refund.objects.filter(customer=customer),
        Invoice.objects.filter(customer=customer), VoidRequest.objects.filter(invoice__customer=customer),
    ):  # fmt: skip
        held = LegalHold.objects.filter(subject_id=OuterRef("pk"), lifted_at=None)
        own += list(rows.filter(Exists(held)).values_list("pk", flat=True))
    return own


def _latest(rows: "QuerySet[Any]", *columns: str) -> Any:
    found = rows.aggregate(**{name: Max(name) for name in columns})
    moments = [moment for moment in found.values() if moment is not None]
    return max(moments) if moments else None


def candidates(in_force: dict[str, Term] | None = None) -> "QuerySet[Customer]":
    """Customers who may be due by their dates, oldest first; `due` looks at each. No count: there may be a million.

    A restricted customer waits only for what the law keeps; any other one also for the time of personal data itself.
    """
    in_force = terms.in_force() if in_force is None else in_force
    day = terms.today()
    found = Customer.objects.filter(erased_at=None)
    own = in_force.get(RecordKind.PERSON)
    if own is None:
        found = found.filter(restricted_at__isnull=False)
    else:
        before = _start(own.cutoff(day))
        recent = Exists(Ticket.objects.filter(customer=OuterRef("pk"), received_at__gte=before))
        recent |= Exists(Order.objects.filter(customer=OuterRef("pk"), ordered_at__gte=before))
        recent |= Exists(Payment.objects.filter(customer=OuterRef("pk"), paid_at__gte=before))
        found = found.filter(Q(restricted_at__isnull=False) | (Q(created_at__lt=before) & ~Q(recent)))
    busy = Exists(Ticket.objects.filter(customer=OuterRef("pk"), state__in=OPEN))
    for covers, model, column in (
        (RecordKind.COMPLAINT, Ticket, "closed_at"), (RecordKind.TRANSACTION, Order, "ordered_at"),
        (RecordKind.VOUCHER, Payment, "paid_at"), (RecordKind.VOUCHER, Refund, "settled_at"),
        (RecordKind.VOUCHER, Invoice, "issued_at"),
    ):  # fmt: skip
        term = in_force.get(covers)
        if term is not None and term.row.holds_person:
            since = {f"{column}__gte": _start(term.cutoff(day))}
            busy |= Exists(model.objects.filter(customer=OuterRef("pk"), **since))
    return found.exclude(Q(busy)).order_by("id")


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), clock.SHANGHAI)


def due(customer: Customer, in_force: dict[str, Term]) -> str:
    """Why this customer's time is up, in words; empty while it isn't."""
    if customer.erased_at is not None or duties(customer, in_force):
        return ""
    if customer.restricted_at is not None:
        return _("Restricted at the person's wish; nothing keeps the data any longer.")
    own = in_force.get(RecordKind.PERSON)
    if own is None:
        return ""
    ended = last_contact(customer)
    if own.until(ended) > terms.today():
        return ""
    return own.words(ended)


def due_now(limit: int = 50) -> list[tuple[Customer, str]]:
    """What the next run of the job will anonymise, with the reasons: the preview."""
    in_force = terms.in_force()
    rows = candidates(in_force).defer("name", "phone", "email", "address", "note")[: limit * 4]
    return [(row, why) for row in rows if (why := due(row, in_force))][:limit]


def anonymise_due(*, actor: Actor | None = None, limit: int = BATCH) -> int:
    """Anonymise customers whose time is up, each in a transaction of its own; returns how many. A repeat goes on.

    Raises DomainError `core.not_allowed`.
    """
    actor = actor or system("retention")
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    in_force, done, after = terms.in_force(), 0, None
    while done < limit:
        rows = candidates(in_force) if after is None else candidates(in_force).filter(pk__gt=after)
        page = list(rows.values_list("pk", flat=True)[:BATCH])
        if not page:
            break
        for pk in page:
            if done >= limit:
                break
            done += _anonymise_if_due(pk, in_force, actor)
        after = page[-1]
    return done


def _anonymise_if_due(pk: UUID, in_force: dict[str, Term], actor: Actor) -> bool:
    with transaction.atomic():
        customer = locks.row(Customer, pk)  # a hold that is placed now is waited for, or waits for us
        why = due(customer, in_force)
        if why:
            erase(customer, actor=actor, because=ErasedFor.TIME_UP, why=why)
    return bool(why)


def erase(customer: Customer, *, actor: Actor, because: str, why: str) -> Erasure | None:
    """Wipe everything that names this person, in every room, with the words of the events. None: it was done before.

    Raises DomainError `privacy.kept` while something keeps it (`duties` says what).
    """
    with transaction.atomic():
        fresh = locks.row(Customer, customer.pk)
        if fresh.erased_at is not None:
            return None
        in_force = terms.in_force()
        if kept := duties(fresh, in_force):
            raise DomainError("privacy.kept", why=kept[0].words)
        indexes = privacy.indexes_of(fresh)
        done = _wipe_records(fresh, in_force, actor, why)
        done += channels.erase_person(fresh.pk, indexes) + feedback.erase_sender(indexes)
        done += notifications.erase([fresh.pk], indexes)
        own = DataRequest.objects.filter(customer=fresh)
        done += wipe(own, texts=("words", "identity_note", "answer"), blanks=("contact",))
        done += privacy.erase(fresh, actor=actor, reason="")
        erase_words([ref(fresh), *(ref(row) for row in own)], actor=actor)
        wiping.forget_admin_log(fresh.pk)
        return wiping.keep_record(fresh, done, actor=actor, because=because, why=why)


def _wipe_records(customer: Customer, in_force: dict[str, Term], actor: Actor, why: str) -> Wiped:
    """Tickets, and money whose own time does not run any longer (vouchers that need no person keep theirs)."""
    done = Wiped()
    rows: list[Any] = [*feedback.tickets_of(customer.pk)]
    rows += Cancellation.objects.filter(customer=customer)
    day = terms.today()
    voucher = in_force.get(RecordKind.VOUCHER)
    before = _start(voucher.cutoff(day)) if voucher else clock.now()
    own = Q(invoice__customer=customer) | Q(ticket__customer=customer)
    rows += VoidRequest.objects.filter(own, created_at__lt=before)
    rows += Refund.objects.filter(customer=customer, settled_at__lt=before)
    rows += Payment.objects.filter(customer=customer, paid_at__lt=before)
    rows += Invoice.objects.filter(customer=customer, issued_at__lt=before)
    rows += Order.objects.filter(customer=customer)
    for row in rows:
        done += wiping.destroy(row, actor=actor, why=why)
    return done


def restrict(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """Stop everything but storage and protection: the indexes go, the words of the tickets are found no more (LAW-05).

    Raises DomainError `core.not_allowed`, `crm.erased`.
    """
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = privacy.restrict(customer, actor=actor, reason=reason)
        feedback.hide(fresh.pk)
        return fresh


def lift(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """End a restriction. Raises DomainError `core.not_allowed`, `reason.missing` and those of `privacy.lift`."""
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    if not reason.strip():
        raise DomainError("reason.missing", field="reason")
    with transaction.atomic():
        fresh = privacy.lift(customer, actor=actor, reason=reason.strip())
        feedback.show(fresh.pk)
        return fresh


def open_requests(customer: Customer) -> "QuerySet[DataRequest]":
    return DataRequest.objects.filter(customer=customer, state__in=[s.value for s in OPEN_REQUESTS])
