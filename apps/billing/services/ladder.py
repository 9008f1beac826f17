"""The ladder of ways for money to go back (REF-03, REF-08): original route → card → transfer → bank batch → by hand."""

import re
from dataclasses import dataclass

from apps.billing.models import Refund, RefundAttempt
from apps.billing.states import AttemptState, Method, PayChannel, RefundState
from apps.core.errors import DomainError

# Refused for want of money, or closed: the same way may serve later, under a new number.
AGAIN = frozenset(
    {
        "CLOSED", "NOT_ENOUGH", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "PAYER_BALANCE_NOT_ENOUGH", "BALANCE_IS_NOT_ENOUGH",
    }
)  # fmt: skip
_LOGIN = re.compile(r"1\d{10}|[^@\s]+@[^@\s]+")  # of an Alipay account: a mobile number or an e-mail address


@dataclass(frozen=True, slots=True)
class Rung:
    channel: str
    method: str

    @property
    def code(self) -> str:
        return f"{self.channel}:{self.method}"

    @property
    def needs_payee(self) -> bool:
        return self.method in (Method.ABNORMAL, Method.TRANSFER)


BANK = Rung(PayChannel.BANK, Method.TRANSFER)
HAND = Rung(PayChannel.MANUAL, Method.HAND)
LADDERS: dict[str, tuple[Rung, ...]] = {
    PayChannel.ALIPAY: (
        Rung(PayChannel.ALIPAY, Method.REFUND), Rung(PayChannel.ALIPAY, Method.TRANSFER), BANK, HAND,
    ),
    PayChannel.WECHAT_PAY: (
        Rung(PayChannel.WECHAT_PAY, Method.REFUND), Rung(PayChannel.WECHAT_PAY, Method.ABNORMAL), BANK, HAND,
    ),
    PayChannel.BANK: (BANK, HAND),
    PayChannel.BENEFIT: (Rung(PayChannel.BENEFIT, Method.REFUND), HAND),
    PayChannel.MANUAL: (HAND,),
}  # fmt: skip


def first_method(channel: str) -> str:
    return {PayChannel.BANK: Method.TRANSFER, PayChannel.MANUAL: Method.HAND}.get(PayChannel(channel), Method.REFUND)


def rungs(refund: Refund) -> list[Rung]:
    """The ways that are open now, the next one first; none while anything may still be on its way."""
    if refund.state not in (RefundState.NEEDS_FALLBACK, RefundState.APPROVED):
        return []
    ladder = _ladder(refund)
    here = Rung(refund.channel, refund.method)
    place = ladder.index(here) if here in ladder else -1
    last = refund.attempts.order_by("-position").first()
    failed = last if last is not None and last.state == AttemptState.FAILED else None
    below = [rung for rung in ladder[place + 1 :] if rung.method != Method.ABNORMAL or _is_abnormal(failed)]
    tried = refund.state == RefundState.NEEDS_FALLBACK and failed is not None
    again = tried and failed is not None and (failed.failure in AGAIN or here in (BANK, HAND))
    return [here, *below] if again else below


def choose(refund: Refund, account: str, way: str = "") -> Rung:
    """The rung named by `way`, or the next one that fits what is known of the payee.

    Raises DomainError `refund.no_way_left`, `refund.payee_missing`, `core.invalid_choice`.
    """
    open_now = rungs(refund)
    if not open_now:
        raise DomainError("refund.no_way_left")
    if way:
        for rung in open_now:
            if rung.code == way:
                return rung
        raise DomainError("core.invalid_choice", field="way", value=way)
    account = "".join(account.split())
    fitting = [rung for rung in open_now if _fits(rung, account)]
    if account:
        fitting = [rung for rung in fitting if rung.needs_payee] or fitting
    elif open_now[0].needs_payee:
        raise DomainError("refund.payee_missing", field="payee_account")
    if not fitting:
        raise DomainError("refund.payee_missing", field="payee_account")
    return fitting[0]


def _ladder(refund: Refund) -> tuple[Rung, ...]:
    first = refund.attempts.order_by("position").first()
    channel = first.channel if first else (refund.payment.channel if refund.payment else refund.channel)
    if refund.payment is None and first is None:
        channel = refund.channel
    return LADDERS[PayChannel(channel)]


def _fits(rung: Rung, account: str) -> bool:
    if not rung.needs_payee:
        return True
    if rung.channel == PayChannel.ALIPAY:
        return bool(_LOGIN.fullmatch(account))
    return account.isdigit() and len(account) >= 8 and not _LOGIN.fullmatch(account)


def _is_abnormal(failed: RefundAttempt | None) -> bool:
    return failed is not None and failed.failure == "ABNORMAL" and failed.method == Method.REFUND and bool(
        failed.provider_number
    )  # fmt: skip
