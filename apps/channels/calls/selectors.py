"""Which calls a colleague should see now, and which are still to be returned."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from apps.channels.models import Call, CallState, Extension
from apps.core import clock
from apps.core.actors import Actor

REMEMBERED = timedelta(hours=2)  # how long an ended call that nobody logged stays before its agent's eyes
RINGS = timedelta(minutes=3)  # a ring without an end: the telephone system went silent
ON_CARD = 3


def before_their_eyes(user_id: int) -> list[Call]:
    """A colleague's own calls that ring, are talked on or are not logged yet, the latest first."""
    now = clock.now()
    live = Q(state=CallState.RINGING, rang_at__gt=now - RINGS) | Q(
        state__in=[CallState.ANSWERED, CallState.ENDED], rang_at__gt=now - REMEMBERED
    )
    mine = Call.objects.filter(live, agent_id=user_id, settled_at=None)
    return list(mine.select_related("customer").defer(*_HIDDEN).order_by("-rang_at")[:ON_CARD])


def takes_calls(user_id: int) -> bool:
    """Whether it is worth asking again: who has an extension, or had a call in the last month."""
    lately = clock.now() - timedelta(days=30)
    return (
        Extension.objects.filter(user_id=user_id).exists()
        or Call.objects.filter(agent_id=user_id, rang_at__gt=lately).exists()
    )


def to_return(actor: Actor) -> "QuerySet[Call]":
    """Missed calls that nobody has returned, the oldest first."""
    return _shown(actor).filter(state=CallState.MISSED, settled_at=None).order_by("rang_at")


def unlogged(actor: Actor) -> "QuerySet[Call]":
    """Answered calls that nobody has logged, the oldest first."""
    return _shown(actor).filter(state__in=[CallState.ANSWERED, CallState.ENDED], settled_at=None).order_by("rang_at")


def latest(actor: Actor) -> "QuerySet[Call]":
    return _shown(actor).filter(settled_at__isnull=False).order_by("-rang_at", "-id")


_HIDDEN = ("customer__name", "customer__phone", "customer__email", "customer__address", "customer__note", "caller")


def _shown(actor: Actor) -> "QuerySet[Call]":
    """With what lists show; nothing is decrypted."""
    return Call.objects.visible_to(actor).select_related("customer", "agent", "ticket").defer(*_HIDDEN)
