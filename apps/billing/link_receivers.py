"""Between feedback and money: what opens by itself (LNK-01, LNK-02), and what comes back to the ticket (LNK-03).

Each runs exactly once per event (journal.deliveries).
"""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise, lazy
from django.utils.translation import pgettext_lazy

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing import events
from apps.billing.models import Cancellation, Refund, VoidRequest
from apps.billing.services import completing, opening
from apps.billing.states import VoidState
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Demand
from apps.crm import events as crm
from apps.crm.models import ReturnOrder
from apps.feedback import events as feedback
from apps.feedback.models import Solution, Ticket
from apps.feedback.services import announcements, closure, family, legal_clocks
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox

LABELS = {
    "billing.voidrequest": VoidRequest, "billing.refund": Refund, "billing.cancellation": Cancellation
}  # fmt: skip
# What the handler hears, by event; the case's number, amount and the reason stand beside it.
DECISIONS: dict[str, str | Promise] = {
    events.VOID_APPROVED: pgettext_lazy("decision", "void request approved"),
    events.VOID_REJECTED: pgettext_lazy("decision", "void request rejected"),
    events.VOID_WITHDRAWN: pgettext_lazy("decision", "void request withdrawn"),
    events.VOID_DONE: pgettext_lazy("decision", "invoice undone"),
    events.REFUND_APPROVED: pgettext_lazy("decision", "refund approved"),
    events.REFUND_REJECTED: pgettext_lazy("decision", "refund rejected"),
    events.REFUND_CANCELLED: pgettext_lazy("decision", "refund cancelled"),
    events.REFUND_SUCCEEDED: pgettext_lazy("decision", "refund paid"),
    events.REFUND_PAID_AFTER_ALL: pgettext_lazy("decision", "refund paid"),
    events.REFUND_FAILED: pgettext_lazy("decision", "refund failed; finance chooses another way"),
    events.REFUND_BOUNCED: pgettext_lazy("decision", "the refund came back"),
    events.CANCELLATION_APPROVED: pgettext_lazy("decision", "cancellation approved"),
    events.CANCELLATION_REJECTED: pgettext_lazy("decision", "cancellation rejected"),
    events.CANCELLATION_WITHDRAWN: pgettext_lazy("decision", "cancellation withdrawn"),
    events.CANCELLATION_DONE: pgettext_lazy("decision", "cancellation done"),
}
ENDS = (
    events.VOID_REJECTED, events.VOID_WITHDRAWN, events.VOID_DONE, events.REFUND_REJECTED, events.REFUND_CANCELLED,
    events.REFUND_SUCCEEDED, events.REFUND_PAID_AFTER_ALL, events.CANCELLATION_REJECTED, events.CANCELLATION_WITHDRAWN,
    events.CANCELLATION_DONE,
)  # fmt: skip
OPENED: dict[str, str | Promise] = {
    opening.VOID: pgettext_lazy("decision", "void request filed by the system"),
    opening.REFUND: pgettext_lazy("decision", "refund filed by the system"),
}


# What opens by itself -------------------------------------------------------------------------------------------------


@on(feedback.SOLUTION_APPROVED, name="billing.open_for_solution")
def open_for_solution(event: Event) -> None:
    """An approved solution that gives money back opens the void request (LNK-01)."""
    solution = Solution.objects.select_related("ticket__order", "ticket__customer").get(pk=event.data["solution"])
    if solution.approved and solution.type in opening.MONEY_BACK:
        opening.open_void(solution.ticket, solution)


@on(feedback.TICKET_RECLASSIFIED, feedback.URGENCY_CHANGED, events.RETURN_CONFIRMED, name="billing.open_for_return")
def open_for_return(event: Event) -> None:
    """A person says that the goods come back: by the demand, or by confirming the customer's own (LNK-01)."""
    demand = event.data.get("changes", {}).get("demand")
    said = event.kind == events.RETURN_CONFIRMED or (demand is not None and demand[1] == Demand.RETURN)
    if said and event.actor_kind in ("staff", "api"):
        opening.open_void(Ticket.objects.select_related("order", "customer").get(pk=event.subject_id))


