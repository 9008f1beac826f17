"""From a mail to a ticket or to a message of one: its words, its files, and what could not be taken over."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from django.utils.translation import gettext as _

from apps.core import actors, locks, masking, uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.models import Upload
from apps.core.vocabulary import ContactChannel
from apps.crm.contacts import NAME_LIMIT, Contact
from apps.feedback.mail import charsets
from apps.feedback.mail.headers import Address
from apps.feedback.mail.parsing import ParsedMail
from apps.feedback.models import Attachment, Mailbox, Message, Ticket
from apps.feedback.models.mail import Reason
from apps.feedback.selectors import mail as reads
from apps.feedback.services import closure, conversation, family, intake, words
from apps.feedback.services.intake import Report
from apps.feedback.states import MessageKind, TicketState

MAIL = actors.system("mail")
FULL_TEXT = "mail.txt"
LONGEST_NOTE = 1_000  # characters; there are four kinds of notes
LONGEST = words.TEXT_LIMIT - 4 * LONGEST_NOTE


@dataclass(slots=True)
class Taken:
    """A mail on its way in: with who wrote it, what was kept of its files, and whether only its beginning is here."""

    mail: ParsedMail
    writer: Address
    mailbox: Mailbox
    received_at: datetime
    cut: bool = False
    uploads: list[Upload] = field(default_factory=list)
    full_text_kept: bool = False
    refused: list[DomainError] = field(default_factory=list)


def keep_files(taken: Taken, *, about: Ticket | None) -> None:
    """Keep the mail's files, one in memory at a time; each that is not accepted is told in the text (INT-05).

    A picture that the ticket has already, such as a logo below every reply, is not kept again.
    """
    if len(taken.mail.text) > LONGEST:
        kept, _refused = _keep(FULL_TEXT, taken.mail.text.encode())
        taken.uploads, taken.full_text_kept = list(kept), bool(kept)
    known = set(Attachment.objects.filter(ticket=about).values_list("upload__sha256", flat=True)) if about else set()
    attachments = taken.mail.attachments
    for attachment in attachments[: settings.MAIL_MAX_FILES]:
        kept, refused = _keep(attachment.name, attachment.content())
        if kept and attachment.inline and kept[0].sha256 in known:
            uploads.discard(kept)
            continue
        taken.uploads += kept
        taken.refused += refused
    if len(attachments) > settings.MAIL_MAX_FILES:
        taken.refused.append(DomainError("upload.too_many", field=uploads.FIELD, limit=settings.MAIL_MAX_FILES))


def open_ticket(taken: Taken, *, actor: Actor, answering: bool, mention: Ticket | None, why: Reason | None) -> Ticket:
    """A new ticket (INT-01). `answering`: what the mail quotes is known here and left out. Raises as `intake.receive`."""
    mail, language = taken.mail, taken.mail.language
    with translation.override(language):
        text = _fitted(_opening(mail, answering), taken)
    report = Report(
        text=text,
        contact=_contact(taken, language),
        channel=taken.mailbox.channel,
        kind=taken.mailbox.kind,
        language=language,
        external_ref=f"email:{mail.digest}",
        received_at=taken.received_at,
        uploads=taken.uploads,
    )
    ticket = intake.receive(report, actor=actor)
    if mention is not None and ticket.is_new:
        _note(ticket, _mention(mention, why))
    return ticket


def answer(ticket: Ticket, taken: Taken, *, colleague: bool) -> tuple[Message | None, Reason | None]:
    """Add the mail to its ticket. (None, AFTER_CLOSING) where that ticket takes no more: then it needs its own.

    A closed ticket is reopened within the desk's days, by its own customer only, and not for mere thanks.
    """
    fresh = locks.row(Ticket, ticket.pk)
    if fresh.state == TicketState.REJECTED and fresh.duplicate_of_id:
        fresh = locks.row(Ticket, fresh.duplicate_of_id)
    leader = family.leader(fresh)  # what is written stays on the mail's own ticket, wherever that was merged into
    own = reads.wrote_before(fresh, taken.writer.email)
    with translation.override(fresh.language):
        body = _fitted(taken.mail.own or taken.mail.subject or _("(mail without text)"), taken, stranger=not own)
    if colleague:
        return conversation.write(
            fresh, MessageKind.NOTE, body, MAIL, taken.mailbox.channel, taken.uploads
        ), Reason.COLLEAGUE
    if leader.state == TicketState.REJECTED or (leader.state == TicketState.CLOSED and not own):
        return None, Reason.AFTER_CLOSING
    reason = None
    if leader.state == TicketState.CLOSED:
        if not taken.uploads and words.is_mere_thanks(taken.mail.own):
            return _say(fresh, body, taken), Reason.THANKS
        try:
            closure.reopen(leader, actor=actors.CUSTOMER, reason=words.title_of(taken.mail.own) or "—")
        except DomainError:
            return None, Reason.AFTER_CLOSING
        reason = Reason.REOPENED
    message = conversation.customer_says(
        fresh, body, actor=actors.CUSTOMER, channel=taken.mailbox.channel, uploads=taken.uploads
    )
    return message, reason


def _say(ticket: Ticket, body: str, taken: Taken) -> Message:
    return conversation.write(ticket, MessageKind.CUSTOMER, body, actors.CUSTOMER, taken.mailbox.channel, taken.uploads)


def _note(ticket: Ticket, text: str) -> None:
    conversation.write(locks.row(Ticket, ticket.pk), MessageKind.NOTE, text, MAIL, ticket.channel)


def _mention(ticket: Ticket, why: Reason | None) -> str:
    if why == Reason.FOREIGN_NUMBER:
        return _(
            "The mail names ticket %(number)s in its subject but comes from another address than that ticket's "
            "customer, so it became a ticket of its own."
        ) % {"number": ticket.number}
    return _(
        "The mail answers ticket %(number)s, which cannot be reopened by it, so it became a ticket of its own."
    ) % {"number": ticket.number}


def _contact(taken: Taken, language: str) -> Contact:
    writer = taken.writer
    name = "" if "@" in writer.name else charsets.one_line(writer.name, NAME_LIMIT)
    return Contact(name=name, email=writer.email, language=language, preferred_channel=ContactChannel.EMAIL)


def _opening(mail: ParsedMail, answering: bool) -> str:
    """Subject and text; what a forwarded mail quotes is what it is about."""
    text = mail.own if answering and mail.own else mail.text
    if mail.subject and not text.startswith(mail.subject):
        text = f"{mail.subject}\n\n{text}"
    return text.strip() or _("(mail without text)")


def _fitted(text: str, taken: Taken, *, stranger: bool = False) -> str:
    """The text with what could not be taken over; one that is too long stands in full in a file (INT-05)."""
    notes = []
    if len(text) > LONGEST:
        text = text[:LONGEST].rstrip() + "…"
        whole = _("The whole text is in the file “%(name)s”.") % {"name": FULL_TEXT}
        notes.append(whole if taken.full_text_kept else _("The text was cut here."))
    if stranger:
        address = masking.email(taken.writer.email)
        notes.append(_("Sent from %(address)s, which is not this customer's address.") % {"address": address})
    if taken.cut or taken.mail.left_out:
        notes.append(_("The mail was too large to be read in full."))
    if taken.refused:
        reasons = " ".join(dict.fromkeys(error.words for error in taken.refused))
        notes.append(_("Some files of the mail could not be taken over: %(reasons)s") % {"reasons": reasons})
    return "\n\n".join([text, *(f"[{note[: LONGEST_NOTE - 4]}]" for note in notes)])


def _keep(name: str, content: bytes) -> tuple[list[Upload], list[DomainError]]:
    return uploads.keep([SimpleUploadedFile(name or "file", content)], actor=actors.CUSTOMER)
