"""Complaints at WeChat Pay become tickets and follow them (INT-14). What we say there is in `services.pay_steps`.

`take_in` asks the platform for everything known about a complaint and brings our side up to it: the same callback
again, callbacks out of order and a callback that never came all end the same.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.channels.adapters.base import Unreachable, secrets_of
from apps.channels.models import Door, DoorKind, Inbound, PayComplaint
from apps.channels.pay import events, protocol
from apps.channels.pay.gateway import Gateway
from apps.channels.services import doors, inbound
from apps.channels.services.inbound import Handled, Payload
from apps.core import actors, clock, locks, uploads
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.core.models import Upload
from apps.core.vocabulary import Channel, Demand, Urgency
from apps.crm.contacts import Contact, normalise_phone
from apps.feedback.models import Ticket
from apps.feedback.services import clocks, closure, conversation, intake, words
from apps.feedback.services.intake import Report
from apps.feedback.states import MessageKind, TicketState
from apps.journal import events as journal
from apps.sla.services import deadlines
from apps.sla.states import Metric

log = logging.getLogger(__name__)

PAY = actors.system("wechat-pay")
Remote = PayComplaint.RemoteState
OWED = (Metric.PLATFORM_REPLY, Metric.PLATFORM_DONE)
OPENING = "USER_CREATE_COMPLAINT"  # the first entry of the history is the complaint itself
SPOKEN = ("USER_CONTINUE_COMPLAINT", "USER_RESPONSE", "USER_COMMENT")
OURS = ("MERCHANT_RESPONSE",)
MOST_FILES = 12
LONGEST = words.TEXT_LIMIT - 2_000
LOOK_BACK = timedelta(days=3)  # how long ago a complaint may have been made that no callback told of
OPEN_EVERY = timedelta(hours=1)  # how often an open complaint is asked about without a callback


@dataclass(slots=True)
class Known:
    """What the platform says of a complaint, with the files of the entries that we have not seen yet, by their ids."""

    details: dict[str, Any]
    history: list[dict[str, Any]]
    files: dict[str, list[Upload]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)  # entries with a file that is gone


# In -----------------------------------------------------------------------------------------------------------------


@inbound.fetches(DoorKind.WECHAT_PAY)
def fetch(row: Inbound, payload: Payload) -> list[Upload]:
    """A callback: ask and take in, outside of the inbound's transaction. Raises Unreachable."""
    take_in(row.door, payload["peer"])
    return []


@inbound.handles(DoorKind.WECHAT_PAY)
def handle(row: Inbound, payload: Payload) -> Handled | None:
    found = PayComplaint.objects.select_related("ticket").filter(door=row.door, complaint_id=payload["peer"]).first()
    return Handled(found.ticket) if found else None


def take_in(door: Door, complaint_id: str) -> PayComplaint:
    """Bring the ticket of this complaint up to what the platform says; opens it where there is none.

    Media are copied at once, because their addresses expire. Raises Unreachable; nothing half done is left behind.
    """
    with locks.alone(f"pay:{door.pk}:{complaint_id}") as free:
        if not free:
            raise Unreachable("another worker is taking this complaint in", code="busy")
        gateway = Gateway(door)
        known = Known(gateway.complaint(complaint_id), gateway.history(complaint_id))
        before = PayComplaint.objects.filter(door=door, complaint_id=complaint_id).first()
        try:
            _bring_files(gateway, known, seen=set(before.seen_logs) if before else set())
            with transaction.atomic():
                complaint = _opened(door, complaint_id, known) if before is None else locks.row(PayComplaint, before.pk)
                _bring_up(complaint, known)
        except BaseException:
            uploads.discard(_not_bound(known))
            raise
    doors.answered(door)
    return complaint


def sync(door: Door) -> int:
    """Ask for what no callback told of: complaints of the last days, and the open ones. Returns how many were taken in.

    Raises Unreachable.
    """
    gateway, taken, offset = Gateway(door), 0, 0
    since = clock.local(clock.now() - LOOK_BACK).date()
    while True:
        page = gateway.complaints(since, offset)
        rows = page.get("data") or []
        for row in rows:
            taken += _if_news(door, row)
        offset += len(rows)
        if not rows or offset >= int(page.get("total_count") or 0):
            break
    stale = PayComplaint.objects.filter(door=door, synced_at__lt=clock.now() - OPEN_EVERY)
    for complaint in stale.exclude(remote_state=Remote.PROCESSED).order_by("synced_at")[:50]:
        try:
            take_in(door, complaint.complaint_id)
            taken += 1
        except Unreachable as error:
            if not error.lasting:
                raise
            PayComplaint.objects.filter(pk=complaint.pk).update(
                synced_at=clock.now()
            )  # gone there: asked again in an hour
    doors.answered(door)
    return taken