@on(crm.RETURN_COMPLETED, name="billing.return_completed")
def return_completed(event: Event) -> None:
    """LNK-02."""
    completing.completed(ReturnOrder.objects.select_related("order").get(pk=event.subject_id))


# What people hear -----------------------------------------------------------------------------------------------------


@on(events.MONEY_OPENED, name="billing.tell_opened")
def tell_opened(event: Event) -> None:
    """The handler hears what was filed for them; nobody's inbox is told of a case without a ticket: it waits in finance's."""
    ticket = _answering(event.subject_id) if event.subject_type == "feedback.ticket" else None
    if ticket is not None:
        facts = {"case": event.data["number"], "amount": f"{Decimal(event.data['amount']):,.2f}", "reason": ""}
        people = announcements.responsible(ticket)
        announcements.to_staff(people, "money_decided", ticket, event, what=OPENED[event.data["what"]], **facts)


@on(events.MONEY_NOT_OPENED, name="billing.tell_not_opened")
def tell_not_opened(event: Event) -> None:
    """Why a person must: to the handler, or to finance where the return has no ticket."""
    why = lazy(lambda: DomainError(event.data["code"], **event.data["data"]).words, str)()
    if event.subject_type == "feedback.ticket":
        ticket = _answering(event.subject_id)
        announcements.to_staff(announcements.responsible(ticket), "money_not_opened", ticket, event, reason=why)
        return
    back = ReturnOrder.objects.get(pk=event.subject_id)
    facts = {"number": back.number, "reason": why}
    link = reverse("admin:crm_returnorder_change", args=[back.pk])
    outbox.notify_many(_finance(), "money_not_opened", context=facts, event=event, link=link)


@on(*DECISIONS, name="billing.tell_decision")
def tell_decision(event: Event) -> None:
    """A decision of finance comes back to whoever handles the ticket; not to who made it (LNK-03)."""
    case = _case(event)
    if case.ticket_id is None or not _is_news(event):
        return
    ticket = _answering(case.ticket_id)
    known = {event.actor_id}
    if event.kind == events.REFUND_FAILED:  # `refund_stuck` tells them
        known |= {user.pk for user in _finance()} | {case.requested_by_id}
    people = {user.pk: user for user in [*announcements.responsible(ticket), *_filer(case)] if user.pk not in known}
    facts = {"case": case.number, "amount": f"{case.amount:,.2f}", "reason": event.reason}
    announcements.to_staff(list(people.values()), "money_decided", ticket, event, what=DECISIONS[event.kind], **facts)


def _is_news(event: Event) -> bool:
    """Of several signatures only the last one decides; a bounce tells of the failure that follows it."""
    if event.kind == events.VOID_APPROVED:
        return bool(event.data.get("to") == VoidState.VERIFICATION)
    return not (event.kind == events.REFUND_FAILED and event.data.get("from") == "bounced")


@on(events.REFUND_BOUNCED, name="billing.clock_after_bounce")
def clock_after_bounce(event: Event) -> None:
    """The money came back: the law's time runs again, from the day the goods arrived (LAW-01)."""
    refund = Refund.objects.select_related("ticket").get(pk=event.subject_id)
    if refund.ticket is not None:
        legal_clocks.bounced(refund.ticket, actor=opening.LINKS)


@on(*ENDS, name="billing.close_what_waited")
def close_what_waited(event: Event) -> None:
    """The customer had said yes, or nothing, while money was open: now the ticket closes as it would have then."""
    case = _case(event)
    if case.ticket_id is None:
        return
    try:
        closure.close_what_waits(_answering(case.ticket_id))
    except (DomainError, DomainErrors):  # something else holds it
        pass


def _case(event: Event) -> Any:
    return LABELS[event.subject_type]._default_manager.get(pk=event.subject_id)


def _answering(ticket_id: Any) -> Ticket:
    joined = Ticket.objects.select_related("customer", "department", "category", "assignee", "first_asked")
    leader = family.leader(Ticket.objects.select_related("merged_into").get(pk=ticket_id))
    return joined.get(pk=leader.pk)


def _filer(case: Any) -> list[User]:
    return [case.requested_by] if case.requested_by_id else []


def _finance() -> list[User]:
    return with_role(Role.FINANCE_OFFICER, Role.FINANCE_MANAGER)
