"""Text messages that come back (SUR-02): a score answers the newest open survey of the phone; nothing else is lost.

A score ("5", "５分", "满意，谢谢") answers; with the ticket's number beside it, that ticket's survey. What is unclear
becomes a message on the ticket, and once a text that says how to answer. STOP ends survey messages to that phone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from apps.core import clock, locks, masking
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.core.vocabulary import Channel
from apps.crm import contacts
from apps.feedback.models import SmsReply, Survey, SurveyRefusal, Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import closure, conversation, links, sms_reading
from apps.feedback.services.sms_reading import Command, Reading
from apps.feedback.services.survey_contradiction import contradiction
from apps.feedback.services.words import TEXT_LIMIT
from apps.feedback.states import ClosedAs, MessageKind, TicketState
from apps.journal.events import ref
from apps.notifications.services import outbox
from apps.notifications.states import MessageChannel

SAME_AGAIN = timedelta(minutes=10)  # the same score from the same phone within this time is one answer sent twice
Verdict = SmsReply.Verdict


@dataclass(frozen=True, slots=True)
class Incoming:
    """A text message as the gateway hands it on; `id` is the gateway's own."""

    id: str
    sender: str
    text: str
    at: datetime


def take(incoming: Incoming) -> tuple[SmsReply, bool]:
    """Take in a message once, however often the gateway sends it. Returns its row and whether it is new."""
    if known := SmsReply.objects.filter(external_id=incoming.id).first():
        return known, False
    try:
        with transaction.atomic():
            reply = _received(incoming)
            _understand(reply)
            reply.save(force_insert=True)
            return reply, True
    except IntegrityError:
        if known := SmsReply.objects.filter(external_id=incoming.id).first():
            return known, False
        raise


def unwanted(ticket: Ticket) -> bool:
    """Whether a survey message about this ticket would go as an SMS to a phone that said STOP."""
    customer = ticket.customer
    if not customer.phone_index or not SurveyRefusal.objects.filter(sender_index=customer.phone_index).exists():
        return False
    to = outbox.Recipient(email=customer.email, phone=customer.phone)
    return outbox.channel_for(ticket.contact_channel or customer.preferred_channel, to) == MessageChannel.SMS


def _received(incoming: Incoming) -> SmsReply:
    try:
        phone = contacts.normalise_phone(incoming.sender)
    except DomainError:
        phone = incoming.sender[:60]
    masked = contacts.mask_phone(phone) if phone.startswith("+") else masking.phone(phone)
    text = incoming.text.replace("\x00", "")[:TEXT_LIMIT].strip()
    return SmsReply(
        external_id=incoming.id, sender=phone, sender_masked=masked[:40], sender_index=blind_index(phone), text=text,
        at=incoming.at, verdict=Verdict.UNKNOWN,
    )  # fmt: skip


def _understand(reply: SmsReply) -> None:
    reading = sms_reading.read(reply.text)
    if reading.command is not None:
        _switch(reply, reading.command)
        return
    survey = _open_survey(reply, reading)
    if reading.score is not None:
        if repeated := _said_already(reply, reading):
            reply.verdict, reply.ticket = Verdict.ANSWERED, repeated
            return
        if survey is not None:
            closure.answer_survey(
                survey, score=reading.score, comment=reading.comment, actor=CUSTOMER, way=Survey.Way.SMS
            )
            reply.verdict, reply.ticket = Verdict.ANSWERED, survey.ticket
            return
    _keep(reply, reading, survey)


def _open_survey(reply: SmsReply, reading: Reading) -> Survey | None:
    """The open survey of the number they wrote; where they wrote none, the newest one of this phone."""
    waiting = Survey.objects.filter(
        ticket__customer__phone_index=reply.sender_index, ticket__state=TicketState.CALLBACK, answered_at=None,
        round=F("ticket__reopen_count"),
    ).select_related("ticket__customer").order_by("-sent_at", "-id")  # fmt: skip
    return (waiting.filter(ticket__number=reading.number) if reading.number else waiting).first()


def _said_already(reply: SmsReply, reading: Reading) -> Ticket | None:
    """The ticket whose survey this phone answered with the same words a moment ago."""
    last = SmsReply.objects.filter(
        sender_index=reply.sender_index, verdict=Verdict.ANSWERED, at__gte=reply.at - SAME_AGAIN
    ).select_related("ticket").first()  # fmt: skip
    if last is None or reading.number or sms_reading.read(last.text) != reading:
        return None
    return last.ticket


def _keep(reply: SmsReply, reading: Reading, survey: Survey | None) -> None:
    """Not an answer to an open survey: to the ticket it most likely belongs to."""
    ticket = survey.ticket if survey else _latest_ticket(reply, reading.number)
    if ticket is None or not reply.text:
        reply.ticket = ticket
        return
    reply.ticket, reply.verdict = ticket, Verdict.MESSAGE
    if ticket.state == TicketState.CLOSED and _takes_it_back(ticket, reply, reading):
        closure.reopen(ticket, actor=CUSTOMER, reason=reply.text)
        reply.verdict = Verdict.REOPENED
        return
    conversation.write(locks.row(Ticket, ticket.pk), MessageKind.CUSTOMER, reply.text, CUSTOMER, Channel.SMS)
    if survey is not None and survey.helped_at is None:
        survey.helped_at = clock.now()
        survey.save(update_fields=["helped_at"])
        _tell(reply, "survey_help", ticket, link=links.survey_url(survey))


def _latest_ticket(reply: SmsReply, number: str) -> Ticket | None:
    theirs = Ticket.objects.filter(customer__phone_index=reply.sender_index, is_drill=False).select_related("customer")
    named = theirs.filter(number=number).first() if number else None
    return named or theirs.open().order_by("-id").first() or theirs.order_by("-id").first()


def _takes_it_back(ticket: Ticket, reply: SmsReply, reading: Reading) -> bool:
    """Rated well, and now it is broken after all, within the days in which customers may reopen."""
    if ticket.closed_at is None or ticket.closed_at < clock.now() - timedelta(days=rules().reopen_days):
        return False
    low = (
        reading.score is not None and reading.score < rules().satisfied_from and ticket.closed_as == ClosedAs.SATISFIED
    )
    return low or bool(contradiction(reply.text))


def _switch(reply: SmsReply, command: Command) -> None:
    if command is Command.RESUME:
        SurveyRefusal.objects.filter(sender_index=reply.sender_index).delete()
        reply.verdict = Verdict.RESUMED
        return
    reply.verdict = Verdict.STOPPED
    _refusal, created = SurveyRefusal.objects.get_or_create(sender_index=reply.sender_index)
    reply.ticket = _latest_ticket(reply, "")
    if created and reply.ticket is not None:
        _tell(reply, "survey_stopped", reply.ticket)


def _tell(reply: SmsReply, template: str, ticket: Ticket, **context: str) -> None:
    facts = {"number": ticket.number, "contact": rules().hotline, **context}
    to = outbox.Recipient(phone=reply.sender)
    language = ticket.language
    outbox.send(template, to=to, context=facts, subject=ref(ticket), language=language, channel=MessageChannel.SMS)
