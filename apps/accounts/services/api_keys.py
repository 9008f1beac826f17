"""Bearer keys of other systems (ADM-03): made, checked, revoked.

A key reads `fbk_<prefix>_<secret>`. The prefix finds the row; the secret has 256 random bits, so one SHA-256 of the
whole key is a sufficient digest. A checked row is kept in this process for at most 30 seconds: a revoked key is dead at
once in the process that revoked it and within 30 seconds in every other.
"""

import hashlib
import hmac
import re
import secrets
import string
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.accounts import events
from apps.accounts.models import ApiKey, User
from apps.accounts.scopes import SCOPES
from apps.core import clock, locks
from apps.core.actors import Actor, staff
from apps.core.errors import DomainError
from apps.journal.events import record

CACHE_SECONDS = 30
CACHE_SIZE = 1_000
USED_EVERY = timedelta(minutes=1)

_SHAPE = re.compile(r"fbk_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_LETTERS = string.ascii_lowercase + string.digits


@dataclass(slots=True)
class _Known:
    key: ApiKey
    until: float  # time.monotonic()


_known: OrderedDict[str, _Known] = OrderedDict()
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class NewKey:
    """`clear` is the only time the key itself can be seen."""

    key: ApiKey
    clear: str


def create(
    name: str, scopes: Sequence[str], *, actor: Actor, expires_at: datetime | None = None, acts_for: User | None = None
) -> NewKey:
    """Make a key. `expires_at` is aware; None means it does not expire. `acts_for` is asked (`answer`) before it counts.

    Raises DomainError: `core.not_allowed`, `core.required`, `core.too_long`, `api_key.name_taken`, `api_key.no_scopes`,
    `api_key.unknown_scope`, `api_key.expires_in_past`.
    """
    if not actor.can("accounts.manage_api_keys"):
        raise DomainError("core.not_allowed")
    name = _checked_name(name)
    scopes = _checked_scopes(scopes)
    if expires_at is not None and expires_at <= clock.now():
        raise DomainError("api_key.expires_in_past", field="expires_at")
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(8))
    clear = f"fbk_{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey(name=name, prefix=prefix, digest=_digest(clear), scopes=scopes, expires_at=expires_at)
    key.acts_for = acts_for
    key.created_by_id = actor.user_id
    with transaction.atomic():
        try:
            with transaction.atomic():
                key.save(force_insert=True)
        except IntegrityError as error:
            raise DomainError("api_key.name_taken", field="name", name=name) from error
        data = {"scopes": scopes, "expires_at": expires_at, "for": acts_for.staff_number if acts_for else None}
        record(events.API_KEY_CREATED, subject=key, actor=actor, data=data)
    return NewKey(key, clear)


def revoke(key: ApiKey, *, actor: Actor, reason: str = "") -> ApiKey:
    """End a key for good; a second call changes nothing. Raises DomainError `core.not_allowed`."""
    if not actor.can("accounts.manage_api_keys"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(ApiKey, key.pk)
        if fresh.revoked_at is None:
            fresh.revoked_at = clock.now()
            fresh.save(update_fields=["revoked_at"])
            record(events.API_KEY_REVOKED, subject=fresh, actor=actor, reason=reason)
        # Only after the commit: a request in between would put the living row back into the cache.
        transaction.on_commit(lambda: forget(fresh.prefix))
    return fresh


def answer(key: ApiKey, user: User, *, agree: bool) -> ApiKey:
    """The person in whose name a key wants to act agrees, or takes it back. Raises DomainError `api_key.not_yours`."""
    with transaction.atomic():
        fresh = locks.row(ApiKey, key.pk)
        if fresh.acts_for_id != user.pk:
            raise DomainError("api_key.not_yours")
        if (fresh.agreed_at is not None) != agree:
            fresh.agreed_at = clock.now() if agree else None
            fresh.save(update_fields=["agreed_at"])
            kind = events.API_KEY_AGREED if agree else events.API_KEY_DISAGREED
            record(kind, subject=fresh, actor=staff(user))
        transaction.on_commit(lambda: forget(fresh.prefix))
    return fresh


def check(clear: str) -> ApiKey:
    """The key behind a bearer token. Raises DomainError `api_key.invalid`, `api_key.revoked`, `api_key.expired`."""
    shape = _SHAPE.fullmatch(clear)
    known = _find(shape[1]) if shape else None
    if known is None or not hmac.compare_digest(known.digest, _digest(clear)):
        raise DomainError("api_key.invalid")
    if known.revoked_at is not None:
        raise DomainError("api_key.revoked")
    if not known.usable:
        raise DomainError("api_key.expired")
    _note_use(known)
    return known


def forget(prefix: str) -> None:
    """Drop a key from this process's cache."""
    with _guard:
        _known.pop(prefix, None)


def _find(prefix: str) -> ApiKey | None:
    now = time.monotonic()
    with _guard:
        entry = _known.get(prefix)
        if entry is not None and entry.until > now:
            return entry.key
    key = ApiKey.objects.filter(prefix=prefix).first()
    if key is not None:
        with _guard:
            _known[prefix] = _Known(key, now + CACHE_SECONDS)
            _known.move_to_end(prefix)
            while len(_known) > CACHE_SIZE:
                _known.popitem(last=False)
    return key


def _note_use(key: ApiKey) -> None:
    """Keep `last_used_at`, to the minute: a write per request would cost more than the figure is worth."""
    now = clock.now()
    if key.last_used_at is None or key.last_used_at <= now - USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
        key.last_used_at = now


def _digest(clear: str) -> str:
    return hashlib.sha256(clear.encode()).hexdigest()


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise DomainError("core.required", field="name")
    if len(name) > 60:
        raise DomainError("core.too_long", field="name", limit=60, length=len(name))
    return name


def _checked_scopes(scopes: Sequence[str]) -> list[str]:
    if not scopes:
        raise DomainError("api_key.no_scopes", field="scopes")
    for scope in scopes:
        if scope not in SCOPES:
            raise DomainError("api_key.unknown_scope", field="scopes", scope=scope, known=", ".join(SCOPES))
    return sorted(set(scopes))
