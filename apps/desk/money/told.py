"""Events of money in words, for the story of a case and of its ticket."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing import events, failures
from apps.billing.states import (
    Act,
    BatchState,
    CancellationState,
    CheckKind,
    Fact,
    FormState,
    PayChannel,
    PeriodState,
    RefundState,
    Step,
    VoidState,
)
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.notifications import events as notifications

KINDS: dict[str, str | Promise] = {
    events.INVOICE_IMPORTED: gettext_lazy("Invoice taken over"),
    events.INVOICE_FACT_RECORDED: gettext_lazy("Fact about the invoice recorded"),
    events.INVOICE_VOIDED: gettext_lazy("Invoice voided"),
    events.INVOICE_RED_LETTERED: gettext_lazy("Invoice red-lettered"),
    events.INVOICE_REPLACED: gettext_lazy("Invoice issued anew"),
    events.VOID_SUBMITTED: gettext_lazy("Void request filed"),
    events.VOID_APPROVED: gettext_lazy("Void request signed"),
    events.VOID_REJECTED: gettext_lazy("Void request rejected"),
    events.VOID_RESUBMITTED: gettext_lazy("Void request filed again"),
    events.VOID_WITHDRAWN: gettext_lazy("Void request withdrawn"),
    events.VOID_CHECKED: gettext_lazy("Check recorded"),
    events.VOID_VERIFIED: gettext_lazy("Verification finished"),
    events.VOID_DECIDED: gettext_lazy("Void or red letter decided"),
    events.VOID_FORM_CHANGED: gettext_lazy("Red form"),
    events.VOID_FORM_LET_GO: gettext_lazy("Red form to be withdrawn on the tax platform"),
    events.VOID_FORM_STAYS: gettext_lazy("The tax platform did not withdraw the red form"),
    events.VOID_FORM_REMINDED: gettext_lazy("Buyer reminded of the red form"),
    events.VOID_EXECUTION_BEGUN: gettext_lazy("Sent to the tax platform"),
    events.VOID_OUTCOME_UNKNOWN: gettext_lazy("Outcome at the tax platform unknown"),
    events.VOID_DONE: gettext_lazy("Done at the tax platform"),
    events.VOID_FAILED: gettext_lazy("Refused by the tax platform"),
    events.VOID_ARCHIVED: gettext_lazy("Filed with its evidence"),
    events.TAX_RECORDED_BY_HAND: gettext_lazy("Recorded by hand"),
    events.TAX_CONFIRMED_BY_HAND: gettext_lazy("Confirmed by a second person"),
    events.TAX_REFUSED_BY_HAND: gettext_lazy("Not confirmed by the second person"),
    events.MONTH_END_WARNED: gettext_lazy("Warned of the month's end"),
    events.REFUND_REQUESTED: gettext_lazy("Refund filed"),
    events.REFUND_SIGNED: gettext_lazy("Refund signed"),
    events.REFUND_APPROVED: gettext_lazy("Refund approved"),
    events.REFUND_REJECTED: gettext_lazy("Refund rejected"),
    events.REFUND_CANCELLED: gettext_lazy("Refund cancelled"),
    events.REFUND_SENT: gettext_lazy("Refund sent"),
    events.REFUND_OUTCOME_UNKNOWN: gettext_lazy("Outcome of the refund unknown"),
    events.REFUND_SUCCEEDED: gettext_lazy("Refund paid"),
    events.REFUND_FAILED: gettext_lazy("Refund failed, proven"),
    events.REFUND_BOUNCED: gettext_lazy("The money came back"),
    events.REFUND_REROUTED: gettext_lazy("Refund goes another way"),
    events.REFUND_PAID_AFTER_ALL: gettext_lazy("Refund was paid after all"),
    events.REFUND_HELD: gettext_lazy("Refund waits"),
    events.REFUND_GATE_EXCEPTED: gettext_lazy("Let through before the red invoice"),
    events.BATCH_DRAWN_UP: gettext_lazy("Bank batch drawn up"),
    events.BATCH_RELEASED: gettext_lazy("Bank batch released"),
    events.BATCH_DOWNLOADED: gettext_lazy("Bank batch downloaded"),
    events.BATCH_SETTLED: gettext_lazy("Bank batch settled"),
    events.BATCH_CANCELLED: gettext_lazy("Bank batch cancelled"),
    events.BATCH_RESULT_READ: gettext_lazy("Result of the bank read"),
    events.HAND_PAYMENT_RECORDED: gettext_lazy("Payment by hand recorded"),
    events.HAND_PAYMENT_CONFIRMED: gettext_lazy("Payment by hand confirmed"),
    events.HAND_PAYMENT_REFUSED: gettext_lazy("Payment by hand struck"),
    events.PERIOD_CLOSED: gettext_lazy("Month closed"),
    events.PERIOD_REOPENED: gettext_lazy("Month opened again"),
    events.DIFFERENCE_FOUND: gettext_lazy("Difference found"),
    events.DIFFERENCE_ASSIGNED: gettext_lazy("Difference given to somebody"),
    events.DIFFERENCE_RESOLVED: gettext_lazy("Difference settled"),
    notifications.QUESTION_ASKED: gettext_lazy("Asked back"),
    notifications.QUESTION_ANSWERED: gettext_lazy("Answered"),
}
# Later nouns of the room, by name: a site that lacks one of them tells the others all the same.
_LATER: dict[str, str | Promise] = {
    "PACK_REQUESTED": gettext_lazy("Evidence pack asked for"),
    "PACK_BUILT": gettext_lazy("Evidence pack built"),
    "PACK_FAILED": gettext_lazy("Evidence pack could not be built"),
    "PACK_DOWNLOADED": gettext_lazy("Evidence pack downloaded"),
    "RETURN_CONFIRMED": gettext_lazy("Return of the goods confirmed"),
    "MONEY_OPENED": gettext_lazy("Filed by the system"),
    "MONEY_NOT_OPENED": gettext_lazy("Not filed by the system"),
    "REFUSAL_TOLD": gettext_lazy("The customer was told why not"),
    "CANCELLATION_FILED": gettext_lazy("Cancellation filed"),
    "CANCELLATION_SIGNED": gettext_lazy("Cancellation signed"),
    "CANCELLATION_APPROVED": gettext_lazy("Cancellation approved"),
    "CANCELLATION_REJECTED": gettext_lazy("Cancellation rejected"),
    "CANCELLATION_WITHDRAWN": gettext_lazy("Cancellation withdrawn"),
    "CANCELLATION_CHECKED": gettext_lazy("Check of the cancellation recorded"),
    "CANCELLATION_DONE": gettext_lazy("Cancelled"),
}
KINDS |= {getattr(events, name): words for name, words in _LATER.items() if hasattr(events, name)}

_STATES = {
    "void": VoidState, "refund": RefundState, "bank_batch": BatchState, "cancellation": CancellationState,
    "period": PeriodState,
}  # fmt: skip


def state(event: Event, value: str) -> str:
    """A state of the noun that the event is about, in words; as it is where it is another noun's."""
    states = _STATES.get(event.kind.partition(".")[0])
    return str(states(value).label) if states is not None and value in states.values else value


