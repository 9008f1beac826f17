"""The proven events of a case as a table: place in the log, when, what, which state became which, who, why (ARC-01)."""

from django.utils.translation import gettext as _

from apps.billing.archive import kinds
from apps.billing.archive.chapters import Block, moment, table
from apps.billing.states import BatchState, InvoiceState, RefundState, VoidState
from apps.feedback.states import TicketState
from apps.journal.models import Event
from apps.journal.proofs import Proof, Proven

STATES = {
    "billing.voidrequest": VoidState, "billing.refund": RefundState, "billing.invoice": InvoiceState,
    "billing.bankbatch": BatchState, "feedback.ticket": TicketState,
}  # fmt: skip


def blocks(proof: Proof) -> list[Block]:
    """Every proven event, in the order in which they happened."""
    in_order = sorted(proof.events, key=lambda proven: (proven.event.at, proven.event.pk))
    rows = [
        (
            proven.position, moment(proven.event.at), kinds.told(proven.event.kind), _change(proven.event),
            _actor(proven.event), _reason(proven),
        )
        for proven in in_order
    ]  # fmt: skip
    head = [_("Place in the log"), _("Moment"), _("Item"), _("State or amount"), _("By whom"), _("Reason")]
    return [table(head, [2, 4, 4, 4, 2, 4], rows, [0])]


def _change(event: Event) -> str:
    """`Finance review → Verification`, or the amount that the event tells of."""
    before, after = event.data.get("from"), event.data.get("to")
    if before and after and before != after:
        return f"{_state(event, str(before))} → {_state(event, str(after))}"
    amount = event.data.get("amount")
    return f"¥{amount}" if amount else ""


def _state(event: Event, value: str) -> str:
    states = STATES.get(event.subject_type)
    return str(states(value).label) if states is not None and value in states.values else value


def _reason(proven: Proven) -> str:
    """Why, in the words of whoever did it; or when and by whom these words were erased (LAW-05)."""
    if proven.erasure is None:
        return proven.event.reason
    facts = {"when": moment(proven.erasure.at), "who": _actor(proven.erasure)}
    return _("words erased on %(when)s, by %(who)s") % facts


def _actor(event: Event) -> str:
    if event.actor_kind == "customer":
        return _("Customer")
    if event.actor_kind == "system":
        return _("the system")
    return event.actor_label
