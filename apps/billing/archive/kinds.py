"""Words for kinds of events on paper. Rooms above register those they know (as the desk's story does)."""

from collections.abc import Mapping

from django.utils.functional import Promise

_words: dict[str, str | Promise] = {}


def register(words: Mapping[str, str | Promise]) -> None:
    """Called in a room's `ready()`; later words win."""
    _words.update(words)


def told(kind: str) -> str:
    """The event in the active language; its name where nobody gave it words."""
    return str(_words.get(kind, kind))
