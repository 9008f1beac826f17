"""What a deadline belongs to, in words and with its page: the rooms above tell, this one cannot know them.

Register in `ready()`; a subject that nobody names is shown by its type and id.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from apps.journal.events import Ref


@dataclass(frozen=True, slots=True)
class Named:
    """`link` is a path of this site, or empty."""

    words: str
    link: str = ""


Namer = Callable[[list[UUID]], dict[UUID, Named]]
_namers: dict[str, Namer] = {}


def register(subject_type: str, namer: Namer) -> None:
    """`namer` answers for many ids of `app.model` with one query."""
    _namers[subject_type] = namer


def names(refs: Iterable[Ref]) -> dict[UUID, Named]:
    """The names of these subjects by id, one query for each type."""
    by_type: dict[str, list[UUID]] = {}
    for ref in refs:
        by_type.setdefault(ref.type, []).append(ref.id)
    found: dict[UUID, Named] = {}
    for subject_type, ids in by_type.items():
        named = _namers[subject_type](ids) if subject_type in _namers else {}
        found |= {pk: named.get(pk) or Named(f"{subject_type} {pk}") for pk in ids}
    return found
