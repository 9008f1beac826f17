"""Taking invoices over from the ERP, and what is found out about them (VOI-03, LNK-04)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from apps.billing import events
from apps.billing.models import Invoice, InvoiceFact, InvoiceLine
from apps.billing.rulings import same_month
from apps.billing.states import Fact, InvoiceKind, InvoiceState, Source
from apps.core import clock, money
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.crm.models import Customer, Order
from apps.journal import events as journal


@dataclass(frozen=True, slots=True)
class LineDraft:
    """Amounts in yuan; `rate` 0.13 is 13 %. Tax must be net × rate rounded to the fen, give or take one fen."""

    name: str
    quantity: Decimal
    net: Decimal
    rate: Decimal
    tax: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice as the ERP has it. `gross`, where given, is checked against the lines."""

    number: str
    kind: str
    issued_at: datetime
    buyer_name: str
    lines: Sequence[LineDraft]
    code: str = ""
    buyer_tax_number: str = ""
    customer: Customer | None = None
    order: Order | None = None
    external_id: str = ""
    gross: Decimal | None = None
    replaces: Invoice | None = None
    facts: dict[str, bool] = field(default_factory=dict)


def take_over(draft: InvoiceDraft, *, actor: Actor) -> Invoice:
    """Add an invoice, or return the known one. An issued invoice is never edited: other contents under the same number
    raise DomainError `invoice.changed`. One issued anew names what it replaces, which must be undone before (VOI-10).
    Raises DomainErrors, DomainError `core.not_allowed`, `invoice.external_id_taken`.
    """
    return add_or_find(draft, actor=actor)[0]


def add_or_find(draft: InvoiceDraft, *, actor: Actor) -> tuple[Invoice, bool]:
    """As `take_over`, and whether it is new. Told by several at once, one adds it and the others find it."""
    if not actor.can("billing.add_invoice"):
        raise DomainError("core.not_allowed")
    if found := _errors(draft):
        raise DomainErrors(found)
    with transaction.atomic():
        known = Invoice.objects.filter(code=draft.code, number=draft.number).first()
        if known is not None:
            return _same(known, draft), False
        invoice = _unsaved(draft)
        try:
            with transaction.atomic():
                invoice.save(force_insert=True)
        except IntegrityError as error:  # somebody was quicker
            known = Invoice.objects.filter(code=draft.code, number=draft.number).first()
            if known is None:
                number = draft.external_id
                raise DomainError("invoice.external_id_taken", field="external_id", number=number) from error
            return _same(known, draft), False
        InvoiceLine.objects.bulk_create(_lines(invoice, draft.lines))
        data = {"number": str(invoice), "kind": invoice.kind, "gross": invoice.gross, "lines": len(draft.lines)}
        journal.record(events.INVOICE_IMPORTED, subject=invoice, actor=actor, data=data)
        if draft.replaces is not None:
            data = {"by": str(invoice), "invoice": str(invoice.pk)}
            journal.record(events.INVOICE_REPLACED, subject=draft.replaces, actor=actor, data=data)
        for fact, holds in draft.facts.items():
            record_fact(invoice, fact, holds, source=Source.BOOKS, actor=actor)
        return invoice, True


def _unsaved(draft: InvoiceDraft) -> Invoice:
    net = sum((money.fen(line.net) for line in draft.lines), Decimal(0))
    tax = sum((money.fen(line.tax) for line in draft.lines), Decimal(0))
    return Invoice(
        code=draft.code, number=draft.number, kind=draft.kind, issued_at=draft.issued_at, customer=draft.customer,
        order=draft.order, buyer_name=draft.buyer_name, buyer_tax_number=draft.buyer_tax_number, net=net, tax=tax,
        gross=net + tax, external_id=draft.external_id or None, replaces=draft.replaces,
    )  # fmt: skip


def _lines(invoice: Invoice, lines: Sequence[LineDraft]) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            invoice=invoice, position=place, name=line.name, unit=line.unit, quantity=line.quantity,
            net=money.fen(line.net), rate=line.rate, tax=money.fen(line.tax),
        )
        for place, line in enumerate(lines, start=1)
    ]  # fmt: skip


def _errors(draft: InvoiceDraft) -> list[DomainError]:
    found = []
    if not draft.number.strip():
        found.append(DomainError("invoice.number_missing", field="number"))
    if draft.kind not in InvoiceKind.values:
        found.append(DomainError("core.invalid_choice", field="kind", value=draft.kind))
    if not draft.lines:
        found.append(DomainError("invoice.lines_missing", field="lines"))
    for place, line in enumerate(draft.lines, start=1):
        right = money.fen(line.net * line.rate)
        if abs(right - money.fen(line.tax)) > money.FEN or line.quantity <= 0 or line.net < 0:
            words = {"line": place, "net": f"{line.net:.2f}", "rate": line.rate, "tax": right, "given": line.tax}
            found.append(DomainError("invoice.line_adds_up", field="lines", **words))
    if draft.replaces is not None and draft.replaces.state == InvoiceState.ISSUED:
        found.append(DomainError("invoice.not_undone", field="replaces", number=str(draft.replaces)))
    total = sum((money.fen(line.net) + money.fen(line.tax) for line in draft.lines), Decimal(0))
    if draft.gross is not None and money.fen(draft.gross) != total:
        found.append(DomainError("invoice.total_adds_up", field="gross", lines=total, total=draft.gross))
    return found


def _same(known: Invoice, draft: InvoiceDraft) -> Invoice:
    given = [(line.name, line.quantity, money.fen(line.net), line.rate, money.fen(line.tax)) for line in draft.lines]
    kept = [(line.name, line.quantity, line.net, line.rate, line.tax) for line in known.lines.order_by("position")]
    if given != kept or (known.kind, known.buyer_name) != (draft.kind, draft.buyer_name):
        raise DomainError("invoice.changed", number=str(known))
    return known


def record_fact(invoice: Invoice, fact: str, holds: bool, *, source: str, actor: Actor, note: str = "") -> InvoiceFact:
    """Note what somebody or some system says now; the newest holds (VOI-03). Same errors as `take_over`."""
    if fact == Fact.SAME_MONTH:
        raise DomainError("invoice.fact_computed", field=f"facts/{fact}")
    if fact not in Fact.values:
        raise DomainError("core.invalid_choice", field=f"facts/{fact}", value=fact)
    if not (actor.can("billing.verify_void") or actor.can("billing.add_invoice")):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        row = InvoiceFact.objects.create(
            invoice=invoice,
            fact=fact,
            holds=holds,
            source=source,
            at=clock.now(),
            recorded_by_id=actor.user_id,
            note=note,
        )
        data = {"fact": fact, "holds": holds, "source": source}
        journal.record(events.INVOICE_FACT_RECORDED, subject=invoice, actor=actor, data=data, reason=note)
        return row


def known_facts(invoice: Invoice) -> dict[str, InvoiceFact]:
    """The newest word on each fact; one query, or none where `facts` were prefetched."""
    newest: dict[str, InvoiceFact] = {}
    for row in sorted(invoice.facts.all(), key=lambda row: (row.at, row.pk)):
        newest[row.fact] = row
    return newest


def facts_for_ruling(invoice: Invoice, now: datetime) -> dict[str, bool | None]:
    """What `rulings.decide` asks: True, False, or absent where nobody knows."""
    facts: dict[str, bool | None] = {name: row.holds for name, row in known_facts(invoice).items()}
    facts[Fact.SAME_MONTH] = same_month(invoice.issued_at, now)
    return facts
