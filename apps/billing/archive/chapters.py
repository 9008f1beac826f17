"""The story of a case in chapters, as the index of its pack tells it (ARC-01). Data only; `index.typ` draws it.

A block is one of: facts (pairs), table (head, rows, relative widths, number columns), words, caption, message.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from apps.accounts.models import User
from apps.billing.archive.dossier import Dossier
from apps.billing.models import Invoice, RefundAttempt
from apps.billing.states import Fact, Method
from apps.core import clock

Block = dict[str, Any]
NOTHING = "—"


def moment(value: datetime | None) -> str:
    """On the wall clock of Shanghai, to the second."""
    return f"{clock.local(value):%Y-%m-%d %H:%M:%S}" if value else NOTHING


def day(value: date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else NOTHING


def yuan(value: Decimal | None) -> str:
    if value is None:
        return NOTHING
    return f"{'-' if value < 0 else ''}¥{abs(value):,.2f}"


def person(user: User | None) -> str:
    """Name and staff number; the system where there is nobody."""
    if user is None:
        return _("the system")
    return f"{user}（{user.staff_number}）" if user.staff_number else str(user)


def facts(*rows: tuple[object, object]) -> Block:
    return {"kind": "facts", "rows": [[str(name), str(value) or NOTHING] for name, value in rows]}


def table(
    head: Sequence[object], widths: Sequence[int], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> Block:
    listed = [[str(cell) if cell not in (None, "") else NOTHING for cell in row] for row in rows]
    head = [str(title) for title in head]
    return {
        "kind": "table", "head": head, "widths": list(widths), "rows": listed, "numbers": list(numbers), "none": _("none"),
    }  # fmt: skip


def note(text: object) -> Block:
    return {"kind": "words", "text": str(text)}


def caption(text: object) -> Block:
    return {"kind": "caption", "text": str(text)}


def parts(of: Dossier) -> list[dict[str, Any]]:
    """All chapters but the papers, the timeline and the proof, which are known only at the end."""
    chapters: list[tuple[str, list[Block]]] = []
    if of.request is not None:
        chapters += [
            (_("The request"), _request(of)), (_("Decision: void or red letter"), _decision(of)),
            (_("Approvals"), _approvals(of)), (_("Verification"), _checks(of)),
            (_("Forms and calls to the tax platform"), _tax(of)), (_("Result"), _result(of)),
        ]  # fmt: skip
    if of.refunds:
        chapters.append((_("Refunds and compensation"), _refunds(of)))
    if of.request is None:
        chapters.append((_("Approvals"), _approvals(of)))
    chapters.append((_("Postings"), _postings(of)))
    if of.tickets or of.sent:
        chapters.append((_("Ticket and messages"), _talk(of)))
    return [{"title": title, "blocks": blocks} for title, blocks in chapters]


def numbered(chapters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Chapter numbers before the titles."""
    return [{**chapter, "title": f"{n}　{chapter['title']}"} for n, chapter in enumerate(chapters, start=1)]


def invoice_facts(invoice: Invoice) -> list[tuple[object, object]]:
    return [
        (_("Invoice"), f"{invoice}　{invoice.get_kind_display()}"), (_("Issued"), moment(invoice.issued_at)),
        (_("Buyer"), f"{invoice.buyer_name}　{invoice.buyer_tax_number}".strip()),
        (_("Net · tax · gross"), f"{yuan(invoice.net)} · {yuan(invoice.tax)} · {yuan(invoice.gross)}"),
        (pgettext("invoice", "State"), invoice.get_state_display()),
    ]  # fmt: skip


