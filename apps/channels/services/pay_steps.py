"""What we tell WeChat Pay about a complaint: answers to the user and "done", in order, each once (INT-14).

A step is committed before the first call. No lock is held across HTTP; whatever is not proven unsent counts as unknown,
and an unknown step is looked for in the platform's own history before it is sent again.
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.channels.adapters.base import Unreachable
from apps.channels.adapters.outgoing import parts
from apps.channels.models import PayComplaint, PayStep
from apps.channels.pay import events
from apps.channels.pay.gateway import Gateway
from apps.channels.services import doors
from apps.channels.services.pay import PAY, Remote, moment
from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Message, Ticket
from apps.feedback.services import clocks
from apps.journal import doorbell
from apps.journal import events as journal
from apps.journal.models import Event
from apps.sla.services import deadlines
from apps.sla.states import Metric

log = logging.getLogger(__name__)

SEND = "channels.pay"
LONGEST = 200  # characters of one answer
MOST_PICTURES, MOST_PICTURE_BYTES = 4, 2 * 1024 * 1024
LEASE = timedelta(seconds=120)
MOST_ATTEMPTS = 12
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(hours=1)
S = PayStep.State
BEFORE = (S.WAITING, S.SENDING, S.UNKNOWN, S.FAILED)  # a later step waits for these


# Planning -----------------------------------------------------------------------------------------------------------


def plan_reply(complaint: PayComplaint, text: str, *, event: Event, message: Message | None = None) -> None:
    """Queue an answer to the user, in parts of 200 characters; pictures go with the first. Once per event."""
    new = [
        PayStep(complaint=complaint, event=event, part=n, kind=PayStep.Kind.REPLY, body=part, message=message)
        for n, part in enumerate(parts(text, LONGEST))
    ]
    PayStep.objects.bulk_create(new, ignore_conflicts=True)
    doorbell.ring(SEND)


def plan_completion(complaint: PayComplaint, *, event: Event) -> None:
    """Queue "done" (反馈处理完成), after every answer before it."""
    step = PayStep(complaint=complaint, event=event, kind=PayStep.Kind.COMPLETE)
    PayStep.objects.bulk_create([step], ignore_conflicts=True)
    doorbell.ring(SEND)


def drop_completion(complaint: PayComplaint) -> None:
    """The ticket is open again: a "done" that has not gone out yet is not said any more."""
    waiting = complaint.steps.filter(kind=PayStep.Kind.COMPLETE, state__in=[S.WAITING, S.FAILED])
    for step in locks.rows(waiting):
        _leave(step)


# Sending ------------------------------------------------------------------------------------------------------------


def send_due(limit: int = 50) -> int:
    """Send what is due; returns how many steps were tried."""
    tried = 0
    while tried < limit and (claimed := _claim()) is not None:
        step, unsure = claimed
        tried += 1
        try:
            if not (unsure and _arrived(step)):
                _send(step)
        except Unreachable as error:
            _not_done(step, error)
        except Exception as error:
            log.exception("step %s of complaint %s", step.pk, step.complaint_id)
            _not_done(step, Unreachable(type(error).__name__, sent=True))
        else:
            _done(step)
    return tried


@transaction.atomic
def _claim() -> tuple[PayStep, bool] | None:
    """The step that has waited longest, leased to this worker, and whether it may have arrived already."""
    earlier = PayStep.objects.filter(complaint=OuterRef("complaint"), pk__lt=OuterRef("pk"), state__in=BEFORE)
    due = PayStep.objects.filter(next_try_at__lte=clock.now(), complaint__door__active=True).exclude(Exists(earlier))
    for step in locks.claim(due.select_related("complaint__door", "message").order_by("next_try_at", "id"), 1):
        unsure = step.state in (S.SENDING, S.UNKNOWN)
        step.state, step.attempts, step.next_try_at = S.SENDING, step.attempts + 1, clock.now() + LEASE
        step.first_sent_at = step.first_sent_at or clock.now()
        step.save(update_fields=["state", "attempts", "next_try_at", "first_sent_at"])
        return step, unsure
    return None


def _send(step: PayStep) -> None:
    complaint = step.complaint
    gateway = Gateway(complaint.door)
    if step.kind == PayStep.Kind.COMPLETE:
        gateway.complete(complaint.complaint_id)
    else:
        gateway.reply(complaint.complaint_id, step.body, _pictures(gateway, step))


def _pictures(gateway: Gateway, step: PayStep) -> list[str]:
    """Ids of the answer's pictures at the platform; what is no picture, or too large, stays on the ticket's private page."""
    if step.message is None or step.part:
        return []
    files = [a.upload for a in step.message.attachments.select_related("upload").order_by("id")]
    fitting = [f for f in files if f.content_type in ("image/jpeg", "image/png") and f.size <= MOST_PICTURE_BYTES]
    found = []
    for upload in fitting[:MOST_PICTURES]:
        with upload.file.open("rb") as content:
            found.append(gateway.upload(upload.name, content.read()))
    return found


def _arrived(step: PayStep) -> bool:
    """Whether the platform's history has it, although we never heard so. Raises Unreachable."""
    gateway, complaint = Gateway(step.complaint.door), step.complaint
    if step.kind == PayStep.Kind.COMPLETE:
        return gateway.complaint(complaint.complaint_id).get("complaint_state") == Remote.PROCESSED
    since = (step.first_sent_at or step.created_at) - timedelta(minutes=5)
    told = PayStep.objects.filter(complaint=complaint, body=step.body, state=S.DONE, first_sent_at__gte=since).count()
    there = [
        entry
        for entry in gateway.history(complaint.complaint_id)
        if entry.get("operate_type") == "MERCHANT_RESPONSE"
        and str(entry.get("operate_details", "")) == step.body
        and moment(entry.get("operate_time")) >= since
    ]
    return len(there) > told


