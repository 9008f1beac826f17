"""What the API answers about money, as plain values. Amounts are texts in yuan, moments UTC, people staff numbers."""

from typing import Any

from apps.billing.models import (
    Approval,
    BankBatch,
    BankBatchRow,
    Delegation,
    Difference,
    Invoice,
    Payment,
    RedForm,
    Refund,
    RefundAttempt,
    TaxOperation,
    VoidRequest,
)
from apps.billing.services import balance, invoices
from apps.billing.services.approvals import Signing


def person(user: Any) -> str | None:
    return None if user is None else user.staff_number or user.get_username()


def invoice(row: Invoice) -> dict[str, Any]:
    """`row` with customer, order, red_of and replaces."""
    return {
        "id": row.pk, "code": row.code, "number": row.number, "kind": row.kind, "state": row.state,
        "issued_at": row.issued_at, "buyer_name": row.buyer_name, "buyer_tax_number": row.buyer_tax_number,
        "net": row.net, "tax": row.tax, "gross": row.gross, "external_id": row.external_id,
        "customer": row.customer.external_id if row.customer else None,
        "order": row.order.number if row.order else None, "red_of": str(row.red_of) if row.red_of else None,
        "replaces": str(row.replaces) if row.replaces else None,
    }  # fmt: skip


def invoice_detail(row: Invoice) -> dict[str, Any]:
    known = invoices.known_facts(row)
    return {
        **invoice(row),
        "lines": [_line(line) for line in row.lines.order_by("position")],
        "facts": [
            {"fact": name, "holds": fact.holds, "source": fact.source, "at": fact.at} for name, fact in known.items()
        ],
    }


def _line(line: Any) -> dict[str, Any]:
    rest = balance.left(line)
    return {
        "position": line.position, "name": line.name, "unit": line.unit, "quantity": line.quantity, "net": line.net,
        "rate": line.rate, "tax": line.tax, "left_quantity": rest.quantity, "left_net": rest.net, "left_tax": rest.tax,
    }  # fmt: skip


def payment(row: Payment) -> dict[str, Any]:
    return {
        "id": row.pk, "number": row.number, "provider_number": row.provider_number, "channel": row.channel,
        "customer": row.customer.external_id, "order": row.order.number if row.order else None, "amount": row.amount,
        "left": row.amount - row.reserved, "paid_at": row.paid_at, "payer": row.payer_name_masked,
    }  # fmt: skip


def void(row: VoidRequest) -> dict[str, Any]:
    return {
        "id": row.pk, "number": row.number, "state": row.state, "round": row.round, "version": row.version,
        "invoice": row.invoice.number, "invoice_code": row.invoice.code,
        "ticket": row.ticket.number if row.ticket else None, "reason": row.reason.code, "words": row.words,
        "whole": row.whole, "net": row.net, "tax": row.tax, "amount": row.amount,
        "requested_by": person(row.requested_by), "submitted_at": row.submitted_at, "act": row.act,
        "rule": row.rule.code if row.rule else None, "basis": row.rule.basis if row.rule else "",
        "form_kind": row.form_kind, "missing": row.ruling.get("missing", []), "decided_at": row.decided_at,
        "executed_at": row.executed_at, "certificate": row.certificate,
        "red_invoice": row.red_invoice.number if row.red_invoice else None,
    }  # fmt: skip


def void_detail(row: VoidRequest, standing: Signing, signed: list[Approval]) -> dict[str, Any]:
    lines = row.lines.select_related("line").order_by("line__position")
    checks = row.checks.select_related("by").order_by("id")
    return {
        **void(row),
        "lines": [{"line": p.line.position, "quantity": p.quantity, "net": p.net, "tax": p.tax} for p in lines],
        "checks": [
            {"kind": c.kind, "result": c.result, "source": c.source, "detail": c.detail, "at": c.at, "by": person(c.by)}
            for c in checks
        ],
        "forms": [form(each) for each in row.forms.all()],
        "operations": [operation(each) for each in row.operations.all()],
        **signatures(standing, signed),
    }


