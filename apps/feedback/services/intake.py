"""The one way in: every door makes a Report and calls `receive` (INT-01 … INT-10)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload
from apps.core.vocabulary import Channel, Demand, Kind, Language, Risk, Urgency
from apps.crm.contacts import PERSONAL_FIELDS
from apps.crm.models import Customer, Order, Product
from apps.crm.services import customers
from apps.crm.services.customers import Contact
from apps.feedback import events
from apps.feedback.models import Attachment, Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import clocks, numbering, repeats, search_index, words
from apps.journal import events as journal
from apps.journal.events import NewEvent
from apps.triage import rulebook
from apps.triage.services.classify import Classification, classify
from apps.triage.services.route import route
from apps.triage.services.score import ScoreFacts, score
from apps.triage.states import Impact


@dataclass(slots=True)
class Report:
    """What came in, as it was said. Dates are calendar dates in Shanghai."""

    text: str
    contact: Contact
    channel: str
    kind: str = Kind.COMPLAINT
    urgency: str = Urgency.NORMAL
    language: str = Language.ZH_HANS
    category: str = ""  # a slug, where the sender or the clerk chose one
    product: str = ""  # article number, name or model as it was typed
    product_group: str = ""
    serial_number: str = ""
    order_number: str = ""
    invoice_number: str = ""
    ship_date: date | None = None
    defect_quantity: int | None = None
    occurred_on: date | None = None
    place: str = ""
    region: str = ""
    demand: str = ""
    impact: str = Impact.SINGLE
    external_ref: str = ""
    received_at: datetime | None = None
    uploads: Sequence[Upload] = field(default_factory=tuple)
    is_drill: bool = False  # only `services.drills` says so (TRN-01)


# Single lines and how long they may be: what their columns hold.
_LINES = {
    "product": 120, "product_group": 60, "serial_number": 60, "order_number": 60, "invoice_number": 60, "place": 120,
    "region": 60, "external_ref": 120,
}  # fmt: skip
_CHOICES = (("kind", Kind), ("urgency", Urgency), ("channel", Channel), ("language", Language), ("impact", Impact))


_REPEATS = (
    "SELECT count(*) FROM (SELECT FROM feedback_ticket WHERE customer_id = %s AND received_at >= %s"
    " AND parent_id IS NULL LIMIT 9) AS earlier"
)
_PRODUCT = "SELECT * FROM crm_product WHERE sku = %s"


def validate(report: Report) -> None:
    """Tidy the report's single lines and check it (INT-05). Raises DomainErrors with one error per field."""
    errors = words.text_errors(report.text, "text", required="ticket.text_missing")
    for name, limit in _LINES.items():
        errors += words.text_errors(getattr(report, name), name, limit=limit)
        setattr(report, name, words.line(getattr(report, name)))
    for name, choices in _CHOICES:
        if getattr(report, name) not in choices.values:
            errors.append(DomainError("core.invalid_choice", field=name, value=getattr(report, name)))
    if report.category and report.category not in rulebook.current().branches.ids:
        errors.append(DomainError("core.invalid_choice", field="category", value=report.category))
    if report.demand and report.demand not in Demand.values:
        errors.append(DomainError("core.invalid_choice", field="demand", value=report.demand))
    errors += words.date_errors(report.ship_date, "ship_date") + words.date_errors(report.occurred_on, "occurred_on")
    errors += words.moment_errors(report.received_at, "received_at")
    try:
        customers.validate_contact(report.contact)
    except DomainErrors as found:
        errors += found.errors
    if errors:
        raise DomainErrors(errors)


def receive(report: Report, *, actor: Actor) -> Ticket:
    """Take in one piece of feedback: match the customer, classify, score, route, start clocks, number, record.

    A report whose `external_ref` came in before returns the ticket made then and adds nothing; `ticket.is_new` tells.
    Raises DomainErrors (each beside its field) and leaves nothing behind; DomainError `core.not_allowed` for staff and
    clients without `feedback.create_ticket`.
    """
    if actor.kind != "customer" and not actor.can("feedback.create_ticket"):
        raise DomainError("core.not_allowed")
    validate(report)
    if known := _known(report.external_ref):
        return known
    try:
        with transaction.atomic():
            return _receive(report, actor)
    except IntegrityError:
        # the same report came in twice at the same moment: the other one's ticket is the ticket
        if known := _known(report.external_ref):
            return known
        raise


def _known(reference: str) -> Ticket | None:
    """The ticket that came in under this reference. Not by `first()`, which might walk along the ids it sorts by."""
    if not reference:
        return None
    found = Ticket.objects.filter(external_ref=reference)
    return found.get() if found.exists() else None


