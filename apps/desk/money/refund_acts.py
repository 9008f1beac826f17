"""What can be done with a refund, by state (REF-02 … REF-05, REF-08, REF-10)."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy

from apps.billing.models import HandPayment, Refund, RefundAttempt
from apps.billing.services import approvals, by_hand, paying, refund_gates, refunds
from apps.billing.services.refunds import Payee
from apps.billing.states import ONLINE, OPEN_ATTEMPTS, PayChannel, RefundState
from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.money import forms
from apps.desk.money.acts import HIDDEN, Act, refusal, words
from apps.desk.money.refund_view import address, open_ways
from apps.desk.money.void_acts import _answering, answer
from apps.journal import gates

S = RefundState
PAY, REQUEST, EXCEPT = "billing.pay_refund", "billing.request_refund", "billing.except_refund_gate"


# Why not -------------------------------------------------------------------------------------------------------------


def _signing(refund: Refund, actor: Actor) -> str | None:
    if refund.state != S.CREATED:
        return HIDDEN
    standing = approvals.standing(refund)
    why_not = refusal(lambda: approvals.may_sign(refund, actor, standing))
    holds = any(actor.can(right) for right in approvals.RIGHTS[refund.subject])  # type: ignore[index]
    return why_not if holds or not why_not else HIDDEN


def _cancelling(refund: Refund, actor: Actor) -> str | None:
    if not actor.can(REQUEST):
        return HIDDEN
    if refund.state in (S.CREATED, S.APPROVED, S.NEEDS_FALLBACK):
        return ""
    return words("refund.being_paid") if refund.state in (S.PROCESSING, S.UNKNOWN) else HIDDEN


def _paying(refund: Refund, actor: Actor) -> str | None:
    if refund.state != S.APPROVED or not actor.can(PAY):
        return HIDDEN
    held = gates.refusal(refund, "pay", {})
    return held.words if held else ""


def _excepting(refund: Refund, actor: Actor) -> str | None:
    """Only where the red invoice is what holds it back."""
    if refund.state not in (S.CREATED, S.APPROVED) or not actor.can(EXCEPT):
        return HIDDEN
    if refund_gates.red_first(refund, {}) is None:
        return HIDDEN
    return words("approval.own") if refund.requested_by_id == actor.user_id else ""


def _redirecting(refund: Refund, actor: Actor) -> str | None:
    if refund.state != S.APPROVED or not actor.can(PAY):
        return HIDDEN
    return "" if open_ways(refund) else words("refund.no_way_left")


def _rerouting(refund: Refund, actor: Actor) -> str | None:
    if refund.state != S.NEEDS_FALLBACK or not actor.can(REQUEST):
        return HIDDEN
    return "" if open_ways(refund) else words("refund.no_way_left")


def _asking(refund: Refund, actor: Actor) -> str | None:
    last = _last(refund)
    if last is None or not actor.can(PAY) or refund.state not in (S.PROCESSING, S.UNKNOWN, S.SUCCEEDED):
        return HIDDEN
    return "" if last.channel in ONLINE else HIDDEN


def _by_hand(refund: Refund) -> RefundAttempt | None:
    return refund.attempts.filter(channel=PayChannel.MANUAL, state__in=OPEN_ATTEMPTS).first()


def _recorded(attempt: RefundAttempt) -> HandPayment | None:
    return HandPayment.objects.filter(attempt=attempt).first()


def _recording(refund: Refund, actor: Actor) -> str | None:
    attempt = _by_hand(refund)
    if attempt is None or not actor.can(PAY):
        return HIDDEN
    return HIDDEN if _recorded(attempt) else ""


def _second_look(refund: Refund, actor: Actor) -> str | None:
    attempt = _by_hand(refund)
    if attempt is None or not actor.can(PAY):
        return HIDDEN
    paid = _recorded(attempt)
    if paid is None:
        return HIDDEN
    return words("hand.own") if paid.recorded_by_id == actor.user_id else ""


def _giving_up(refund: Refund, actor: Actor) -> str | None:
    """Also before anything is recorded: it can't be paid by hand either."""
    attempt = _by_hand(refund)
    if attempt is None or not actor.can(PAY):
        return HIDDEN
    paid = _recorded(attempt)
    return words("hand.own") if paid is not None and paid.recorded_by_id == actor.user_id else ""


def _last(refund: Refund) -> RefundAttempt | None:
    return refund.attempts.order_by("-position").first()