def _request(of: Dossier) -> list[Block]:
    request = of.request
    assert request is not None
    kind = _("whole invoice") if request.whole else _("part of the invoice")
    lines = [
        (part.line.position, part.line.name, f"{part.quantity.normalize():f}", yuan(part.net), yuan(part.tax))
        for part in of.lines
    ]
    return [
        facts(
            (_("Filed by"), person(request.requested_by)), (_("Submitted"), moment(request.submitted_at)),
            (_("Reason"), f"{request.reason.code} {request.reason.name}"), (_("Why"), of.curtain.text(request.words)),
            (_("Extent"), kind), (_("Rounds"), request.round),
            (_("Net · tax · gross"), f"{yuan(request.net)} · {yuan(request.tax)} · {yuan(request.amount)}"),
        ),
        caption(_("The invoice")), facts(*invoice_facts(request.invoice)),
        caption(_("Lines to undo")),
        table([_("Line"), _("Goods or service"), _("Quantity"), _("Net"), _("Tax")], [1, 6, 2, 2, 2], lines, [2, 3, 4]),
    ]  # fmt: skip


def _decision(of: Dossier) -> list[Block]:
    request = of.request
    assert request is not None
    rule, ruling = request.rule, request.ruling or {}
    if rule is None:
        return [note(_("Not decided."))]
    known = ruling.get("facts", {})
    told = [(_fact(name), _("yes") if holds else _("no")) for name, holds in known.items() if holds is not None]
    passed = [(code, _fact(fact)) for code, fact in ruling.get("passed_over", [])]
    return [
        facts(
            (_("Act"), request.get_act_display()), (_("Regulation"), rule.basis), (_("Rule"), f"{rule.code}（{day(rule.effective_from)}）"),
            (_("Who starts"), rule.get_starter_display()), (_("Form"), rule.get_form_display()),
            (_("What must happen first"), rule.precondition), (_("Decided"), moment(request.decided_at)),
        ),
        caption(_("Facts that decided")), table([_("Fact"), _("Holds")], [5, 2], told),
        caption(_("Rules passed over, and the fact that ruled them out")), table([_("Rule"), _("Fact")], [3, 5], passed),
    ]  # fmt: skip


def _fact(name: str) -> str:
    return str(Fact(name).label) if name in Fact.values else name


def _approvals(of: Dossier) -> list[Block]:
    numbers = {row.pk: row.number for row in (of.request, *of.refunds) if row is not None}
    rows = [
        (
            numbers.get(each.case_id, ""), each.round, each.get_step_display(),
            _("approved") if each.approved else _("rejected"),
            person(each.by) + (_(" for %(name)s") % {"name": person(each.for_whom)} if each.for_whom else ""),
            yuan(each.amount), moment(each.at), of.curtain.text(each.reason),
        )
        for each in of.approvals
    ]  # fmt: skip
    head = [_("Case"), _("Round"), _("Step"), _("Decision"), _("By whom"), _("Amount"), _("Moment"), _("Reason")]
    blocks = [table(head, [3, 1, 2, 2, 4, 3, 3, 4], rows, [5])]
    for each in of.exceptions:
        told = f"{each.refund.number} · {person(each.by)} · {moment(each.at)} · {of.curtain.text(each.reason)}"
        blocks.append(facts((_("Paid before the red invoice"), told)))
    return blocks


def _checks(of: Dossier) -> list[Block]:
    rows = [
        (
            check.get_kind_display(), check.get_result_display(), check.get_source_display() if check.source else "",
            of.curtain.text(check.found), person(check.by) if check.at else "", moment(check.at),
        )
        for check in of.checks
    ]  # fmt: skip
    head = [_("Check"), _("Result"), _("Source"), _("Finding of the check"), _("By whom"), _("Moment")]
    looked = [
        (moment(row.at), row.adapter, _("known") if row.known else _("unknown"), "、".join(row.differences))
        for row in of.lookups
    ]
    lookups = table([_("Asked"), _("Through"), _("The platform's word"), _("Differences")], [3, 2, 3, 4], looked)
    return [table(head, [5, 2, 2, 4, 3, 3], rows), caption(_("Look-ups on the tax platform")), lookups]


