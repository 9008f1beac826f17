"""Other systems hear of events by themselves (LNK-04): which kinds, to which address, signed, tried until it is taken.

A room above offers its kinds with `offer`. Each event of a subscribed kind becomes a `WebhookCall` in the delivery's own
transaction; the calls are made by a task, under the call's id, so that a repeat can be told from a new one.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import requests
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.functional import Promise

from apps.accounts import events
from apps.accounts.models import Webhook, WebhookCall
from apps.core import clock, locks, outgoing
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import receivers
from apps.journal.doorbell import ring
from apps.journal.events import canonical, record
from apps.journal.models import Event

TASK = "accounts.call_webhooks"
TIMEOUT = 5  # seconds for an answer; whoever needs longer answers first and works later
LEASE = timedelta(minutes=2)
WAITS = (10, 30, 120, 600, 1_800, 3_600)  # seconds after each failure; the last one repeats
GIVEN_UP_AFTER = timedelta(hours=48)
TEST = "webhook.test"
CALLER = system("webhooks")

_offered: dict[str, str | Promise] = {}
_numbered: dict[str, type[Model]] = {}


def offer(kinds: Mapping[str, str | Promise], *, numbered: Iterable[type[Model]] = ()) -> None:
    """Let these kinds of events be subscribed to; of the subjects `numbered` the number is told, too.

    Called in a room's `ready()`.
    """
    _offered.update(kinds)
    _numbered.update({str(model._meta.label_lower): model for model in numbered})
    receivers.on(*kinds, name="accounts.webhooks")(hear)


def offered() -> dict[str, str | Promise]:
    return dict(_offered)


def hear(event: Event) -> None:
    """The receiver: one call for each address that wants this kind."""
    hooks = list(Webhook.objects.filter(active=True, kinds__contains=[event.kind]))
    if hooks:
        body = _body(event)
        calls = [WebhookCall(webhook=hook, event_id=event.id, kind=event.kind, body=body) for hook in hooks]
        WebhookCall.objects.bulk_create(calls, ignore_conflicts=True)
        ring(TASK)


def _body(event: Event) -> str:
    """What is told. Reasons are words of people and stay here."""
    subject = {"type": event.subject_type, "id": event.subject_id}
    if model := _numbered.get(event.subject_type):
        subject["number"] = model._default_manager.filter(pk=event.subject_id).values_list("number", flat=True).first()
    told = {
        "id": event.id, "kind": event.kind, "at": event.at, "actor": event.actor_label,
        "subject": subject, "data": event.data,
    }  # fmt: skip
    return canonical(told).decode()


# Addresses --------------------------------------------------------------------------------------------------------------


def create(name: str, url: str, kinds: Sequence[str], *, actor: Actor) -> tuple[Webhook, str]:
    """A new address and the secret that signs what it hears, which is shown this once.

    Raises DomainError `core.not_allowed`, `core.required`, `api_key.name_taken`, `webhook.address`, `webhook.kinds`.
    """
    secret = f"whs_{secrets.token_urlsafe(32)}"
    hook = Webhook(name=name, url=url, kinds=list(kinds), secret=secret)
    _save(hook, None, actor)
    return hook, secret


def change(hook: Webhook, *, actor: Actor) -> Webhook:
    """Another address, other events, on or off. Same errors as `create`."""
    before = Webhook.objects.get(pk=hook.pk)
    hook.secret = before.secret
    _save(hook, before, actor)
    return hook


def _save(hook: Webhook, before: Webhook | None, actor: Actor) -> None:
    if not actor.can("accounts.manage_api_keys"):
        raise DomainError("core.not_allowed")
    hook.name, hook.url, hook.kinds = hook.name.strip(), hook.url.strip(), sorted(set(hook.kinds))
    if not hook.name:
        raise DomainError("core.required", field="name")
    parts = urlsplit(hook.url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise DomainError("webhook.address", field="url")
    if not hook.kinds or not set(hook.kinds) <= _offered.keys():
        raise DomainError("webhook.kinds", field="kinds")
    with transaction.atomic():
        try:
            with transaction.atomic():
                hook.save()
        except IntegrityError as error:
            raise DomainError("api_key.name_taken", field="name", name=hook.name) from error
        data = {"before": _facts(before), "after": _facts(hook)}
        record(events.WEBHOOK_CHANGED, subject=hook, actor=actor, data=data)


def _facts(hook: Webhook | None) -> dict[str, object] | None:
    return None if hook is None else {"url": hook.url, "kinds": hook.kinds, "active": hook.active}


def test(hook: Webhook, *, actor: Actor) -> WebhookCall:
    """Send a call that means nothing, to see whether the other side takes it. Raises DomainError `core.not_allowed`."""
    if not actor.can("accounts.manage_api_keys"):
        raise DomainError("core.not_allowed")
    body = json.dumps({"id": 0, "kind": TEST, "at": clock.now().isoformat(), "data": {}})
    with transaction.atomic():
        call = WebhookCall.objects.create(webhook=hook, event_id=-time.time_ns(), kind=TEST, body=body)
        ring(TASK)
    return call


def again(call: WebhookCall, *, actor: Actor) -> None:
    """Try a call now that failed or was given up. Raises DomainError `core.not_allowed`."""
    if not actor.can("accounts.manage_api_keys"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        WebhookCall.objects.filter(pk=call.pk, taken_at=None).update(due_at=clock.now(), given_up_at=None)
        ring(TASK)


# Calls ------------------------------------------------------------------------------------------------------------------


def work_off(seconds: float = 20.0) -> int:
    """Make the calls that are due; returns how many were made. Safe in many processes at once."""
    until, made = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        with transaction.atomic():
            due = WebhookCall.objects.filter(due_at__lte=clock.now(), webhook__active=True)
            found = locks.claim(due.select_related("webhook").order_by("due_at"), 1)
            if not found:
                break
            call = found[0]
            call.attempts += 1
            call.due_at = clock.now() + LEASE  # until it is known: a worker may die over the call
            call.save(update_fields=["attempts", "due_at"])
        _settle(call, *_make(call))
        made += 1
    return made


def _make(call: WebhookCall) -> tuple[int | None, str]:
    """The status of the answer, or None and what went wrong. No lock is held."""
    headers = {
        "Content-Type": "application/json", "X-Feedback-Event": call.kind, "X-Feedback-Delivery": str(call.pk),
        "X-Feedback-Signature": signature(call.webhook.secret, int(clock.now().timestamp()), call.body),
    }  # fmt: skip
    try:
        return outgoing.post(call.webhook.url, call.body.encode(), headers, seconds=TIMEOUT), ""
    except requests.RequestException as error:
        return None, type(error).__name__


def signature(secret: str, at: int, body: str) -> str:
    """`t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`. Receivers refuse what is older than five minutes."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _settle(call: WebhookCall, status: int | None, error: str) -> None:
    now = clock.now()
    call.status, call.error = status, error[:200]
    if status is not None and 200 <= status < 300:
        call.taken_at, call.due_at = now, None
    elif now - call.created_at > GIVEN_UP_AFTER or call.kind == TEST:
        call.given_up_at, call.due_at = now, None
    else:
        call.due_at = now + timedelta(seconds=WAITS[min(call.attempts, len(WAITS)) - 1])
    with transaction.atomic():
        call.save(update_fields=["status", "error", "taken_at", "given_up_at", "due_at"])
        if call.given_up_at is not None and call.kind != TEST:
            data = {"kind": call.kind, "event": call.event_id, "error": call.error or str(status)}
            record(events.WEBHOOK_GIVEN_UP, subject=call.webhook, actor=CALLER, data=data)
