"""Everything that belongs to one case, read once for its pack (ARC-01, VOI-07)."""

from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from apps.billing.archive.privacy import Curtain
from apps.billing.models import (
    Approval,
    BankBatchRow,
    Difference,
    GateException,
    HandPayment,
    Invoice,
    InvoiceLookup,
    Payment,
    Posting,
    RedForm,
    Refund,
    RefundAttempt,
    TaxOperation,
    VoidCheck,
    VoidLine,
    VoidRequest,
)
from apps.crm.models import Customer
from apps.feedback.models import Attachment, Message, Solution, Ticket
from apps.feedback.services import links
from apps.journal.models import Event
from apps.notifications.catalogue import TO_CUSTOMERS
from apps.notifications.models import OutgoingMessage

Case = VoidRequest | Refund


@dataclass(slots=True)
class Dossier:
    """The rows of a case in the order in which they are told."""

    case: Case
    request: VoidRequest | None
    refunds: list[Refund]
    curtain: Curtain
    lines: list[VoidLine] = field(default_factory=list)
    invoice: Invoice | None = None
    red: Invoice | None = None
    replacements: list[Invoice] = field(default_factory=list)
    lookups: list[InvoiceLookup] = field(default_factory=list)
    checks: list[VoidCheck] = field(default_factory=list)
    forms: list[RedForm] = field(default_factory=list)
    operations: list[TaxOperation] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    attempts: list[RefundAttempt] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    hand_payments: list[HandPayment] = field(default_factory=list)
    batch_rows: list[BankBatchRow] = field(default_factory=list)
    exceptions: list[GateException] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    sent: list[OutgoingMessage] = field(default_factory=list)
    solutions: list[Solution] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def subjects(self) -> list[UUID]:
        """Of whom the pack proves every event."""
        rows = [
            self.request, self.invoice, self.red, *self.replacements, *self.forms, *self.operations, *self.refunds,
            *self.attempts, *self.payments, *(row.batch for row in self.batch_rows), *self.differences, *self.tickets,
        ]  # fmt: skip
        return list(dict.fromkeys(row.pk for row in rows if row is not None))

    def words_of(self, message: OutgoingMessage) -> str:
        """What a customer was sent, behind the curtain and without the key of their private page."""
        text = message.body
        for ticket in self.tickets:
            text = text.replace(links.tracking_token(ticket), "…")
        return self.curtain.text(text)

    def stamp(self) -> int:
        """The id of the newest event about the case: it tells whether something happened meanwhile."""
        newest = Event.objects.filter(subject_id__in=self.subjects).order_by("-id").values_list("id", flat=True)
        return newest.first() or 0


def case_of(subject: Case) -> Case:
    """A refund that belongs to a void request is told in that request's pack; another one is a case of its own."""
    if isinstance(subject, Refund) and subject.void_request_id is not None:
        return VoidRequest.objects.get(pk=subject.void_request_id)
    return subject


def gather(case: Case, *, clear: bool = False) -> Dossier:
    """Read the case. Thirty-odd queries, whatever its size."""
    request = case if isinstance(case, VoidRequest) else None
    whose = Q(void_request=request) if request else Q(pk=case.pk)
    refunds = Refund.objects.filter(whose).select_related("customer", "payment__order", "requested_by", "ticket")
    found = Dossier(case, request, list(refunds.order_by("id")), Curtain(clear))
    if request is not None:
        _void_side(found, request)
    _money_side(found)
    _talk(found)
    _sent(found)
    found.approvals = list(
        Approval.objects.filter(case_id__in=[case.pk, *(r.pk for r in found.refunds)]).select_related("by", "for_whom")
    )
    _people(found)
    return found