def _tax(of: Dossier) -> list[Block]:
    forms = [
        (
            form.get_kind_display(), form.number, form.get_state_display(), form.get_starter_display(),
            moment(form.entered_at), moment(form.confirm_by), moment(form.settled_at),
        )
        for form in of.forms
    ]  # fmt: skip
    calls = [
        (
            call.get_verb_display(), call.key, call.adapter, call.get_state_display(), call.certificate,
            moment(call.sent_at), moment(call.settled_at), person(call.recorded_by) if call.recorded_by_id else call.failure,
        )
        for call in of.operations
    ]  # fmt: skip
    form_head = [_("Form"), _("Number"), _("State"), _("Started by"), _("Entered"), _("Confirm by"), _("Ended at")]
    call_head = [
        _("Item"), _("Our number"), _("Through"), _("State"), _("Certificate"), _("Sent at"), _("Ended at"),
        _("Recorded by / failure"),
    ]  # fmt: skip
    return [
        caption(_("Red forms")), table(form_head, [3, 3, 3, 2, 3, 3, 3], forms),
        caption(_("Calls to the tax platform")), table(call_head, [2, 3, 2, 2, 4, 3, 3, 3], calls),
    ]  # fmt: skip


def _result(of: Dossier) -> list[Block]:
    request = of.request
    assert request is not None
    blocks = [
        facts(
            (_("State"), request.get_state_display()), (_("Executed"), moment(request.executed_at)),
            (_("Certificate or red invoice number"), request.certificate),
        )
    ]  # fmt: skip
    if of.red is not None:
        blocks += [caption(_("Red invoice")), facts(*invoice_facts(of.red))]
    for other in of.replacements:
        blocks += [caption(_("Issued anew")), facts(*invoice_facts(other))]
    return blocks


def _refunds(of: Dossier) -> list[Block]:
    blocks: list[Block] = []
    for refund in of.refunds:
        payee = of.curtain.of(refund.payee_name, refund.payee_name_masked)
        account = of.curtain.of(refund.payee_account, refund.payee_account_masked)
        to = (of.curtain.of(refund.customer.name, str(refund.customer)), payee, account, refund.payee_bank)
        rows: list[tuple[object, object]] = [
            (_("State"), f"{refund.get_state_display()}　{moment(refund.settled_at)}"), (_("Amount"), yuan(refund.amount)),
            (_("Filed by"), person(refund.requested_by)), (_("Why"), of.curtain.text(refund.words)),
            (_("Payee"), " ".join(filter(None, to))),
        ]  # fmt: skip
        if refund.payment is not None:
            paid = refund.payment
            told = [
                paid.number,
                paid.provider_number,
                paid.get_channel_display(),
                yuan(paid.amount),
                moment(paid.paid_at),
            ]
            rows.append((_("Payment it comes from"), " · ".join(filter(None, told))))
        blocks += [caption(f"{refund.number}　{refund.get_kind_display()}"), facts(*rows)]
        blocks.append(_attempts([each for each in of.attempts if each.refund_id == refund.pk]))
    blocks += _by_people(of)
    if of.differences:
        told_of = [
            (row.number, day(row.day), row.get_kind_display(), yuan(row.ours), yuan(row.theirs), row.get_state_display(),
             of.curtain.text(row.resolution or row.detail))
            for row in of.differences
        ]  # fmt: skip
        head = [_("Our number"), _("Day"), _("Difference"), _("Ours"), _("Theirs"), _("State"), _("How it was settled")]
        blocks += [caption(_("Differences in statements")), table(head, [3, 2, 3, 2, 2, 2, 4], told_of, [3, 4])]
    return blocks


def _attempts(attempts: list[RefundAttempt]) -> Block:
    rows = [
        (
            each.position, f"{each.get_channel_display()} {_method(each)}", each.number, each.provider_number, yuan(each.amount),
            f"{each.get_state_display()} {each.failure}".strip(), moment(each.sent_at), moment(each.settled_at),
        )
        for each in attempts
    ]  # fmt: skip
    head = [
        _("No."), _("Channel"), _("Our number"), _("Provider's number"), _("Amount"), _("State"), _("Sent at"), _("Ended at"),
    ]  # fmt: skip
    return table(head, [2, 4, 5, 6, 4, 4, 4, 4], rows, [4])


def _method(attempt: RefundAttempt) -> str:
    return str(Method(attempt.method).label) if attempt.method in Method.values else attempt.method