def form(row: RedForm) -> dict[str, Any]:
    return {
        "id": row.pk, "kind": row.kind, "starter": row.starter, "number": row.number, "state": row.state,
        "entered_at": row.entered_at, "confirm_by": row.confirm_by, "settled_at": row.settled_at,
    }  # fmt: skip


def operation(row: TaxOperation) -> dict[str, Any]:
    return {
        "id": row.pk, "verb": row.verb, "through": row.adapter, "key": row.key, "state": row.state,
        "failure": row.failure, "certificate": row.certificate,
    }  # fmt: skip


def refund(row: Refund) -> dict[str, Any]:
    """The payee masked."""
    return {
        "id": row.pk, "number": row.number, "state": row.state, "kind": row.kind, "round": row.round,
        "version": row.version, "payment": row.payment.number if row.payment else None,
        "ticket": row.ticket.number if row.ticket else None,
        "void_request": row.void_request.number if row.void_request else None, "amount": row.amount,
        "words": row.words, "channel": row.channel, "method": row.method, "requested_by": person(row.requested_by),
        "payee_name": row.payee_name_masked, "payee_account": row.payee_account_masked, "payee_bank": row.payee_bank,
        "held_because": row.held_because, "created_at": row.created_at, "settled_at": row.settled_at,
    }  # fmt: skip


def refund_detail(row: Refund, standing: Signing, signed: list[Approval]) -> dict[str, Any]:
    tries = [attempt(each) for each in row.attempts.order_by("position")]
    return {**refund(row), "attempts": tries, **signatures(standing, signed)}


def attempt(row: RefundAttempt) -> dict[str, Any]:
    return {
        "id": row.pk, "position": row.position, "number": row.number, "channel": row.channel, "method": row.method,
        "state": row.state, "amount": row.amount, "provider_number": row.provider_number, "failure": row.failure,
        "created_at": row.created_at, "settled_at": row.settled_at,
    }  # fmt: skip


def signatures(standing: Signing, signed: list[Approval]) -> dict[str, Any]:
    """How a case stands, and who has signed it."""
    return {
        "signing": {"steps": list(standing.steps), "next": standing.next, "amount": standing.amount},
        "approvals": [
            {
                "round": a.round, "step": a.step, "approved": a.approved, "by": person(a.by),
                "on_behalf_of": person(a.for_whom), "amount": a.amount, "reason": a.reason, "at": a.at,
            }
            for a in signed
        ],
    }  # fmt: skip


def batch(row: BankBatch) -> dict[str, Any]:
    return {
        "id": row.pk, "number": row.number, "state": row.state, "layout": row.layout, "total": row.total,
        "count": row.count, "drawn_up_by": person(row.drawn_up_by), "released_by": person(row.released_by),
        "released_at": row.released_at, "downloaded_at": row.downloaded_at, "digest": row.digest,
    }  # fmt: skip


def batch_row(row: BankBatchRow) -> dict[str, Any]:
    refund = row.attempt.refund
    return {
        "position": row.position, "refund": refund.number, "number": row.attempt.number, "amount": row.attempt.amount,
        "payee_name": refund.payee_name_masked, "payee_account": refund.payee_account_masked, "state": row.state,
        "failure": row.failure, "bank_reference": row.bank_reference,
    }  # fmt: skip


def difference(row: Difference) -> dict[str, Any]:
    return {
        "id": row.pk, "channel": row.channel, "day": row.day, "number": row.number, "kind": row.kind,
        "ours": row.ours, "theirs": row.theirs, "detail": row.detail, "state": row.state, "owner": person(row.owner),
        "resolution": row.resolution, "resolved_by": person(row.resolved_by), "resolved_at": row.resolved_at,
        "created_at": row.created_at,
    }  # fmt: skip


def delegation(row: Delegation) -> dict[str, Any]:
    return {
        "id": row.pk, "subject": row.subject, "giver": person(row.giver), "taker": person(row.taker),
        "first_day": row.first_day, "last_day": row.last_day, "reason": row.reason, "ended_at": row.ended_at,
    }  # fmt: skip