@transaction.atomic
def _done(step: PayStep) -> None:
    now = clock.now()
    complaint = locks.row(PayComplaint, step.complaint_id)
    step.state, step.done_at, step.next_try_at, step.error = S.DONE, now, None, ""
    step.save(update_fields=["state", "done_at", "next_try_at", "error"])
    ticket = locks.row(Ticket, complaint.ticket_id)
    deadlines.meet(ticket, Metric.PLATFORM_REPLY, at=now)
    if step.kind == PayStep.Kind.COMPLETE:
        complaint.completed_at, complaint.remote_state = now, Remote.PROCESSED
        deadlines.meet(ticket, Metric.PLATFORM_DONE, at=now)
    else:
        complaint.replied_at = complaint.replied_at or now
        if complaint.remote_state == Remote.PENDING:
            complaint.remote_state = Remote.PROCESSING
    complaint.save(update_fields=["completed_at", "remote_state", "replied_at"])
    journal.record(events.STEP_DONE, subject=ticket, actor=PAY, data={"step": str(step.pk), "kind": step.kind})
    clocks.refresh(ticket)
    doors.answered(step.complaint.door)


@transaction.atomic
def _not_done(step: PayStep, error: Unreachable) -> None:
    step.error = str(error)[:300]
    if error.lasting or step.attempts >= MOST_ATTEMPTS:
        step.state, step.next_try_at = S.FAILED, None
        data = {"step": str(step.pk), "kind": step.kind, "error": step.error}
        journal.record(events.STEP_FAILED, subject=step.complaint.ticket, actor=PAY, data=data)
    else:
        pause = min(FIRST_PAUSE * 2 ** (step.attempts - 1), LONGEST_PAUSE)
        step.state, step.next_try_at = (S.UNKNOWN if error.sent else S.WAITING), clock.now() + pause
    step.save(update_fields=["state", "next_try_at", "error"])
    if not error.lasting:
        doors.failed(step.complaint.door, error)


# By hand ------------------------------------------------------------------------------------------------------------


def try_again(step_id: UUID, *, actor: Actor) -> PayStep:
    """Send again what was refused. Raises DomainError `core.not_allowed`, `pay.not_failed`."""
    with transaction.atomic():
        step = _failed(step_id, actor)
        step.state, step.attempts, step.next_try_at = S.UNKNOWN, 0, clock.now()
        step.save(update_fields=["state", "attempts", "next_try_at"])
        doorbell.ring(SEND)
    return step


def leave_out(step_id: UUID, *, actor: Actor) -> PayStep:
    """Do without it: what comes after goes on. Raises as `try_again` does."""
    with transaction.atomic():
        step = _leave(_failed(step_id, actor))
        doorbell.ring(SEND)
    return step


def _failed(step_id: UUID, actor: Actor) -> PayStep:
    if not actor.can("feedback.handle_ticket"):
        raise DomainError("core.not_allowed")
    step = locks.row(PayStep, step_id)
    if step.state != S.FAILED:
        raise DomainError("pay.not_failed")
    return step


def _leave(step: PayStep) -> PayStep:
    step.state, step.next_try_at = S.DROPPED, None
    step.save(update_fields=["state", "next_try_at"])
    return step
