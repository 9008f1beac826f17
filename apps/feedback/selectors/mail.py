"""Which conversation a mail belongs to (INT-09), and what the desk reads of incoming mail."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from apps.core.fields import blind_index
from apps.feedback.models import IncomingMail, Mailbox, Ticket
from apps.feedback.models.mail import Trouble, Verdict
from apps.notifications.catalogue import MESSAGE_TYPES
from apps.notifications.models import OutgoingMessage
from apps.notifications.threads import Thread

_OWN_ID = re.compile(r"(ticket-)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)(20\d{2}(?:0[1-9]|1[0-2])-\d{3,7})(?!\d)")
_TICKET = Ticket._meta.label_lower
SILENT = timedelta(minutes=10)  # beat asks for every mailbox each half minute
TAKEN_IN = (Verdict.NEW_TICKET, Verdict.REPLY)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The ticket a mail answers. `with_staff`: it answers what we wrote to a colleague, not to the customer."""

    ticket: Ticket
    with_staff: bool = False


def messages_of_ours(message_ids: Iterable[str]) -> list[OutgoingMessage]:
    """Our own e-mails among these message ids, in their order. An id of ours holds 74 random bits: nobody guesses one."""
    keys = [UUID(m[2]) for each in message_ids if (m := _OWN_ID.match(each)) and not m[1]]
    found = OutgoingMessage.objects.defer("body", "recipient", "recipient_name", "thread").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def conversation(message_ids: Sequence[str]) -> Conversation | None:
    """The ticket that these ids lead to, the nearest id first: messages of ours, our thread, mails that came in before."""
    ours = [m for m in messages_of_ours(message_ids) if m.subject_type == _TICKET]
    for_staff = any(MESSAGE_TYPES[m.template].for_staff for m in ours if m.template in MESSAGE_TYPES)
    ticket_ids = [m.subject_id for m in ours if m.subject_id]
    ticket_ids += [UUID(m[2]) for each in message_ids if (m := _OWN_ID.match(each)) and m[1]]
    if not ticket_ids:
        mails = IncomingMail.objects.filter(header_id__in=list(message_ids), verdict__in=TAKEN_IN, ticket__isnull=False)
        by_id = dict(mails.order_by("created_at").values_list("header_id", "ticket_id"))
        ticket_ids = [by_id[each] for each in message_ids if each in by_id]
    if not ticket_ids:
        return None
    found = Ticket.objects.select_related("customer").in_bulk(ticket_ids)
    nearest = next((found[key] for key in ticket_ids if key in found), None)
    return Conversation(nearest, for_staff) if nearest else None


def named_in(subject: str) -> Ticket | None:
    """The ticket whose number stands in a subject."""
    match = _NUMBER.search(unicodedata.normalize("NFKC", subject))
    return Ticket.objects.select_related("customer").filter(number=match[1]).first() if match else None


def wrote_before(ticket: Ticket, email: str) -> bool:
    """Whether this address is the ticket's customer: by their record, or by what made the ticket, a form or a mail."""
    index = blind_index(email)
    if not index:
        return False
    typed = json.loads(ticket.contact_given).get("email", "") if ticket.contact_given else ""
    if ticket.customer.email_index == index or typed == email:
        return True
    return IncomingMail.objects.filter(ticket=ticket, verdict=Verdict.NEW_TICKET, sender_index=index).exists()


def written_within_the_hour(sender_index: str, moment: datetime) -> int:
    """How many mails of one sender arrived in the hour before."""
    hour = IncomingMail.objects.filter(received_at__gt=moment - timedelta(hours=1), received_at__lte=moment)
    return hour.filter(sender_index=sender_index).count()


def thread_of(ticket: Ticket, email: str) -> Thread | None:
    """The customer's latest mail about a ticket, for our answer to stand below it; None if they wrote none."""
    mails = IncomingMail.objects.filter(ticket=ticket, verdict__in=TAKEN_IN, sender_index=blind_index(email))
    rows = list(mails.select_related("mailbox").order_by("-received_at", "-id")[:5])
    if not rows:
        return None
    ids = [row.header_id for row in rows if row.header_id and row.header_id.isascii()]
    first = mails.order_by("received_at", "id").values_list("subject", flat=True)[:1]
    return Thread(
        message_id=ids[0] if ids else "",
        references=tuple(reversed(ids[1:])),
        subject=next(iter(first), ""),
        reply_to=rows[0].mailbox.address,
    )


def quoted_in(*ticket_ids: UUID) -> dict[UUID, str]:
    """What the mails of tickets quoted, by the message they became: shown folded below it."""
    mails = IncomingMail.objects.filter(ticket__in=ticket_ids, message__isnull=False).exclude(quoted="")
    return dict(mails.values_list("message", "quoted"))


# For the admin --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Health:
    """`state`: well, off, new, silent (no success for a while) or ill (its last reading failed)."""

    state: str
    words: str
    detail: str = ""


def health(mailbox: Mailbox, now: datetime) -> Health:
    """How a mailbox is, in a line of words."""
    if not mailbox.active:
        return Health("off", _("out of use"))
    last = mailbox.last_success_at
    ago = _("last read %(ago)s ago") % {"ago": timesince(last, now)} if last else _("never read")
    if mailbox.trouble:
        return Health(
            "ill", str(Trouble(mailbox.trouble).label), " · ".join(filter(None, [mailbox.trouble_detail, ago]))
        )
    if last is None:
        return Health("new", _("not read yet"))
    if now - last > SILENT:
        return Health("silent", ago, _("Is the background worker running?"))
    return Health("well", _("well"), ago)


def with_unattended(mailboxes: "QuerySet[Mailbox]") -> "QuerySet[Mailbox]":
    """With `unattended_count`: mails that could not be taken in and have no ticket."""
    mails = IncomingMail.objects.unattended().filter(mailbox=OuterRef("pk")).order_by().values("mailbox")
    count = Subquery(mails.annotate(count=Count("pk")).values("count"))
    return mailboxes.annotate(unattended_count=Coalesce(count, 0))


def is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