def sync_all() -> None:
    """Every open door; one that cannot be reached does not hold up the others."""
    for door in Door.objects.filter(kind=DoorKind.WECHAT_PAY, active=True):
        try:
            sync(door)
        except Unreachable as error:
            if error.code != "busy":
                doors.failed(door, error)


def _if_news(door: Door, row: dict[str, Any]) -> int:
    complaint_id = str(row.get("complaint_id", ""))
    known = PayComplaint.objects.filter(door=door, complaint_id=complaint_id).first()
    same = known and known.remote_state == row.get("complaint_state") and not row.get("incoming_user_response")
    over_before = known is None and row.get("complaint_state") == Remote.PROCESSED  # answered before we were here
    if not complaint_id or over_before:
        return 0
    if same and known and known.times == (row.get("user_complaint_times") or known.times):
        return 0
    take_in(door, complaint_id)
    return 1


def _bring_files(gateway: Gateway, known: Known, seen: set[str]) -> None:
    """Copy the pictures of the complaint and of every entry not seen yet. One that is gone is told in the text."""
    sources = [(_id(entry), _addresses(entry)) for entry in known.history if _id(entry) not in seen]
    opening = next((_id(entry) for entry in known.history if entry.get("operate_type") == OPENING), "")
    if opening not in seen:
        sources.insert(0, (opening, _addresses(known.details)))
    done: set[str] = set()
    for entry, addresses in sources:
        for address in addresses:
            if address in done or len(done) >= MOST_FILES:
                continue
            done.add(address)
            try:
                file = gateway.picture(address)
            except Unreachable as error:
                if not error.lasting:
                    raise
                known.lost.add(entry)
                continue
            kept, errors = uploads.keep([file], actor=actors.CUSTOMER)
            known.files.setdefault(entry, []).extend(kept)
            if errors:
                known.lost.add(entry)


def _addresses(source: dict[str, Any]) -> list[str]:
    """The addresses of pictures: a list of media, one medium, or the older list of pictures."""
    media = source.get("complaint_media_list") or []
    found = [url for medium in (media if isinstance(media, list) else [media]) for url in medium.get("media_url") or []]
    return [str(url) for url in [*found, *(source.get("image_list") or [])]]


def _not_bound(known: Known) -> list[Upload]:
    return [upload for files in known.files.values() for upload in files]


def _id(entry: dict[str, Any]) -> str:
    return str(entry.get("log_id", ""))[:64]


# A ticket of its own ------------------------------------------------------------------------------------------------


def _opened(door: Door, complaint_id: str, known: Known) -> PayComplaint:
    details = known.details
    opening = next((_id(entry) for entry in known.history if entry.get("operate_type") == OPENING), "")
    at = moment(details.get("complaint_time"))
    order: dict[str, Any] = next(iter(details.get("complaint_order_info") or []), {})
    report = Report(
        text=_text(str(details.get("complaint_detail", "")), opening in known.lost),
        contact=_contact(door, details),
        channel=Channel.PAY,
        kind=door.ticket_kind,
        urgency=Urgency.URGENT
        if details.get("in_platform_service") or details.get("need_immediate_service")
        else Urgency.NORMAL,
        order_number=str(order.get("out_trade_no", ""))[:60],
        demand=Demand.REFUND if details.get("problem_type") == "REFUND" else "",
        external_ref=f"wechat-pay:{door.settings.get('mchid', '')}:{complaint_id}"[:120],
        received_at=at,
        uploads=known.files.pop(opening, []),
    )
    ticket = intake.receive(report, actor=PAY)
    complaint = PayComplaint.objects.create(
        door=door,
        complaint_id=complaint_id,
        ticket=ticket,
        remote_state=_remote(details),
        complained_at=at,
        problem_type=str(details.get("problem_type", ""))[:30],
        transaction_id=str(order.get("transaction_id", ""))[:64],
        order_number=str(order.get("out_trade_no", ""))[:64],
        amount=_yuan(order.get("amount")),
        refund_asked=_yuan(details.get("apply_refund_amount")),
        seen_logs=[opening] if opening else [],
    )
    clocks.start(ticket, *OWED, at=at)
    clocks.refresh(ticket)
    journal.record(
        events.COMPLAINT_TAKEN_IN,
        subject=ticket,
        actor=PAY,
        data={"complaint": complaint_id, "state": complaint.remote_state},
    )
    return complaint


def _contact(door: Door, details: dict[str, Any]) -> Contact:
    """The payer: a phone where the platform gave one, and always the same stranger for the same WeChat account."""
    try:
        key = protocol.private_key(secrets_of(door).get("private_key", ""))
        phone = normalise_phone(protocol.decrypted(key, str(details.get("payer_phone") or "")))
    except (ValueError, DomainError):
        phone = ""
    payer = str(details.get("payer_openid") or details.get("complaint_id"))
    return Contact(phone=phone, external_id=f"wechat-pay:{blind_index(f'{door.pk}:{payer}')[:40]}")


# What happened since ------------------------------------------------------------------------------------------------