def _void_side(found: Dossier, request: VoidRequest) -> None:
    found.request = VoidRequest.objects.select_related(
        "invoice__order", "invoice__customer", "reason", "rule", "requested_by", "ticket", "red_invoice"
    ).get(pk=request.pk)
    found.case = found.request
    found.invoice, found.red = found.request.invoice, found.request.red_invoice
    found.lines = list(VoidLine.objects.filter(request=request).select_related("line").order_by("line__position"))
    found.replacements = list(Invoice.objects.filter(replaces=found.invoice).order_by("issued_at"))
    found.lookups = list(InvoiceLookup.objects.filter(invoice=found.invoice))
    found.checks = list(VoidCheck.objects.filter(request=request).select_related("by"))
    found.forms = list(RedForm.objects.filter(request=request).order_by("entered_at", "id"))
    calls = TaxOperation.objects.filter(request=request).select_related("file", "recorded_by", "form")
    found.operations = list(calls.order_by("id"))


def _money_side(found: Dossier) -> None:
    of_these = {"refund__in": found.refunds}
    found.attempts = list(RefundAttempt.objects.filter(**of_these).order_by("refund", "position"))
    found.payments = list({r.payment.pk: r.payment for r in found.refunds if r.payment is not None}.values())
    found.exceptions = list(GateException.objects.filter(**of_these).select_related("by", "refund"))
    by_attempt = {"attempt__in": found.attempts}
    paid = HandPayment.objects.filter(**by_attempt).select_related("attempt", "proof", "recorded_by", "confirmed_by")
    found.hand_payments = list(paid)
    rows = BankBatchRow.objects.filter(**by_attempt).select_related(
        "batch__drawn_up_by", "batch__released_by", "attempt"
    )
    found.batch_rows = list(rows.order_by("id"))
    numbers = [attempt.number for attempt in found.attempts]
    found.differences = list(Difference.objects.filter(number__in=numbers).select_related("owner").order_by("id"))
    booked = Q(refund__in=found.refunds) | Q(void_request=found.request, void_request__isnull=False)
    found.postings = list(Posting.objects.filter(booked).order_by("happened_at", "id"))


def _talk(found: Dossier) -> None:
    named = {row.ticket_id for row in (*found.refunds, found.request) if row is not None and row.ticket_id}
    family = Q(pk__in=named) | Q(merged_into__in=named)
    tickets = Ticket.objects.filter(family).select_related("customer", "category", "department", "assignee", "order")
    found.tickets = list(tickets.order_by("received_at", "id"))
    of_these = {"ticket__in": found.tickets}
    found.messages = list(Message.objects.filter(**of_these).select_related("author", "ticket").order_by("at", "id"))
    found.solutions = list(
        Solution.objects.filter(**of_these).select_related("proposed_by", "decided_by").order_by("proposed_at", "id")
    )
    found.attachments = list(Attachment.objects.filter(**of_these).select_related("upload", "ticket").order_by("id"))


def _sent(found: Dossier) -> None:
    """What the customer was told of the case itself; colleagues' notices are no part of it."""
    about = [found.case.pk, *(row.pk for row in (*found.refunds, *found.forms))]
    found.sent = list(OutgoingMessage.objects.filter(subject_id__in=about, template__in=TO_CUSTOMERS).order_by("id"))


def _people(found: Dossier) -> None:
    """Whom the curtain must know by name."""
    customers: dict[UUID, Customer] = {}
    rows = [*(ticket.customer for ticket in found.tickets), *(refund.customer for refund in found.refunds)]
    if found.invoice is not None and found.invoice.customer is not None:
        rows.append(found.invoice.customer)
    customers.update({row.pk: row for row in rows})
    for each in customers.values():
        found.curtain.knows(
            (getattr(each, name), getattr(each, f"{name}_masked")) for name in ("name", "phone", "email", "address")
        )
    for refund in found.refunds:
        found.curtain.knows([
            (refund.payee_name, refund.payee_name_masked), (refund.payee_account, refund.payee_account_masked),
        ])  # fmt: skip
    found.curtain.knows((payment.payer_name, payment.payer_name_masked) for payment in found.payments)