def details(event: Event) -> Iterable[str]:
    """What matters of an event's facts."""
    data: dict[str, Any] = event.data
    if event.kind not in KINDS or event.kind in (events.PERIOD_CLOSED, events.PERIOD_REOPENED):
        return  # of a month the reason alone: its sum stands on the page, by what it is
    if event.kind == events.MONEY_NOT_OPENED:
        yield DomainError(data["code"], **data["data"]).words
        return
    if data.get("step") in Step.values:
        yield str(Step(data["step"]).label)
    if data.get("act") in Act.values:
        yield str(Act(data["act"]).label)
    if data.get("check") in CheckKind.values:
        yield str(CheckKind(data["check"]).label)
        yield _("passed") if data.get("passed") else _("not passed")
    if data.get("fact") in Fact.values:
        yield f"{Fact(data['fact']).label}: {_('yes') if data.get('holds') else _('no')}"
    if data.get("form_state") in FormState.values:
        yield str(FormState(data["form_state"]).label)
    if data.get("channel") in PayChannel.values:
        yield str(PayChannel(data["channel"]).label)
    for name in ("amount", "total"):
        if data.get(name):
            yield f"¥{Decimal(data[name]):,.2f}"
    for name in ("basis", "certificate", "code", "because", "our_number", "why"):
        if isinstance(data.get(name), str):
            yield failures.told(data[name]) if name == "code" else data[name]
