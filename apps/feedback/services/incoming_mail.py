"""Taking in one mail, and having a second look at one that was put aside (INT-09).

Every mail leaves a row of `IncomingMail` with its verdict, written in the transaction of what it did: a mail that is
found again, after a crash or by another way, does nothing a second time.
"""

import hashlib
import logging
import re
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from apps.core import clock, locks, masking
from apps.core.actors import CUSTOMER, Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.core.models import new_id
from apps.crm.events import PERSONAL_DATA_REVEALED
from apps.feedback.mail import imap, judging
from apps.feedback.mail.judging import Judgement
from apps.feedback.mail.parsing import Limits, ParsedMail, parse
from apps.feedback.models import IncomingMail, Mailbox, Ticket
from apps.feedback.models.mail import Reason, Verdict
from apps.feedback.selectors import mail as reads
from apps.feedback.services import mail_tickets
from apps.feedback.services.mail_tickets import Taken
from apps.journal import events as journal
from apps.notifications.services import bounces

log = logging.getLogger(__name__)

NOT_THE_MAILS_FAULT = (OperationalError, InterfaceError, OSError, MemoryError, SoftTimeLimitExceeded)
_ADDRESS = re.compile(r"[^\s<>@,;:]+@[^\s<>@,;:]+")


def take_in(
    mailbox: Mailbox, raw: bytes, *, uid_validity: int, uid: int, received_at: datetime, size: int
) -> IncomingMail:
    """Take in one mail, once: a second call for the same place in the mailbox returns the row of the first.

    `received_at` is when it reached the mail server; `size` its bytes there, of which `raw` may be the beginning.
    A mail that cannot be taken in is kept with its reason. Raises only what is not the mail's fault (the database or the
    disk is away), and then has done nothing.
    """
    place = {"mailbox": mailbox, "uid_validity": uid_validity, "uid": uid}
    if known := IncomingMail.objects.filter(**place).first():
        return known
    row = IncomingMail(**place, id=new_id(), received_at=min(received_at, clock.now()), size=size)
    row.raw.save(f"{row.pk.hex}.eml", ContentFile(raw), save=False)
    try:
        return _take_in(row, raw)
    except BaseException:
        with suppress(Exception):
            row.raw.storage.delete(row.raw.name or "")
        raise


def set_aside(mailbox: Mailbox, *, uid_validity: int, uid: int, received_at: datetime, size: int) -> IncomingMail:
    """Note a mail that broke off its reading again and again; it stays in the mailbox, and staff can see it."""
    row, _created = IncomingMail.objects.get_or_create(
        mailbox=mailbox, uid_validity=uid_validity, uid=uid,
        defaults={
            "received_at": received_at, "size": size, "verdict": Verdict.BROKEN, "reason": Reason.STUCK,
            "digest": hashlib.sha256(f"{mailbox.pk}/{uid_validity}/{uid}".encode()).hexdigest(),
        },
    )  # fmt: skip
    return row


def make_ticket(mail_id: UUID, *, actor: Actor) -> Ticket:
    """Staff make a ticket of a mail that opened none. Raises DomainError `core.not_allowed`, `mail.taken_in`,
    `mail.came_before`, `mail.gone`, `mail.no_sender`; DomainErrors of the intake."""
    if not actor.can("feedback.create_ticket"):
        raise DomainError("core.not_allowed")
    row = IncomingMail.objects.visible_to(actor).select_related("mailbox").filter(pk=mail_id).first()
    if row is None:
        raise DomainError("core.not_found")
    taken = _again(row)
    mail_tickets.keep_files(taken, about=None)
    with transaction.atomic():
        row = locks.row(IncomingMail, row.pk)
        _check_not_taken_in(row)
        ticket = mail_tickets.open_ticket(taken, actor=actor, answering=False, mention=None, why=None)
        row.ticket, row.verdict = ticket, Verdict.NEW_TICKET
        row.sender_index, row.sender_masked = blind_index(taken.writer.email), masking.email(taken.writer.email)
        row.subject, row.header_id = taken.mail.subject, taken.mail.message_id
        row.save(update_fields=["ticket", "verdict", "sender_index", "sender_masked", "subject", "header_id"])
    return ticket


def discard_raw(limit: int = 500) -> int:
    """Delete mails older than MAIL_RAW_DAYS days from the storage; their rows and what became of them stay."""
    before = clock.now() - timedelta(days=settings.MAIL_RAW_DAYS)
    rows = list(IncomingMail.objects.filter(created_at__lt=before).exclude(raw="")[:limit])
    for row in rows:
        row.raw.delete(save=False)
        row.save(update_fields=["raw"])
    return len(rows)


def read_again(row: IncomingMail) -> tuple[bytes, ParsedMail]:
    """The mail itself, from the storage or once more from the mailbox. Raises DomainError `mail.gone`."""
    raw = _raw(row)
    return raw, parse(raw, limits())


def reveal(row: IncomingMail, *, actor: Actor) -> bytes:
    """The mail itself, in the clear; who took it is recorded (INT-06). Raises DomainError `core.not_allowed`, `mail.gone`."""
    if not actor.can("crm.view_personal_data"):
        raise DomainError("core.not_allowed")
    raw = _raw(row)
    with transaction.atomic():
        journal.record(
            PERSONAL_DATA_REVEALED, subject=row.ticket or row, actor=actor, data={"field": "mail", "mail": str(row.pk)}
        )
    return raw


def limits() -> Limits:
    return Limits(parts=settings.MAIL_MAX_PARTS)