def _bring_up(complaint: PayComplaint, known: Known) -> None:
    details = known.details
    was, now = complaint.remote_state, _remote(details)
    fresh = [entry for entry in known.history if _id(entry) and _id(entry) not in complaint.seen_logs]
    again = False
    for entry in fresh:
        if entry.get("operate_type") in SPOKEN and now != Remote.PROCESSED and not again:
            again = True  # only here: an answer of ours before it does not count for what is said now
            _work_again(complaint)
        _take_over(complaint, entry, known)
        complaint.seen_logs = [*complaint.seen_logs, _id(entry)]
    complaint.remote_state = now
    complaint.fully_refunded = bool(details.get("complaint_full_refunded"))
    complaint.times = int(details.get("user_complaint_times") or complaint.times)
    complaint.refund_asked = _yuan(details.get("apply_refund_amount")) or complaint.refund_asked
    complaint.synced_at = clock.now()
    if now == Remote.PROCESSED:
        complaint.completed_at = complaint.completed_at or clock.now()
        for metric in OWED:
            deadlines.meet(complaint.ticket, metric, at=clock.now())
    complaint.save()
    if was != now:
        journal.record(events.COMPLAINT_CHANGED, subject=complaint.ticket, actor=PAY, data={"was": was, "now": now})
    clocks.refresh(locks.row(Ticket, complaint.ticket_id))


def _work_again(complaint: PayComplaint) -> None:
    """The user is not content: what was over is open again, here and with the platform's clocks."""
    ticket = Ticket.objects.get(pk=complaint.ticket_id)
    if ticket.state in (TicketState.RESOLVED, TicketState.CALLBACK, TicketState.SECOND_FOLLOW_UP, TicketState.CLOSED):
        with translation.override(ticket.language):
            closure.reopen(ticket, actor=PAY, reason=_("The user went on with the complaint at WeChat Pay."))
    elif ticket.state == TicketState.REJECTED:
        closure.restore(ticket, actor=PAY)
    elif complaint.completed_at is None:
        return
    complaint.completed_at = None
    clocks.start(Ticket.objects.get(pk=complaint.ticket_id), *OWED)


def _take_over(complaint: PayComplaint, entry: dict[str, Any], known: Known) -> None:
    """One entry of the platform's history: the user's words, an answer given elsewhere, or something to know."""
    kind, said = str(entry.get("operate_type", "")), str(entry.get("operate_details", ""))
    files = known.files.pop(_id(entry), [])
    if kind in OURS:
        complaint.replied_at = complaint.replied_at or moment(entry.get("operate_time"))
        deadlines.meet(complaint.ticket, Metric.PLATFORM_REPLY, at=clock.now())
        if complaint.steps.filter(body=said[:200]).exists():
            uploads.discard(files)
            return
    ticket = locks.row(Ticket, complaint.ticket_id)
    with translation.override(ticket.language):
        text = _text(said, _id(entry) in known.lost)
        if kind in SPOKEN and ticket.state in conversation.CUSTOMER_MAY_WRITE:
            conversation.customer_says(ticket, text, actor=actors.CUSTOMER, channel=Channel.PAY, uploads=files)
        elif kind in SPOKEN:
            conversation.write(ticket, MessageKind.CUSTOMER, text, actors.CUSTOMER, Channel.PAY, files)
        elif said or files:
            note = f"{_('WeChat Pay')} · {_operation(kind)}\n{text}"
            conversation.write(ticket, MessageKind.NOTE, note, PAY, Channel.PAY, files)


def _operation(kind: str) -> str:
    known = {
        "MERCHANT_RESPONSE": _("answered in the merchant's platform"),
        "MERCHANT_CONFIRM_COMPLETE": _("reported as done"),
        "USER_CANCEL_COMPLAINT": _("the user withdrew the complaint"),
        "PLATFORM_RESPONSE": _("answer of the platform"),
        "MERCHANT_REFUND": _("refunded"),
    }
    return known.get(kind, kind)


def _text(said: str, lost: bool) -> str:
    tidy = words.without_controls(said)[:LONGEST].strip() or _("(a file without words)")
    return f"{tidy}\n\n{_('[A file could not be fetched from the platform.]')}" if lost else tidy


def _remote(details: dict[str, Any]) -> str:
    state = str(details.get("complaint_state", ""))
    if state not in Remote.values:
        raise Unreachable(f"a state that is not known here: {state[:30]}", code="state")
    return state


def moment(text: Any) -> datetime:
    found = parse_datetime(str(text or ""))
    return min(found, clock.now()) if found is not None and found.tzinfo else clock.now()


def _yuan(fen: Any) -> Decimal | None:
    """WeChat counts in fen."""
    return (Decimal(fen) / 100).quantize(Decimal("0.01")) if isinstance(fen, int) else None


def complaint_of(ticket: Ticket) -> PayComplaint | None:
    return PayComplaint.objects.filter(ticket=ticket).first()
