"""Who hears of which event. A receiver only writes to the database; see `journal.deliveries`."""

from collections.abc import Callable

from apps.journal.models import Event

Receiver = Callable[[Event], None]

_by_name: dict[str, Receiver] = {}
_by_kind: dict[str, list[str]] = {}


def on(*kinds: str, name: str) -> Callable[[Receiver], Receiver]:
    """Subscribe a function to event kinds. `name` (`app.verb`) is stored in deliveries, so it must never change."""

    def subscribe(function: Receiver) -> Receiver:
        known = _by_name.get(name)
        if known is not None and known.__qualname__ != function.__qualname__:
            raise ValueError(f"receiver {name} is registered twice")
        _by_name[name] = function
        for kind in kinds:
            names = _by_kind.setdefault(kind, [])
            if name not in names:
                names.append(name)
        return function

    return subscribe


def names_for(kind: str) -> list[str]:
    return _by_kind.get(kind, [])


def get(name: str) -> Receiver:
    """The function behind a name. Raises LookupError when no code answers to it any more."""
    try:
        return _by_name[name]
    except KeyError:
        raise LookupError(f"no receiver is called {name}") from None
