"""Mailboxes: kept by administrators, read in the background, one reader at a time (INT-09)."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import ProtectedError, Q

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback import events
from apps.feedback.mail import imap
from apps.feedback.mail.imap import Folder, Unreachable
from apps.feedback.models import IncomingMail, Mailbox
from apps.feedback.models.mail import Security, Trouble
from apps.feedback.services import incoming_mail
from apps.journal import doorbell
from apps.journal import events as journal

log = logging.getLogger(__name__)

FETCH = "feedback.fetch_mail"
LEASE = timedelta(seconds=120)  # longer than the task's hard limit of 60 s: it only runs out when the reader is dead
PAUSE = timedelta(seconds=20)  # shorter than beat's 30 s, long enough for one run to come to every mailbox
LONGEST_PAUSE = timedelta(minutes=15)
AFTER_REFUSED_LOGIN = timedelta(minutes=5)  # mail providers lock accounts that try and try
MOST_TRIES = 3  # a mail that was begun this often and never ended is set aside
EDITABLE = ("address", "host", "port", "security", "user", "password", "folder", "channel", "kind", "active")
_PLACE = ("host", "port", "user", "folder")  # another place has other mails under the same numbers
_NO_LINE = ("localhost", "::1")


# Keeping ------------------------------------------------------------------------------------------------------------


def check(mailbox: Mailbox, *, password_kept: bool = False) -> None:
    """Tidy and check what was typed; a password that is only kept is not sent to another server than before.

    Raises DomainErrors, each beside its field.
    """
    mailbox.address, mailbox.host = mailbox.address.strip().lower(), mailbox.host.strip().lower()
    errors = []
    if "/" in mailbox.host or " " in mailbox.host:
        errors.append(DomainError("mailbox.host", field="host"))
    within = mailbox.host in _NO_LINE or mailbox.host.startswith("127.")
    if mailbox.security == Security.NONE and not within:
        errors.append(DomainError("mailbox.insecure", field="security"))
    if not mailbox.password:
        errors.append(DomainError("core.required", field="password"))
    elif password_kept and not Mailbox.objects.filter(pk=mailbox.pk, host__iexact=mailbox.host).exists():
        errors.append(DomainError("mailbox.password_anew", field="password"))
    if errors:
        raise DomainErrors(errors)


def save(mailbox: Mailbox, *, actor: Actor) -> Mailbox:
    """Add or change a mailbox; it is read at once. The journal knows what changed, never the password.

    Raises DomainError `core.not_allowed`; DomainErrors as `check` does.
    """
    if not actor.can(f"feedback.{'add' if mailbox._state.adding else 'change'}_mailbox"):
        raise DomainError("core.not_allowed")
    check(mailbox)
    with transaction.atomic():
        before = None if mailbox._state.adding else locks.row(Mailbox, mailbox.pk)
        changes = {
            name: ["…", "…"] if name == "password" else [getattr(before, name, None), getattr(mailbox, name)]
            for name in EDITABLE
            if before is None or getattr(before, name) != getattr(mailbox, name)
        }
        place: tuple[str, ...] = ()
        if any(name in changes for name in _PLACE):
            place = ("uid_validity", "last_uid", "trying_uid", "tries")
            mailbox.uid_validity, mailbox.last_uid, mailbox.trying_uid, mailbox.tries = None, 0, 0, 0
        mailbox.next_fetch_at, mailbox.failures = clock.now(), 0
        if before is None:
            mailbox.save(force_insert=True)
        else:  # what its reader writes meanwhile is left alone
            mailbox.save(update_fields=[*EDITABLE, *place, "next_fetch_at", "failures"])
        if changes:
            journal.record(events.MAILBOX_CHANGED, subject=mailbox, actor=actor, data={"changes": changes})
        doorbell.ring(FETCH)
    return mailbox


def remove(mailbox: Mailbox, *, actor: Actor) -> None:
    """Delete a mailbox that no mail came by. Raises DomainError `core.not_allowed`, `mailbox.has_mail`."""
    if not actor.can("feedback.delete_mailbox"):
        raise DomainError("core.not_allowed")
    about, address = journal.ref(mailbox), mailbox.address
    with transaction.atomic():
        try:
            mailbox.delete()
        except ProtectedError as error:
            raise DomainError("mailbox.has_mail") from error
        journal.record(
            events.MAILBOX_CHANGED, subject=about, actor=actor, data={"changes": {"address": [address, None]}}
        )


def fetch_now(mailbox: Mailbox, *, actor: Actor) -> int:
    """Open the mailbox while somebody waits, and have it read right after; returns how many mails are to be read.

    Raises DomainError `core.not_allowed`; Unreachable, which is then also what the mailbox shows as its last error.
    """
    if not actor.can("feedback.change_mailbox"):
        raise DomainError("core.not_allowed")
    try:
        with imap.opened(mailbox) as folder:
            waiting = len(_waiting(mailbox, folder)[0])
    except Unreachable as error:
        _note_trouble(mailbox, error.trouble, error.detail)
        raise
    with transaction.atomic():
        Mailbox.objects.filter(pk=mailbox.pk).update(next_fetch_at=clock.now())
        doorbell.ring(FETCH)
    return waiting


# Reading ------------------------------------------------------------------------------------------------------------


def fetch_due(*, seconds: float = 30.0) -> int:
    """Read every mailbox that is due, for `seconds` at most; returns how many mails were handled."""
    until, handled = time.monotonic() + seconds, 0
    while time.monotonic() < until and (mailbox := _claim()) is not None:
        handled += fetch(mailbox, until=until)
    return handled


def fetch(mailbox: Mailbox, *, until: float) -> int:
    """Read one claimed mailbox until `until` (monotonic seconds). What goes wrong is noted on the mailbox."""
    try:
        with imap.opened(mailbox) as folder:
            handled = _read(mailbox, folder, until)
    except Unreachable as error:
        log.warning("mailbox %s: %s: %s", mailbox.address, error.trouble, error.detail)
        _note_trouble(mailbox, error.trouble, error.detail)
        return 0
    except Exception as error:
        log.exception("mailbox %s could not be read", mailbox.address)
        _note_trouble(mailbox, Trouble.OURS, type(error).__name__)
        if isinstance(error, SoftTimeLimitExceeded):
            raise
        return 0
    now = clock.now()
    _remember(
        mailbox,
        last_success_at=now,
        next_fetch_at=now + PAUSE,
        reading_until=None,
        failures=0,
        trouble="",
        trouble_detail="",
    )
    return handled


@transaction.atomic
def _claim() -> Mailbox | None:
    """The mailbox that has waited longest, leased to this reader."""
    now = clock.now()
    due = Mailbox.objects.filter(Q(reading_until=None) | Q(reading_until__lte=now), active=True, next_fetch_at__lte=now)
    for mailbox in locks.claim(due.order_by("next_fetch_at"), 1):
        mailbox.reading_until = now + LEASE
        mailbox.save(update_fields=["reading_until"])
        return mailbox
    return None


def _read(mailbox: Mailbox, folder: Folder, until: float) -> int:
    waiting, unread = _waiting(mailbox, folder)
    if folder.uid_validity != mailbox.uid_validity:
        # A folder seen for the first time: its unread mails are taken in, its history is left alone.
        newest = max(folder.after(0), default=0)
        _remember(mailbox, uid_validity=folder.uid_validity, last_uid=newest, trying_uid=0, tries=0)
    known = _known(mailbox, folder.uid_validity, waiting)
    handled = 0
    for uid in waiting:
        if time.monotonic() > until:
            break
        if uid not in known:
            _take(mailbox, folder, uid)
            handled += 1
        if uid > mailbox.last_uid:
            _remember(mailbox, last_uid=uid)
        if uid in unread:
            folder.mark_seen(uid)  # only now: what is marked is committed
    return handled


def _waiting(mailbox: Mailbox, folder: Folder) -> tuple[list[int], set[int]]:
    """(mails to look at, oldest first; those of them that are unread). Somebody else may have read the new ones."""
    unread = set(folder.unread())
    new = folder.after(mailbox.last_uid) if folder.uid_validity == mailbox.uid_validity else []
    return sorted(unread | set(new)), unread


def _known(mailbox: Mailbox, uid_validity: int, uids: list[int]) -> set[int]:
    rows = IncomingMail.objects.filter(mailbox=mailbox, uid_validity=uid_validity, uid__in=uids)
    return set(rows.values_list("uid", flat=True))


def _take(mailbox: Mailbox, folder: Folder, uid: int) -> None:
    envelope = folder.envelope(uid)
    if envelope is None:  # somebody deleted it this moment
        return
    place: dict[str, Any] = {
        "uid_validity": folder.uid_validity,
        "uid": uid,
        "received_at": _arrival(envelope.received_at),
        "size": envelope.size,
    }
    tries = mailbox.tries + 1 if mailbox.trying_uid == uid else 1
    if tries > MOST_TRIES:
        incoming_mail.set_aside(mailbox, **place)
    else:
        _remember(mailbox, trying_uid=uid, tries=tries)
        raw = folder.raw(uid, settings.MAIL_MAX_BYTES)
        if raw is not None:
            incoming_mail.take_in(mailbox, raw, **place)
    _remember(mailbox, trying_uid=0, tries=0)


def _arrival(moment: datetime | None) -> datetime:
    return min(moment or clock.now(), clock.now())


def _remember(mailbox: Mailbox, **values: Any) -> None:
    for name, value in values.items():
        setattr(mailbox, name, value)
    Mailbox.objects.filter(pk=mailbox.pk).update(**values)


def _note_trouble(mailbox: Mailbox, trouble: Trouble, detail: str) -> None:
    failures = min(mailbox.failures + 1, 1_000)
    pause = min(timedelta(seconds=30) * 2 ** min(failures - 1, 8), LONGEST_PAUSE)
    if trouble == Trouble.LOGIN:
        pause = max(pause, AFTER_REFUSED_LOGIN)
    _remember(
        mailbox, failures=failures, trouble=trouble, trouble_detail=detail[:300], next_fetch_at=clock.now() + pause,
        reading_until=None,
    )  # fmt: skip