def _by_people(of: Dossier) -> list[Block]:
    blocks = []
    if of.hand_payments:
        rows = [
            (each.attempt.number, each.reference, moment(each.paid_at), person(each.recorded_by),
             f"{person(each.confirmed_by)} {moment(each.confirmed_at)}" if each.confirmed_by_id else "",
             of.curtain.text(each.note))
            for each in of.hand_payments
        ]  # fmt: skip
        head = [_("Our number"), _("Reference"), _("Time of payment"), _("Recorded by"), _("Confirmed by"), _("Note")]
        blocks += [caption(_("Paid by hand")), table(head, [4, 3, 3, 3, 4, 3], rows)]
    if of.batch_rows:
        rows = [
            (row.batch.number, row.attempt.number, row.get_state_display(), row.bank_reference or row.failure,
             person(row.batch.drawn_up_by), person(row.batch.released_by), row.batch.digest, row.batch.result_digest)
            for row in of.batch_rows
        ]  # fmt: skip
        head = [
            _("Batch"), _("Our number"), _("State"), _("Bank's reference"), _("Drawn up by"), _("Released by"),
            _("SHA-256 of the file"), _("SHA-256 of the result"),
        ]  # fmt: skip
        blocks += [caption(_("Bank batches")), table(head, [3, 3, 2, 3, 3, 3, 3, 3], rows)]
    return blocks


def _postings(of: Dossier) -> list[Block]:
    rows = [
        (day(row.posting_date), row.get_kind_display(), yuan(row.amount), moment(row.happened_at),
         _("booked late: its month was closed") if row.is_late else "")
        for row in of.postings
    ]  # fmt: skip
    head = [_("Booked on"), _("Item"), _("Amount"), _("Happened"), _("Remark")]
    return [table(head, [2, 3, 2, 3, 3], rows, [2])]


def _talk(of: Dossier) -> list[Block]:
    blocks: list[Block] = []
    for ticket in of.tickets:
        blocks += [
            caption(f"{ticket.number}　{of.curtain.text(ticket.title)}"),
            facts(
                (_("State"), ticket.get_state_display()), (_("Kind"), f"{ticket.get_kind_display()} · {ticket.category}"),
                (_("Received"), f"{moment(ticket.received_at)} · {ticket.get_channel_display()}"),
                (_("Customer"), of.curtain.of(ticket.customer.name, str(ticket.customer))),
                (_("Order number"), ticket.order_number or (ticket.order.number if ticket.order else "")),
                (_("Responsible"), f"{ticket.department} {person(ticket.assignee) if ticket.assignee_id else ''}".strip()),
                (_("What happened"), of.curtain.text(ticket.description)), (_("Result"), of.curtain.text(ticket.result)),
            ),
        ]  # fmt: skip
    for each in of.solutions:
        decided = {None: _("undecided"), True: _("approved"), False: _("rejected")}[each.approved]
        told = f"{each.get_type_display()} · {yuan(each.cost)} · {decided} · {of.curtain.text(each.description)}"
        blocks.append(facts((_("Solution"), told)))
    for message in of.messages:
        who = (
            person(message.author)
            if message.author_id
            else of.curtain.of(message.ticket.customer.name, str(message.ticket.customer))
        )
        head = " · ".join(filter(None, (
            message.get_kind_display(), who, moment(message.at), message.ticket.number if len(of.tickets) > 1 else "",
        )))  # fmt: skip
        blocks.append({"kind": "message", "head": head, "text": of.curtain.text(message.body)})
    return [*blocks, *_told(of)]


def _told(of: Dossier) -> list[Block]:
    """What the customer was sent about the case, and what became of it."""
    blocks: list[Block] = []
    for sent in of.sent:
        to = of.curtain.of(sent.recipient, sent.recipient_masked)
        parts = (
            sent.get_template_display(), sent.get_channel_display(), to, sent.get_state_display(),
            moment(sent.sent_at or sent.created_at),
        )  # fmt: skip
        blocks.append({"kind": "message", "head": " · ".join(filter(None, map(str, parts))), "text": of.words_of(sent)})
    return blocks
