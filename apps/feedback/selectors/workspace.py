"""What the page of one ticket reads."""

from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

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
        "customer", "category", "department", "assignee", "first_asked", "product", "order"
    )
    with_merged = joined.prefetch_related(Prefetch("merged", Ticket.objects.select_related("customer").order_by("pk")))
    return with_merged.defer(*hidden).filter(number=number).first()


def story(ticket: Ticket) -> list[Message]:
    """The ticket's messages, oldest first, with authors, `files` and, as `quoted`, what the mail behind them quoted.

    Those of tickets that were merged into it are among them, marked by `origin`; each begins with what came in.
    """
    merged = {member.pk: member for member in ticket.merged.all()}
    messages = Message.objects.filter(ticket__in=[ticket.pk, *merged]).select_related("author")
    found = list(messages.prefetch_related("attachments__upload").order_by("at", "id"))
    quoted = quoted_in(ticket.pk, *merged) if any(message.kind == MessageKind.CUSTOMER for message in found) else {}
    for message in found:
        message.quoted = quoted.get(message.pk, "")
        message.files = list(message.attachments.all())
        if message.ticket_id in merged:
            message.ticket = merged[message.ticket_id]
            message.origin = message.ticket.number
    if merged:
        found = sorted([*found, *_openings(merged)], key=lambda message: message.at)
    return found


def _openings(merged: dict[UUID, Ticket]) -> list[Message]:
    """What merged tickets came in with, as entries of the story."""
    loose: dict[UUID, list[Attachment]] = {pk: [] for pk in merged}
    for file in Attachment.objects.filter(ticket__in=merged, message=None).select_related("upload").order_by("id"):
        loose[file.ticket_id].append(file)
    openings = []
    for pk, member in merged.items():
        opening = Message(ticket=member, kind=MessageKind.CUSTOMER, body=member.description, at=member.received_at)
        opening.channel, opening.origin, opening.files = member.channel, member.number, loose[pk]
        openings.append(opening)
    return openings


def attachments(ticket: Ticket) -> list[Attachment]:
    """The ticket's files, then those of tickets merged into it."""
    family = [ticket.pk, *(member.pk for member in ticket.merged.all())]
    files = list(Attachment.objects.filter(ticket__in=family).select_related("upload").order_by("id"))
    return sorted(files, key=lambda file: file.ticket_id != ticket.pk)


def attachment(ticket: Ticket, attachment_id: UUID) -> Attachment | None:
    """A file of this ticket or of one that was merged into it."""
    mine = Q(ticket=ticket) | Q(ticket__merged_into=ticket)
    return Attachment.objects.filter(mine, pk=attachment_id).select_related("upload").first()


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
    """The customer's latest survey scores, the oldest of them first; none that its own comment contradicts (HND-12)."""
    seen = Ticket.objects.visible_to(actor).filter(customer_id=customer_id)
    answers = Survey.objects.filter(ticket__in=seen, answered_at__isnull=False, contradiction="").order_by(
        "-answered_at"
    )
    return [score for score in answers.values_list("score", flat=True)[:limit] if score is not None][::-1]


def _short(tickets: "QuerySet[Ticket]") -> "QuerySet[Ticket]":
    return tickets.only(
        "number", "title", "state", "kind", "received_at", "closed_at", "satisfaction", "category__name", "customer_id"
    )