def _take_in(row: IncomingMail, raw: bytes) -> IncomingMail:
    try:
        mail = parse(raw, limits())
    except NOT_THE_MAILS_FAULT:
        raise
    except Exception as error:  # parsing promises never to raise; should it, the mail must not be lost over it
        log.exception("mail %s/%s could not be read", row.mailbox_id, row.uid)
        return _broken(row, hashlib.sha256(raw).hexdigest(), Reason.UNREADABLE, type(error).__name__)
    ours = judging.own_addresses()
    writer = judging.writer_of(mail, ours)
    row.header_id, row.subject, row.digest = mail.message_id, mail.subject, mail.digest
    if writer.email:
        row.sender_index, row.sender_masked = blind_index(writer.email), masking.email(writer.email)[:260]
    cut = len(raw) < row.size
    taken = Taken(mail, writer, row.mailbox, max(row.received_at, row.mailbox.created_at), cut=cut)
    try:
        return _decide(row, taken, ours)
    except NOT_THE_MAILS_FAULT:
        raise
    except (DomainError, DomainErrors) as error:
        found = getattr(error, "errors", [error])
        return _broken(row, mail.digest, Reason.REFUSED, " ".join(one.words for one in found))
    except Exception as error:
        log.exception("mail %s/%s could not be taken in", row.mailbox_id, row.uid)
        return _broken(row, mail.digest, Reason.UNREADABLE, type(error).__name__)


def _decide(row: IncomingMail, taken: Taken, ours: set[str]) -> IncomingMail:
    """Judge and act; if the same mail arrives by another way at the same moment, the one who was second looks again."""
    for attempt in (1, 2):
        if first := IncomingMail.objects.filter(digest=row.digest).exclude(verdict=Verdict.DUPLICATE).first():
            row.ticket_id, row.verdict = first.ticket_id, Verdict.DUPLICATE
            row.raw.delete(save=False)  # the first one is kept
            row.save(force_insert=True)
            return row
        judgement = judging.judge(taken.mail, taken.writer, ours=ours, received_at=row.received_at)
        if judgement.reason == Reason.FLOOD:  # a loop must not fill the disk; the mailbox has them
            row.raw.delete(save=False)
        if judgement.verdict in reads.TAKEN_IN and attempt == 1:
            mail_tickets.keep_files(
                taken, about=judgement.ticket
            )  # before the transaction: what isn't used goes by itself
        try:
            with transaction.atomic():
                _act(row, taken, judgement)
                row.save(force_insert=True)
            return row
        except IntegrityError:
            if attempt == 2:
                raise
            row.ticket = row.message = None
    raise AssertionError("unreachable")


def _act(row: IncomingMail, taken: Taken, judgement: Judgement) -> None:
    """Do what the verdict says and write it into the row; runs within the row's transaction."""
    row.verdict, row.reason = judgement.verdict, judgement.reason or ""
    row.detail, row.ticket = _masked(judgement.detail), judgement.ticket
    if judgement.verdict == Verdict.BOUNCE and judgement.reason == Reason.RETURNED:
        for ours in reads.messages_of_ours(taken.mail.bounce.original_ids if taken.mail.bounce else ())[:1]:
            bounces.returned(ours.pk, detail=judgement.detail)
    elif judgement.verdict == Verdict.REPLY and judgement.ticket is not None:
        message, reason = mail_tickets.answer(judgement.ticket, taken, colleague=judgement.colleague)
        row.reason = reason or judgement.reason or ""
        if message is None:
            row.verdict = Verdict.NEW_TICKET
            row.ticket = mail_tickets.open_ticket(
                taken, actor=CUSTOMER, answering=True, mention=judgement.ticket, why=reason
            )
        else:
            row.message, row.ticket, row.quoted = message, message.ticket, taken.mail.quoted
    elif judgement.verdict == Verdict.NEW_TICKET:
        row.ticket = mail_tickets.open_ticket(
            taken, actor=CUSTOMER, answering=False, mention=judgement.named, why=judgement.reason
        )
    if taken.cut and not row.reason:
        row.reason = Reason.CUT


def _broken(row: IncomingMail, digest: str, reason: Reason, detail: str) -> IncomingMail:
    """Keep a mail that did not get through. The same one by another way is only counted."""
    row.ticket = row.message = None
    row.digest, row.verdict, row.reason, row.detail = digest, Verdict.BROKEN, reason, _masked(detail)
    if IncomingMail.objects.filter(digest=digest).exclude(verdict=Verdict.DUPLICATE).exists():
        row.verdict = Verdict.DUPLICATE
    row.save(force_insert=True)
    return row


def _masked(detail: str) -> str:
    """The detail is read in lists; servers like to repeat addresses."""
    return _ADDRESS.sub(lambda match: masking.email(match[0]), detail)[:300]


def _again(row: IncomingMail) -> Taken:
    _check_not_taken_in(row)
    raw, mail = read_again(row)
    writer = judging.writer_of(mail, judging.own_addresses())
    if not writer.email:
        raise DomainError("mail.no_sender")
    return Taken(mail, writer, row.mailbox, max(row.received_at, row.mailbox.created_at), cut=len(raw) < row.size)


def _check_not_taken_in(row: IncomingMail) -> None:
    if row.verdict in reads.TAKEN_IN:
        raise DomainError("mail.taken_in")
    if row.verdict == Verdict.DUPLICATE:
        raise DomainError("mail.came_before")


def _raw(row: IncomingMail) -> bytes:
    if row.raw:
        with suppress(FileNotFoundError), row.raw.open("rb") as file:
            return bytes(file.read())
    try:
        with imap.opened(row.mailbox) as folder:
            found = folder.raw(row.uid, settings.MAIL_MAX_BYTES) if folder.uid_validity == row.uid_validity else None
    except imap.Unreachable as error:
        raise DomainError("mail.gone") from error
    if found is None:
        raise DomainError("mail.gone")
    return found
