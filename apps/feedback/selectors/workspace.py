"""What the page of one ticket reads."""

from uuid import UUID

from django.db.models import QuerySet

from apps.core.actors import Actor
from apps.crm.services.customers import PERSONAL_FIELDS
from apps.feedback.models import Attachment, Message, Plan, Solution, Survey, Ticket
from apps.feedback.selectors.mail import quoted_in
from apps.feedback.states import MessageKind

EARLIER = 5


def ticket(number: str, actor: Actor) -> Ticket | None:
    """The ticket with what its page shows of others, or None where this actor may not know of it (ADM-02)."""
    hidden = [f"customer__{name}" for name in (*PERSONAL_FIELDS, "note")]
    joined = Ticket.objects.visible_to(actor).select_related(
        "customer", "category", "department", "assignee", "product", "order"
    )
    return joined.defer(*hidden).filter(number=number).first()


def story(ticket: Ticket) -> list[Message]:
    """The ticket's messages, oldest first, with authors, files and, as `quoted`, what the mail behind them quoted."""
    messages = Message.objects.filter(ticket=ticket).select_related("author")
    found = list(messages.prefetch_related("attachments__upload").order_by("at", "id"))
    quoted = quoted_in(ticket) if any(message.kind == MessageKind.CUSTOMER for message in found) else {}
    for message in found:
        message.quoted = quoted.get(message.pk, "")
    return found


def attachments(ticket: Ticket) -> list[Attachment]:
    return list(Attachment.objects.filter(ticket=ticket).select_related("upload").order_by("id"))


def attachment(ticket: Ticket, attachment_id: UUID) -> Attachment | None:
    return Attachment.objects.filter(ticket=ticket, pk=attachment_id).select_related("upload").first()


def plans(ticket: Ticket) -> list[Plan]:
    """The newest, which holds, first."""
    return list(Plan.objects.filter(ticket=ticket).select_related("author"))


def solutions(ticket: Ticket) -> list[Solution]:
    """The newest first."""
    return list(Solution.objects.filter(ticket=ticket).select_related("proposed_by", "decided_by"))


def surveys(ticket: Ticket) -> list[Survey]:
    """The latest round first."""
    return list(Survey.objects.filter(ticket=ticket).order_by("-round"))


def of_customer(customer_id: UUID, actor: Actor, *, but: UUID | None = None, limit: int = EARLIER) -> list[Ticket]:
    """A customer's latest tickets that this actor may see (INT-12)."""
    seen = Ticket.objects.visible_to(actor).filter(customer_id=customer_id).select_related("category")
    if but is not None:
        seen = seen.exclude(pk=but)
    return list(_short(seen).order_by("-id")[:limit])


def ratings_of(customer_id: UUID, actor: Actor, limit: int = 12) -> list[int]:
    """The customer's latest survey scores, the oldest of them first."""
    seen = Ticket.objects.visible_to(actor).filter(customer_id=customer_id)
    answers = Survey.objects.filter(ticket__in=seen, answered_at__isnull=False).order_by("-answered_at")
    return list(answers.values_list("score", flat=True)[:limit])[::-1]


def _short(tickets: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
    return tickets.only(
        "number", "title", "state", "kind", "received_at", "closed_at", "satisfaction", "category__name", "customer_id"
    )
