"""What this room does when it hears of a refund. Each runs exactly once per event (journal.deliveries)."""

from typing import Any

from django.urls import NoReverseMatch, reverse

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing import events, failures
from apps.billing.models import Difference, ProviderFloat, Refund, VoidRequest
from apps.billing.services import floats
from apps.billing.states import CheckKind, PayChannel, RefundKind, RefundState
from apps.core.actors import system
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.selectors import rules
from apps.feedback.services import announcements, legal_clocks
from apps.journal.doorbell import ring
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox

PAYER = system("payer")
BENEFITS = (RefundKind.COUPON, RefundKind.POINTS, RefundKind.MEMBERSHIP)  # no money, no bank: REF-07


@on(events.REFUND_APPROVED, name="billing.begin_refund")
def begin_refund(event: Event) -> None:
    """Approved money goes out as soon as its gates let it pass; beat looks, too."""
    ring("billing.begin")


@on(events.REFUND_SENT, name="billing.tell_refund_sent")
def tell_refund_sent(event: Event) -> None:
    """REF-05: amount, channel, one to three working days. What needs no bank is there at once: then it is told."""
    refund = _refund(event)
    if refund.kind not in BENEFITS:
        _tell(refund, "refund_sent" if refund.kind == RefundKind.REFUND else "compensation_sent", event)


@on(events.REFUND_SUCCEEDED, events.REFUND_PAID_AFTER_ALL, name="billing.refund_paid")
def refund_paid(event: Event) -> None:
    """The customer hears it; the legal clocks of a return stop (LAW-01)."""
    refund = _refund(event)
    paid = "refund_paid" if refund.kind == RefundKind.REFUND else "compensation_paid"
    _tell(refund, "benefit_granted" if refund.kind in BENEFITS else paid, event)
    if refund.ticket is not None and refund.kind == RefundKind.REFUND:
        try:
            legal_clocks.refunded(refund.ticket, event.at, actor=PAYER)
        except (DomainError, DomainErrors):  # no goods came back on this ticket
            pass


@on(events.REFUND_FAILED, name="billing.refund_stuck")
def refund_stuck(event: Event) -> None:
    """A person decides on the next way; the customer hears that it takes longer and why (REF-03, REF-05)."""
    refund = _refund(event)
    facts = {
        "refund": refund.number, "amount": refund.amount, "channel": refund.get_channel_display(),
        "failure": failures.told(str(event.data.get("code", ""))),
    }  # fmt: skip
    outbox.notify_many(_owners(refund), "refund_stuck", context=facts, event=event, link=_page(refund))
    if refund.state == RefundState.NEEDS_FALLBACK:
        _tell(refund, "refund_delayed" if refund.kind == RefundKind.REFUND else "compensation_delayed", event)


@on(events.FLOAT_LOW, name="billing.float_low")
def float_low(event: Event) -> None:
    row = ProviderFloat.objects.get(pk=event.subject_id)
    facts = {
        "channel": row.get_channel_display(), "balance": row.balance or 0, "queued": floats.queued(row.channel),
        "daily": floats.daily(row.channel),
    }  # fmt: skip
    outbox.notify_many(_finance(), "float_low", context=facts, event=event)


@on(events.DIFFERENCE_FOUND, name="billing.difference_found")
def difference_found(event: Event) -> None:
    row = Difference.objects.get(pk=event.subject_id)
    if row.resolved_at is None:
        facts = {"number": row.number, "kind": row.get_kind_display(), "channel": row.get_channel_display()}
        outbox.notify_many(_finance(), "difference_found", context=facts, event=event)


@on(events.VOID_CHECKED, name="billing.goods_are_back")
def goods_are_back(event: Event) -> None:
    """From the day the goods are back the law's 7 and 15 days run (LAW-01)."""
    if event.data.get("check") != CheckKind.GOODS_BACK or not event.data.get("passed"):
        return
    request = VoidRequest.objects.select_related("ticket").get(pk=event.subject_id)
    if request.ticket is not None:
        try:
            legal_clocks.goods_back(request.ticket, event.at, actor=PAYER)
        except (DomainError, DomainErrors):  # the clocks run already
            pass


def _refund(event: Event) -> Refund:
    return Refund.objects.select_related("customer", "ticket__customer", "payment", "requested_by").get(
        pk=event.subject_id
    )


def _tell(refund: Refund, template: str, event: Event) -> None:
    """By the ticket's own way where there is one; else as the customer prefers."""
    channel = PayChannel(refund.channel).label
    facts: dict[str, Any] = {"refund": refund.number, "amount": f"{refund.amount:,.2f}", "channel": channel}
    if refund.kind != RefundKind.REFUND:
        facts["what"] = RefundKind(refund.kind).label
    if refund.ticket is not None:
        announcements.to_customer(refund.ticket, template, event, **facts)
        return
    customer = refund.customer
    if customer.restricted_at is not None:  # LAW-05
        return
    to = outbox.Recipient(email=customer.email, phone=customer.phone, name=customer.name)
    if to.email or to.phone:
        context = {"number": "", "link": "", "contact": rules().hotline, **facts}
        way = outbox.channel_for(customer.preferred_channel, to)
        outbox.send(template, to=to, context=context, event=event, language=customer.language, channel=way)


def _owners(refund: Refund) -> list[User]:
    """Finance, and whoever filed it."""
    people = {user.pk: user for user in _finance()}
    if refund.requested_by is not None:
        people[refund.requested_by.pk] = refund.requested_by
    return list(people.values())


def _finance() -> list[User]:
    return with_role(Role.FINANCE_OFFICER, Role.FINANCE_MANAGER)


def _page(refund: Refund) -> str:
    try:
        return reverse("desk:refund", args=[refund.number])
    except NoReverseMatch:
        return ""
