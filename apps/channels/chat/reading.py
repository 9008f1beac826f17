"""What a visitor may see of their chat: the same as behind the private link, never a note, a name or a call record."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.channels.chat import hours
from apps.channels.models import Chat
from apps.core import clock, masking, uploads
from apps.core.actors import CUSTOMER
from apps.core.models import Upload
from apps.feedback.models import Attachment, Message, Survey, Ticket
from apps.feedback.selectors import rules
from apps.feedback.services import links
from apps.feedback.services.conversation import CUSTOMER_MAY_WRITE
from apps.feedback.states import CUSTOMER_SEES, MessageKind, TicketState
from apps.journal import transitions

SHOWN = 300
_VISIBLE = Q(message=None) | Q(message__kind__in=[kind.value for kind in CUSTOMER_SEES])


@dataclass(frozen=True, slots=True)
class Stamp:
    """What must have changed before a visitor's page needs to be sent anew: two queries tell."""

    latest: UUID | None
    version: int
    state: str
    office: hours.Office
    language: str

    @property
    def etag(self) -> str:
        facts = f"{self.latest} {self.version} {self.state} {self.office} {self.language}"
        return '"' + hashlib.sha256(facts.encode()).hexdigest()[:20] + '"'


def stamp(chat: Chat, language: str) -> Stamp:
    ticket = chat.ticket
    said = Message.objects.filter(ticket=ticket, kind__in=CUSTOMER_SEES).order_by("-at", "-id")
    return Stamp(
        said.values_list("id", flat=True).first(),
        ticket.version,
        ticket.state,
        hours.office(ticket.department_id),
        language,
    )


def state(chat: Chat) -> dict[str, Any]:
    """The whole chat as the widget shows it, in the active language; moments are ISO 8601 in UTC."""
    ticket = chat.ticket
    survey = _open_survey(ticket)
    office = hours.office(ticket.department_id)
    return {
        "number": ticket.number,
        "messages": _messages(ticket),
        "open": office.open,
        "status": _status(ticket, office),
        "may_write": ticket.state in CUSTOMER_MAY_WRITE,
        "may_reopen": _may_reopen(ticket),
        "rate": links.survey_url(survey) if survey else "",
        "progress": links.tracking_url(ticket),
    }


def attachment(chat: Chat, attachment_id: UUID) -> Upload | None:
    """A file of this chat that its visitor may see."""
    found = Attachment.objects.select_related("upload").filter(_VISIBLE, ticket_id=chat.ticket_id, pk=attachment_id)
    return next((each.upload for each in found), None)


def office_words(office: hours.Office) -> str:
    """Whether somebody answers now, and when not, from when on."""
    if office.open:
        return _("Customer service is here.")
    if office.opens_at is None:
        return _("Leave a message; we answer as soon as we can.")
    local = clock.local(office.opens_at)
    days = (local.date() - clock.local(clock.now()).date()).days
    time = f"{local:%H:%M}"
    if days == 0:
        when = _("today at %(time)s") % {"time": time}
    elif days == 1:
        when = _("tomorrow at %(time)s") % {"time": time}
    else:
        when = _("on %(date)s at %(time)s") % {"date": f"{local:%m-%d}", "time": time}
    return _("We are back %(when)s. Leave a message now; nothing gets lost.") % {"when": when}


def _messages(ticket: Ticket) -> list[dict[str, Any]]:
    """The latest 300, oldest first, beginning with what opened the chat."""
    files: dict[UUID | None, list[dict[str, Any]]] = {}
    for row in Attachment.objects.select_related("upload").filter(_VISIBLE, ticket=ticket).order_by("id"):
        files.setdefault(row.message_id, []).append(_file(row))
    said = Message.objects.select_related("author").filter(ticket=ticket, kind__in=CUSTOMER_SEES)
    latest = list(said.order_by("-at", "-id")[:SHOWN])[::-1]
    first = _entry("first", ticket.description, ticket.received_at, files.get(None, []))
    told = [_said(message, files.get(message.pk, [])) for message in latest]
    if ticket.result and ticket.resolved_at and ticket.state != TicketState.REOPENED:
        entry = _entry("result", ticket.result, ticket.resolved_at, [], who=_("The result"))
        at = next((i for i, each in enumerate(told) if each["at"] > entry["at"]), len(told))
        told.insert(at, entry)
    return [first, *told] if len(latest) < SHOWN else told


def _said(message: Message, files: list[dict[str, Any]]) -> dict[str, Any]:
    if message.kind == MessageKind.CUSTOMER:
        return _entry(message.pk.hex, message.body, message.at, files)
    author = message.author
    name = masking.name(str(author)) if author else _("Customer service")
    number = (author.staff_number if author else "") or ""
    who = _("%(name)s (no. %(number)s)") % {"name": name, "number": number} if number else name
    return _entry(message.pk.hex, message.body, message.at, files, who=who)


def _entry(key: str, text: str, at: datetime, files: list[dict[str, Any]], who: str = "") -> dict[str, Any]:
    """`who` is empty for the visitor's own words."""
    return {"id": key, "text": text, "at": at.isoformat(timespec="seconds"), "who": who, "files": files}


def _file(row: Attachment) -> dict[str, Any]:
    upload = row.upload
    return {"id": str(row.pk), "name": upload.name, "size": upload.size, "picture": uploads.is_picture(upload)}


def _status(ticket: Ticket, office: hours.Office) -> str:
    """One line under the title: what happens now."""
    if ticket.state in (TicketState.CLOSED, TicketState.REJECTED):
        return _("This conversation is closed.")
    if ticket.state in (TicketState.RESOLVED, TicketState.CALLBACK):
        return _("Your request is answered. Is anything still open? Write here.")
    if ticket.state == TicketState.WAITING and office.open:
        return _("We are waiting for your answer.")
    return office_words(office)


def _may_reopen(ticket: Ticket) -> bool:
    if ticket.state != TicketState.CLOSED:
        return False
    offered = any(offer.name == "reopen" and offer.allowed for offer in transitions.available(ticket, CUSTOMER))
    latest = clock.now() - timedelta(days=rules().reopen_days)
    return offered and (ticket.closed_at is None or ticket.closed_at >= latest)


def _open_survey(ticket: Ticket) -> Survey | None:
    if ticket.state != TicketState.CALLBACK:
        return None
    return ticket.surveys.filter(round=ticket.reopen_count, answered_at=None).first()
