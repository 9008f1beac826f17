"""Mail that no person wrote: auto-replies, receipts, bounces. Told by its headers first, by its subject at last."""

import re
from dataclasses import dataclass
from enum import StrEnum

from apps.feedback.mail import headers as fields
from apps.feedback.mail.headers import Headers
from apps.feedback.mail.structure import Part, children, read

MOST_REPORT = 64_000  # bytes of a delivery report that are read


class Sign(StrEnum):
    """Why a mail counts as automatic; stored as the reason of its verdict."""

    SUBMITTED = "auto_submitted"  # RFC 3834
    HEADER = "auto_header"  # the programs' own headers
    BULK = "bulk"  # newsletters and lists
    SUBJECT = "auto_subject"
    NO_SENDER = "null_sender"  # an empty envelope sender asks not to be answered
    RECEIPT = "receipt"  # somebody's program says that a mail was read (RFC 8098)


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail server's report on mail of ours. `failed` is False for "delayed, still trying"."""

    failed: bool
    status: str  # e.g. 5.1.1
    detail: str
    original_ids: tuple[str, ...]


_OWN_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-autoreply-from",
    "x-autoresponder",
)
_SUBJECT = re.compile(
    r"(?:(?:re|fw|fwd|回复|答复|回覆)\s*[:：]\s*)*"
    r"(?:[\[【(（]?(?:自动回复|自動回覆|自動回復|自动答复|自动应答|自動回應|automatic reply|auto(?:matic)?[ -]?(?:reply|response)|"
    r"out of (?:the )?office|vacation reply)[\]】)）]?\s*(?:[:：\-(（\[]|$)|[\[【](?:自动回复|自動回覆|auto-?reply)[\]】]|auto:\s)",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"(?:undeliver(?:ed|able)|mail delivery (?:failed|failure|system)|delivery (?:status notification|failure|has failed)|"
    r"returned mail|failure notice|系统退信|退信通知|退信[:：]|无法投递|未送达|邮件退回)",
    re.IGNORECASE,
)
_POSTMASTER = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mailerdaemon)@", re.IGNORECASE)
_ID_LINE = re.compile(r"^message-id\s*:\s*<?([^<>\s]{5,500})>?", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


def sign_of(headers: Headers, subject: str) -> Sign | None:
    """Why this is automatic mail, or None for a person's."""
    submitted = fields.first(headers, "auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return Sign.SUBMITTED
    if fields.content_type(headers) == "multipart/report":
        return Sign.RECEIPT
    if any(name in headers for name in _OWN_HEADERS):
        return Sign.HEADER
    precedence = fields.first(headers, "precedence").strip().lower()
    if precedence in ("auto_reply", "auto-reply"):
        return Sign.HEADER
    if precedence in ("bulk", "junk", "list") or "list-id" in headers or "list-unsubscribe" in headers:
        return Sign.BULK
    if _SUBJECT.match(subject):
        return Sign.SUBJECT
    if fields.first(headers, "return-path").replace(" ", "") == "<>":
        return Sign.NO_SENDER
    return None


def bounce_of(mail: Part, subject: str, sender: str, text: str) -> Bounce | None:
    """What a mail server says of mail of ours, in the standard form (RFC 3464) or the way QQ and others write it."""
    kind = fields.parameter(mail.headers, "content-type", "report-type").lower()
    if mail.type == "multipart/report" and kind in ("delivery-status", ""):
        return _standard(mail)
    empty = fields.first(mail.headers, "return-path").replace(" ", "") == "<>"
    if not (_POSTMASTER.match(sender) or empty) or not _BOUNCE_SUBJECT.search(subject):
        return None
    status = _STATUS.search(text[:20_000])
    ids = dict.fromkeys([*_ID_LINE.findall(text[:60_000]), *_references(mail.headers)])
    failed = not status or status[1] == "5"
    return Bounce(failed, status[0] if status else "", text.strip().partition("\n")[0][:200], tuple(ids))


def _standard(mail: Part) -> Bounce:
    status = action = detail = ""
    ids: dict[str, None] = {}
    for number, part in enumerate(children(mail)):
        if number > 5:
            break
        if part.type in ("message/delivery-status", "message/global-delivery-status"):
            status, action, detail = _read_status(part.content(MOST_REPORT))
        elif part.type in ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"):
            original = part.content(MOST_REPORT)
            # A part of headers only has no blank line at its end.
            inner = read(original if b"\n\n" in original or b"\r\n\r\n" in original else original + b"\n\n")
            ids |= dict.fromkeys(fields.message_ids(inner.headers, "message-id"))
    ids |= dict.fromkeys(_references(mail.headers))
    failed = action == "failed" or (not action and not status.startswith(("2", "4")))
    return Bounce(failed, status, detail, tuple(ids))


def _read_status(body: bytes) -> tuple[str, str, str]:
    """(status, action, diagnostic) of the first recipient that has them."""
    merged: Headers = {}
    for block in re.split(rb"(?:\r?\n){2,}", body)[:20]:
        for name, values in fields.read_block(block).items():
            merged.setdefault(name, values)
    status = _STATUS.search(fields.first(merged, "status"))
    diagnostic = fields.text(merged, "diagnostic-code", 300).partition(";")[2].strip()
    return status[0] if status else "", fields.first(merged, "action").strip().lower(), diagnostic


def _references(headers: Headers) -> tuple[str, ...]:
    return (*fields.message_ids(headers, "in-reply-to"), *fields.message_ids(headers, "references"))