# What the services are given ----------------------------------------------------------------------------------------


def _pay(refund: Refund, data: dict[str, Any], actor: Actor) -> None:
    paying.begin(refund, actor=actor)


def _ask(refund: Refund, data: dict[str, Any], actor: Actor) -> None:
    last = _last(refund)
    if last is None:
        raise DomainError("refund.no_way_left")
    paying.ask_now(last.number)


def _payee(data: dict[str, Any]) -> Payee:
    return Payee(data["payee_name"], data["payee_account"], data["payee_bank"])


def _reroute(refund: Refund, data: dict[str, Any], actor: Actor) -> None:
    refunds.reroute(refund, _payee(data), actor=actor, reason=data["reason"], way=data["way"])


def _redirect(refund: Refund, data: dict[str, Any], actor: Actor) -> None:
    refunds.redirect(refund, _payee(data), actor=actor, reason=data["reason"], way=data["way"])


def _attempt(refund: Refund) -> RefundAttempt:
    attempt = _by_hand(refund)
    if attempt is None:
        raise DomainError("hand.not_by_hand")
    return attempt


def _record(refund: Refund, data: dict[str, Any], actor: Actor) -> None:
    if data["at"] is None:
        raise DomainError("core.required", field="at")
    file: UploadedFile | None = data["file"]
    (proof,) = uploads.store([file], actor=actor) if file else (None,)
    paid = by_hand.Paid(data["reference"], data["at"], data["note"], proof)
    by_hand.record(_attempt(refund), paid, actor=actor)


ACTS: tuple[Act, ...] = (
    Act("approve", gettext_lazy("Approve"), "task_alt", gettext_lazy("Approved."),
        lambda r, d, a: refunds.decide(r, actor=a, approve=True, reason=d["reason"]), _signing, forms.RemarkForm,
        primary=True, key="a"),
    Act("reject", gettext_lazy("Reject"), "block", gettext_lazy("Rejected; whoever filed it sees your reason."),
        lambda r, d, a: refunds.decide(r, actor=a, approve=False, reason=d["reason"]), _signing, forms.RejectForm, key="x"),
    Act("pay", gettext_lazy("Pay now"), "send", gettext_lazy("On its way."), _pay, _paying, reaches_out=True, primary=True,
        key="a"),
    Act("except", gettext_lazy("Let it leave before the red invoice"), "lock_open",
        gettext_lazy("Noted: it may leave before its red invoice."),
        lambda r, d, a: refund_gates.except_from(r, actor=a, reason=d["reason"]), _excepting, forms.WhyForm),
    Act("reroute", gettext_lazy("Try another way"), "alt_route", gettext_lazy("Another way; it is signed anew."), _reroute,
        _rerouting, forms.PayeeForm, primary=True),
    Act("redirect", gettext_lazy("Send it another way"), "alt_route", gettext_lazy("Another way; it is signed anew."),
        _redirect, _redirecting, forms.RedirectForm),
    Act("hand_record", gettext_lazy("Record the payment"), "edit_note",
        gettext_lazy("Recorded; a second person confirms it."), _record, _recording, forms.HandForm, primary=True),
    Act("hand_confirm", gettext_lazy("It was paid"), "task_alt", gettext_lazy("Confirmed; the refund is paid."),
        lambda r, d, a: by_hand.confirm(_attempt(r), actor=a), _second_look, primary=True),
    Act("hand_refuse", gettext_lazy("It was not paid"), "block", gettext_lazy("Struck; the refund needs another way."),
        lambda r, d, a: by_hand.refuse(_attempt(r), actor=a, reason=d["reason"]), _giving_up, forms.WhyForm),
    Act("ask_provider", gettext_lazy("Ask the provider now"), "sync",
        gettext_lazy("It is asked about at once; the page shows the answer in a moment."), _ask, _asking),
    Act("cancel", gettext_lazy("Cancel the refund"), "cancel", gettext_lazy("Cancelled; the money is free again."),
        lambda r, d, a: refunds.cancel(r, actor=a, reason=d["reason"]), _cancelling, forms.WhyForm),
    Act("answer", gettext_lazy("Answer it"), "reply", gettext_lazy("Answered; whoever asked is told."),
        lambda r, d, a: answer(r, d, a, address(r)), _answering, forms.AnswerForm, primary=True),
)  # fmt: skip

BY_NAME = {act.name: act for act in ACTS}
