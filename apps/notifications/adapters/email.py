"""E-mail over SMTP through Django's backend.

SMTP has no question "did you get it?". A message whose outcome is unknown is sent again with the same Message-ID,
which is what mail servers themselves do: at least once on the wire, and mail programs show one.
"""

import contextlib
import logging
import smtplib
from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext_noop

from apps.notifications import threads
from apps.notifications.adapters.base import Adapter, Outcome, Result
from apps.notifications.models import OutgoingMessage

log = logging.getLogger(__name__)


def compose(message: OutgoingMessage) -> EmailMessage:
    """The mail of a message: plain text, marked as written by a machine (RFC 3834), in the ticket's thread and, where
    the customer wrote mail themselves, in theirs."""
    domain = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {"Message-ID": f"<{message.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    subject, answers_to, thread = message.subject, [], threads.read(message.thread)
    root = f"<ticket-{message.subject_id}@{domain}>" if message.subject_id else ""
    if thread is not None:
        headers |= thread.headers(root)
        subject = thread.subject_for(message.reference)
        answers_to = [thread.reply_to] if thread.reply_to else []
    elif root:
        headers |= {"References": root, "In-Reply-To": root}
    return EmailMessage(
        subject=subject,
        body=message.body,
        from_email=sender(),
        to=[message.recipient],
        reply_to=answers_to,
        headers=headers,
    )


def sender() -> str:
    """DEFAULT_FROM_EMAIL, under the company's name unless it carries a name of its own."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name or settings.COMPANY_NAME, address), charset="utf-8")


class EmailAdapter(Adapter):
    name = gettext_noop("mail server")

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def send(self, message: OutgoingMessage) -> Outcome:
        mail = compose(message)
        try:
            mail.message()
        except ValueError as error:  # a header that cannot be written
            return Outcome(Result.REFUSED, error=str(error))
        try:
            connection = self._open()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Result.NOT_SENT, error=_words(error))
        try:
            connection.send_messages([mail])
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(_meaning(error), error=_words(error))
        return Outcome(Result.SENT, provider_id=str(mail.extra_headers["Message-ID"]))

    def query(self, message: OutgoingMessage) -> Outcome:
        return Outcome(Result.NOT_SENT)  # see the module's words: sending again is the standard

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None

    def _open(self) -> BaseEmailBackend:
        if self._connection is None:
            connection = get_connection(fail_silently=False)
            connection.open()
            self._connection = connection
        return self._connection


def _meaning(error: Exception) -> Result:
    """RFC 5321: 4yz asks to come again, 5yz is final; a connection lost in the middle says nothing."""
    if isinstance(error, smtplib.SMTPNotSupportedError):  # raised before anything is sent; the address needs SMTPUTF8
        return Result.REFUSED
    code = _code(error)
    if code is None:
        return Result.UNKNOWN
    # 530, 534, 535, 538: our log-in is wrong, not the message. Staff correct the settings; the message waits.
    if 400 <= code < 500 or code in (530, 534, 535, 538):
        return Result.NOT_SENT
    return Result.REFUSED


def _code(error: Exception) -> int | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), None)
    code = getattr(error, "smtp_code", None)
    return code if isinstance(code, int) and code >= 400 else None


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_text(reply)}" for code, reply in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
