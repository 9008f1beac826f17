"""What a mail is and whose conversation it belongs to (INT-09). Reads, and decides; `services.incoming_mail` acts."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings

from apps.accounts.models import User
from apps.core.fields import blind_index
from apps.feedback.mail.automatic import Sign
from apps.feedback.mail.headers import Address
from apps.feedback.mail.parsing import ParsedMail
from apps.feedback.models import Mailbox, Ticket
from apps.feedback.models.mail import Reason, Verdict
from apps.feedback.selectors import mail as reads

_NO_REPLY = re.compile(r"(?:no|do-?not)[-_.]?reply|mailer@|notifications?@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`ticket` is the one a reply goes to; for other verdicts it is only shown beside the mail. `named`: the subject
    names this ticket of somebody else. `colleague`: what a colleague wrote must not stand as the customer's words."""

    verdict: Verdict
    reason: Reason | None = None
    detail: str = ""
    ticket: Ticket | None = None
    named: Ticket | None = None
    colleague: bool = False


def writer_of(mail: ParsedMail, ours: set[str]) -> Address:
    """Who wrote: the sender, or Reply-To where a web form or a shop's robot wrote on somebody's behalf."""
    speaks_for = not mail.sender.email or mail.sender.email in ours or _NO_REPLY.match(mail.sender.email)
    if speaks_for and mail.reply_to.email and mail.reply_to.email not in ours:
        return mail.reply_to
    return mail.sender


def own_addresses() -> set[str]:
    """The addresses that mail of ours comes from and goes to."""
    default = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()
    return {default, *(address.lower() for address in Mailbox.objects.values_list("address", flat=True))} - {""}


def judge(mail: ParsedMail, writer: Address, *, ours: set[str], received_at: datetime) -> Judgement:
    """Automatic mail, bounces and loops open no ticket; everything else is a reply or a new ticket."""
    if mail.bounce is not None:
        reason = Reason.RETURNED if mail.bounce.failed else Reason.DELAYED
        detail = " ".join(filter(None, (mail.bounce.status, mail.bounce.detail)))
        conversation = reads.conversation(mail.bounce.original_ids)
        return Judgement(Verdict.BOUNCE, reason, detail, conversation.ticket if conversation else None)
    if mail.message_id and reads.messages_of_ours([mail.message_id]):
        return Judgement(Verdict.LOOP, Reason.OWN_MESSAGE)
    if writer.email in ours:
        return Judgement(Verdict.LOOP, Reason.OWN_ADDRESS)
    conversation = reads.conversation(mail.answers)
    if mail.automatic and not (mail.automatic is Sign.BULK and _is_own_list(mail.list_id, ours)):
        ticket = conversation.ticket if conversation else None
        return Judgement(Verdict.AUTO_REPLY, Reason(mail.automatic.value), ticket=ticket)
    if not writer.email:
        return Judgement(Verdict.BROKEN, Reason.NO_SENDER)
    if _floods(writer.email, received_at):
        return Judgement(Verdict.LOOP, Reason.FLOOD)
    if conversation is not None:
        return _reply(conversation, writer.email)
    named = reads.named_in(mail.subject)
    if named is not None and not mail.forged and reads.wrote_before(named, writer.email):
        return Judgement(Verdict.REPLY, ticket=named)
    # Whoever only knows a number, or forges a sender, has no part in that ticket: theirs is a ticket of its own.
    return Judgement(Verdict.NEW_TICKET, Reason.FOREIGN_NUMBER if named else None, named=named)


def _reply(conversation: reads.Conversation, email: str) -> Judgement:
    ticket = conversation.ticket
    staff_wrote = conversation.with_staff or User.objects.filter(is_active=True, email__iexact=email).exists()
    colleague = staff_wrote and not reads.wrote_before(ticket, email)
    return Judgement(Verdict.REPLY, Reason.COLLEAGUE if colleague else None, ticket=ticket, colleague=colleague)


def _floods(email: str, moment: datetime) -> bool:
    """Two programs answering each other show no other sign than their number."""
    return reads.written_within_the_hour(blind_index(email), moment) >= settings.MAIL_MAX_PER_SENDER_PER_HOUR


def _is_own_list(list_id: str, ours: set[str]) -> bool:
    """The service address is often a group of the mail server, which marks all its mail as a list's."""
    return bool(list_id) and any(list_id in (address, address.replace("@", ".")) for address in ours)
