"""What can be done on the page of a void request or a refund: each act with its form and the service behind it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.functional import Promise

from apps.core import idempotency
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.idempotency import Answer
from apps.desk.money.forms import MoneyForm

Perform = Callable[[Any, dict[str, Any], Actor], Any]
HIDDEN = None  # what `why_not` answers where the act is not for this person, or has no place in this state


@dataclass(frozen=True, slots=True)
class Act:
    """`why_not(case, actor)` answers None where it is not offered at all, "" where it is possible, else the reason.

    `reaches_out` asks another system first and so must not run inside a transaction; its service takes care that a
    repeat does nothing twice. `placed` stands in a card of its own and not among the buttons.
    """

    name: str
    label: str | Promise
    icon: str
    done: str | Promise
    perform: Perform
    why_not: Callable[[Any, Actor], str | None]
    form: type[MoneyForm] | None = None
    reaches_out: bool = False
    primary: bool = False
    placed: bool = False
    key: str = ""


@dataclass(slots=True)
class Offer:
    """An act as it is offered now."""

    act: Act
    form: MoneyForm | None
    why_not: str = ""
    open: bool = False


def offers(acts: Sequence[Act], case: Any, actor: Actor, bound: Mapping[str, MoneyForm]) -> list[Offer]:
    """The acts of this case for this person, with the reason where one is not possible."""
    found = []
    for act in acts:
        why_not = act.why_not(case, actor)
        if why_not is None:
            continue
        form = None
        if not why_not and act.form is not None:
            form = bound.get(act.name) or act.form(case=case, actor=actor)
        found.append(Offer(act, form, why_not, act.name in bound))
    return found


def run(act: Act, case: Any, data: dict[str, Any], actor: Actor, *, token: str) -> str:
    """Do it once, however often the form was sent, and say what was done. Raises what the service raises."""
    if act.reaches_out:
        words = act.perform(case, data, actor)
        return words if isinstance(words, str) else str(act.done)

    def work() -> Answer:
        with transaction.atomic():
            words = act.perform(case, data, actor)
        return Answer(200, words if isinstance(words, str) else str(act.done))

    if not token:
        return str(work().body)
    typed = hashlib.sha256(repr((act.name, case.pk, sorted(data.items(), key=str))).encode()).hexdigest()
    return str(idempotency.once(f"desk:{actor.user_id}", f"{token[:60]}-{act.name[:20]}", typed, work).body)


def filed(data: QueryDict, actor: Actor, file: Callable[[], Any]) -> str:
    """File a new case once, however often its form was sent: two taps must not ask for the money twice (REF-02).

    Returns its number. Raises what `file` raises, and those of `idempotency.once`.
    """

    def work() -> Answer:
        with transaction.atomic():
            return Answer(200, file().number)

    token = data.get("token", "")
    if not token:
        return str(work().body)
    typed = sorted((name, values) for name, values in data.lists() if name not in ("token", "csrfmiddlewaretoken"))
    print_ = hashlib.sha256(repr(typed).encode()).hexdigest()
    return str(idempotency.once(f"desk:{actor.user_id}", f"{token[:60]}-new", print_, work).body)


def refusal(check: Callable[[], Any]) -> str:
    """The words of what a service's own check says against it; "" where it has nothing against it."""
    try:
        check()
    except DomainError as error:
        return error.words
    except DomainErrors as errors:
        return errors.errors[0].words
    return ""


def words(code: str, **data: Any) -> str:
    return DomainError(code, **data).words
