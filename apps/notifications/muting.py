"""What no message may leave the house about: a room above names it here, once, for every message there is (TRN-01).

The outbox asks before it stores a message, and before one is sent again; nothing goes out past it.
"""

from collections.abc import Callable
from uuid import UUID

_reasons: dict[str, Callable[[UUID], str]] = {}


def register(subject_type: str, why: Callable[[UUID], str]) -> None:
    """`why` says for a subject's id why nothing leaves (English, translated on screen), or "". Call it in `ready()`."""
    _reasons[subject_type] = why


def reason(subject_type: str, subject_id: UUID | None) -> str:
    """Why no message about this leaves the house; "" where it may."""
    why = _reasons.get(subject_type)
    return why(subject_id) if why is not None and subject_id is not None else ""