def _receive(report: Report, actor: Actor) -> Ticket:
    customer = customers.match_or_create(report.contact, actor=actor)
    understood = classify(report.text)
    product, order = _product(report.product), _order(report.order_number, customer)
    ticket = _as_reported(report, customer)
    ticket.product, ticket.order = product, order
    ticket.demand = report.demand or understood.demand or Demand.NONE
    ticket.first_asked_id = actor.user_id if actor.kind == "staff" else None
    _classify(ticket, understood, report.category)
    earlier = [] if customer.is_new or report.is_drill else repeats.earlier_of(customer)
    repeated = repeats.match(ticket, earlier) if earlier else None
    ticket.repeat_of_id = repeated.first if repeated else None
    _score(ticket, customer, len(earlier))
    _route(ticket, report.product_group or (product.group if product else ""), understood)
    clocks.on_receipt(ticket, customer.tier)
    given = [name for name in PERSONAL_FIELDS if getattr(report.contact, name).strip()]
    received = _received(ticket, actor, report.category or understood.category, understood.version, given)
    journal.record_many([received, *(repeats.found(ticket, repeated, actor) if repeated else ())])
    search_index.write(ticket)
    # The number comes last: its row stays locked until commit (INT-02).
    numbering.insert(ticket)
    if ticket.channel == Channel.HOTLINE:
        clocks.hotline_picked_up(ticket)
    if report.uploads:
        Attachment.objects.bulk_create([Attachment(ticket=ticket, upload=u) for u in report.uploads])
    ticket.is_new = True
    return ticket


def _as_reported(report: Report, customer: Customer) -> Ticket:
    """The ticket with what was said, before anybody makes something of it."""
    return Ticket(
        kind=Kind.REGULATOR if report.channel == Channel.REGULATOR else report.kind,  # INT-13
        urgency=report.urgency,
        channel=report.channel,
        title=words.title_of(report.text),
        description=report.text.strip(),
        language=report.language,
        received_at=report.received_at or clock.now(),
        customer=customer,
        contact_channel=report.contact.preferred_channel or customer.preferred_channel,
        contact_given=_contact_given(customer, report.contact),
        region=report.region or customer.region,
        product_text=report.product,
        serial_number=report.serial_number,
        order_number=report.order_number,
        invoice_number=report.invoice_number,
        ship_date=report.ship_date,
        defect_quantity=report.defect_quantity,
        occurred_on=report.occurred_on,
        place=report.place,
        impact=report.impact,
        external_ref=report.external_ref or None,
        is_drill=report.is_drill,
    )


def _contact_given(customer: Customer, contact: Contact) -> str:
    news = {} if customer.is_new else customers.not_known(customer, contact)
    return json.dumps(news, ensure_ascii=False) if news else ""


def _classify(ticket: Ticket, understood: Classification, chosen: str) -> None:
    if understood.category_id is None:
        raise DomainError("ticket.no_category")
    ticket.category_id = understood.category_id
    if chosen:
        ticket.category_id, ticket.category_by_person = rulebook.current().branches.ids[chosen], True
    ticket.confidence = understood.confidence
    ticket.hits = understood.as_json()["hits"]
    ticket.risk = understood.risk or Risk.NONE
    ticket.sentiment = understood.sentiment


def rescore(ticket: Ticket) -> None:
    """Compute the priority anew from what the ticket says now (CLS-05). The ticket is not saved."""
    _score(ticket, ticket.customer, _repeats(ticket.customer) - 1)


def _score(ticket: Ticket, customer: Customer, repeats: int) -> None:
    priority = score(
        ScoreFacts(
            urgency=ticket.urgency,
            tier=customer.tier,
            kind=ticket.kind,
            risk=ticket.risk,
            impact=ticket.impact,
            repeats=max(0, repeats),
            sentiment=ticket.sentiment,
            risk_words=tuple(hit["text"] for hit in ticket.hits if hit["risk"]),
            nudges=ticket.nudges,
        )
    )
    ticket.priority_score, ticket.priority_level = priority.score, priority.level
    ticket.priority_parts = priority.as_json()


def _route(ticket: Ticket, product_group: str, understood: Classification) -> None:
    routing = route(
        ticket.category_id,
        product_group,
        ticket.region,
        ticket.kind,
        keyword_department_id=None if ticket.category_by_person else understood.department_id,
    )
    ticket.department_id = routing.department_id
    ticket.collaborator_ids = list(routing.collaborator_ids)
    ticket.assigned_at = clock.now()


def _received(ticket: Ticket, actor: Actor, category: str, library: int, contact: list[str]) -> NewEvent:
    return NewEvent(
        events.TICKET_RECEIVED,
        ticket,
        actor,
        {
            "channel": ticket.channel,
            "kind": ticket.kind,
            "urgency": ticket.urgency,
            "category": category,
            "library": library,
            "text": journal.digest(ticket.description, of=ticket),
            "contact": contact,  # which of them the sender gave; never their values
            "department": ticket.department_id,
            "score": ticket.priority_score,
            "level": ticket.priority_level,
        },
    )


def _repeats(customer: Customer) -> int:
    """Earlier feedback of this customer within the days that count as repeated (INT-08, CLS-05)."""
    since = clock.now() - timedelta(days=rules().repeat_days)
    with connection.cursor() as cursor:  # a dozen times quicker than putting the same question together by the ORM
        cursor.execute(_REPEATS, [customer.pk, since])
        return int(cursor.fetchone()[0])


def _product(typed: str) -> Product | None:
    return next(iter(Product.objects.raw(_PRODUCT, [typed])), None) if typed else None


def _order(number: str, customer: Customer) -> Order | None:
    """The order, only if it is this customer's: a number typed wrongly must not open somebody else's order."""
    return Order.objects.filter(number=number, customer=customer).first() if number else None
