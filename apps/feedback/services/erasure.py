"""Wiping what a ticket says of its customer (LAW-05, ARC-05); its numbers, times and states stay for the figures.

Who may, and when, is decided by the room above, which also wipes what casework, channels and the outbox keep.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.actors import Actor
from apps.core.erasure import Wiped, wipe, wipe_uploads
from apps.feedback import events
from apps.feedback.models import (
    Attachment,
    IncomingMail,
    Message,
    Plan,
    ProcessFeedback,
    RegulatorCase,
    SearchText,
    SmsReply,
    Solution,
    Survey,
    SurveyRefusal,
    Ticket,
    TicketLink,
)
from apps.feedback.services import search_index
from apps.journal.events import record


def erase_ticket(ticket: Ticket, *, actor: Actor, reason: str) -> Wiped:
    """Wipe one ticket inside the caller's transaction. Twice is once."""
    own = Q(ticket_id=ticket.pk)
    tickets = Ticket.objects.filter(pk=ticket.pk)
    done = wipe(
        tickets, texts=("title", "description", "result"),
        blanks=("contact_given", "region", "place", "product_text", "serial_number", "invoice_number", "order_number"),
    )  # fmt: skip
    done += wipe(tickets, blanks=("external_ref",), empty=None)
    # The private link opens nothing any more; nothing personal is left that would keep it out of lists.
    tickets.update(hits=[], link_version=ticket.link_version + 1, restricted=False)
    done += wipe(Message.objects.filter(own), texts=("body",))
    done += wipe(Plan.objects.filter(own), texts=("steps", "measures"))
    done += wipe(Solution.objects.filter(own), texts=("description", "decision_reason"))
    done += wipe(Survey.objects.filter(own), texts=("comment",), blanks=("contradiction",))
    done += wipe(ProcessFeedback.objects.filter(own), texts=("words",))
    done += wipe(RegulatorCase.objects.filter(own), texts=("process", "outcome_note"))
    done += wipe(TicketLink.objects.filter(Q(source=ticket) | Q(target=ticket)), texts=("reason",))
    done += erase_mails(IncomingMail.objects.filter(own))
    done += erase_texts(SmsReply.objects.filter(own))
    done += wipe_uploads(Attachment.objects.filter(own).values_list("upload_id", flat=True))
    SearchText.objects.filter(ticket_id=ticket.pk).delete()
    if not done.is_empty:
        data = {"columns": sorted(done.counts), "files": len(done.files)}
        record(events.TICKET_ERASED, subject=ticket, actor=actor, reason=reason, data=data)
    return done


def erase_sender(indexes: Collection[str]) -> Wiped:
    """What a phone or e-mail sent that belongs to no ticket, and its wish to get no surveys."""
    if not indexes:
        return Wiped()
    loose = Q(ticket=None, sender_index__in=indexes)
    SurveyRefusal.objects.filter(sender_index__in=indexes).delete()
    return erase_mails(IncomingMail.objects.filter(loose)) + erase_texts(SmsReply.objects.filter(loose))


def erase_mails(mails: "QuerySet[IncomingMail]") -> Wiped:
    done = wipe(mails, texts=("quoted",), blanks=("header_id", "sender_index", "sender_masked", "subject", "detail"))
    for mail in mails.exclude(raw=""):
        done.files.append({"name": mail.raw.name, "sha256": mail.digest, "size": mail.size})
        IncomingMail.objects.filter(pk=mail.pk).update(raw="")
    return done


def erase_texts(replies: "QuerySet[SmsReply]") -> Wiped:
    return wipe(replies, blanks=("sender", "sender_masked", "sender_index", "text"))


def tickets_of(customer_id: UUID) -> list[Ticket]:
    """The customer's tickets, oldest first, as far as they are not wiped yet or were written on since."""
    return list(Ticket.objects.filter(customer_id=customer_id).order_by("id"))


def hide(customer_id: UUID) -> None:
    """A restricted customer's tickets are not found by their words any more, and stand in no list (LAW-05)."""
    Ticket.objects.filter(customer_id=customer_id).update(restricted=True)
    SearchText.objects.filter(ticket__customer_id=customer_id).delete()


def show(customer_id: UUID) -> None:
    """The restriction ended: they are listed and found again."""
    Ticket.objects.filter(customer_id=customer_id).update(restricted=False)
    search_index.rebuild(Ticket.objects.filter(customer_id=customer_id).values_list("pk", flat=True))
