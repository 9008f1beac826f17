"""What a customer may read behind a private link. Internal notes, call records and clear personal data are not among it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import Http404

from apps.core import masking, uploads
from apps.core.actors import CUSTOMER
from apps.core.models import Upload
from apps.core.vocabulary import ContactChannel
from apps.feedback import events
from apps.feedback.models import Attachment, Message, Survey, Ticket
from apps.feedback.services import contact_given, family, links, nudges
from apps.feedback.states import CUSTOMER_SEES, MessageKind, TicketState
from apps.journal import transitions
from apps.journal.models import Event
from apps.sla.models import Deadline
from apps.sla.services import deadlines

_VISIBLE = Q(message=None) | Q(message__kind__in=[kind.value for kind in CUSTOMER_SEES])


@dataclass(slots=True)
class File:
    """An attachment as the page shows it."""

    id: UUID
    upload: Upload

    @property
    def is_picture(self) -> bool:
        return uploads.is_picture(self.upload)


@dataclass(slots=True)
class Entry:
    """One part of the conversation, in either direction. `author` is empty for the customer's own words."""

    anchor: str
    body: str
    at: datetime
    author: str = ""
    staff_number: str = ""
    from_customer: bool = False
    files: list[File] = field(default_factory=list)


def ticket_by_link(number: str, token: str) -> Ticket:
    """The ticket behind a private link. Raises Http404, the same for a wrong token and an unknown number."""
    joined = Ticket.objects.select_related("customer", "assignee", "duplicate_of", "merged_into", "parent")
    ticket = joined.filter(number=number).first()
    if ticket is None or not links.tracking_matches(ticket, token):
        raise Http404
    return ticket


def answering(ticket: Ticket) -> Ticket:
    """The ticket whose progress its page shows: of a merged one, or a part, that of the other, unless that is somebody
    else's."""
    other = ticket.merged_into or ticket.parent
    return other if other is not None and other.customer_id == ticket.customer_id else ticket


def may_write(ticket: Ticket) -> bool:
    """Whether the customer may add something now; on a merged ticket as long as the one that answers for it is open."""
    return family.leader(ticket).is_open


def nudging(ticket: Ticket) -> tuple[bool, datetime | None]:
    """Whether the customer may nudge now (HND-11), or from when on; (False, None) where there is nothing to hurry up."""
    leader = family.leader(ticket)
    refusal = nudges.refused(leader, CUSTOMER)
    if refusal is None:
        return True, None
    return False, nudges.next_at(leader) if refusal.code == "nudge.too_soon" else None


def survey_by_link(survey_id: UUID, token: str) -> Survey:
    """The survey behind a one-time link. Raises Http404."""
    survey = Survey.objects.select_related("ticket").filter(pk=survey_id).first()
    if survey is None or not links.survey_matches(survey, token):
        raise Http404
    return survey


def attachment(ticket: Ticket, attachment_id: UUID) -> Upload:
    """A file of this ticket that the customer may see. Raises Http404."""
    found = Attachment.objects.select_related("upload").filter(_VISIBLE, ticket=ticket, pk=attachment_id).first()
    if found is None:
        raise Http404
    return found.upload


def story(ticket: Ticket) -> list[Entry]:
    """The conversation, oldest first, beginning with what came in."""
    files: dict[UUID | None, list[File]] = {}
    for row in Attachment.objects.select_related("upload").filter(_VISIBLE, ticket=ticket).order_by("id"):
        files.setdefault(row.message_id, []).append(File(row.pk, row.upload))
    said = Message.objects.select_related("author").filter(ticket=ticket, kind__in=CUSTOMER_SEES).order_by("at", "id")
    first = Entry("m0", ticket.description, ticket.received_at, from_customer=True, files=files.get(None, []))
    return [first, *(_entry(message, files.get(message.pk, [])) for message in said)]


def _entry(message: Message, files: list[File]) -> Entry:
    entry = Entry(f"m{message.pk.hex}", message.body, message.at, files=files)
    if message.kind == MessageKind.CUSTOMER:
        entry.from_customer = True
    elif message.author is not None:
        entry.author = masking.name(str(message.author))
        entry.staff_number = message.author.staff_number or ""
    return entry


def open_deadlines(ticket: Ticket) -> list[Deadline]:
    """What is owed to this customer, the next one first; timers of our own are left out."""
    return [d for d in deadlines.open_for(ticket) if not d.is_timer]


def open_survey(ticket: Ticket) -> Survey | None:
    """The survey that waits for an answer."""
    if ticket.state != TicketState.CALLBACK:
        return None
    return ticket.surveys.filter(round=ticket.reopen_count, answered_at=None).first()


def answered_survey(ticket: Ticket) -> Survey | None:
    return ticket.surveys.filter(round=ticket.reopen_count, answered_at__isnull=False).first()


def contact(ticket: Ticket) -> dict[str, str]:
    """Name, phone and e-mail as the sender gave them with this ticket, masked.

    A stranger's form with somebody's phone number becomes that customer's ticket. Its page must not tell the stranger
    the customer's name and e-mail address, not even masked.
    """
    customer = ticket.customer
    known = {"name": customer.name_masked, "phone": customer.phone_masked, "email": customer.email_masked}
    given = _given(ticket)
    return {name: mask for name, mask in known.items() if mask and name in given} | contact_given.masked(ticket)


def news_go_to(ticket: Ticket) -> str:
    """The masked address that news go to, where the sender gave it with this ticket: else it is not theirs to read."""
    name = "email" if ticket.contact_channel == ContactChannel.EMAIL else "phone"
    own = name in _given(ticket) and name not in contact_given.masked(ticket)
    return str(getattr(ticket.customer, f"{name}_masked")) if own else ""


def _given(ticket: Ticket) -> set[str]:
    """Which personal data came with the ticket; tickets from before this was recorded count as having brought all."""
    received = (
        Event.objects.filter(subject_id=ticket.pk, kind=events.TICKET_RECEIVED).values_list("data", flat=True).first()
    )
    return set((received or {}).get("contact", ("name", "phone", "email")))


def supervisor_asked_at(ticket: Ticket) -> datetime | None:
    """When a supervisor was last asked for (SLA-06)."""
    asked = Event.objects.filter(subject_id=ticket.pk, kind=events.SUPERVISOR_REQUESTED).order_by("-id")
    return asked.values_list("at", flat=True).first()


def may_reopen(ticket: Ticket) -> bool:
    """Whether the customer may take this step now; the last day is the service's to check."""
    return any(offer.name == "reopen" and offer.allowed for offer in transitions.available(ticket, CUSTOMER))
