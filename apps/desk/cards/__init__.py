"""The cards of the workspace, in the order of the page. A new noun on a ticket is a module here and a line in CARDS."""

from collections.abc import Mapping

from apps.core.actors import Actor
from apps.desk.actions import ACTIONS, Action
from apps.desk.cards import (
    add,
    care,
    chat,
    checklist,
    extension,
    investigation,
    knowledge,
    legal,
    money,
    pay,
    privacy,
    process_feedback,
    receipt,
    regulator,
    relations,
    tags,
    time,
)
from apps.desk.cards.base import Card, Shown
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket

CARDS: tuple[Card, ...] = (
    process_feedback.CARD,
    regulator.CARD,
    extension.CARD,
    legal.CARD,
    money.CARD,
    checklist.NEEDED,
    checklist.CARD,
    care.CARD,
    investigation.CARD,
    time.CARD,
    add.CARD,
    chat.CARD,
    pay.CARD,
    receipt.CARD,
    relations.CARD,
    tags.CARD,
    privacy.CARD,
    knowledge.CARD,
)

STEPS: dict[str, Action] = {**ACTIONS, **{action.name: action for card in CARDS for action in card.actions}}
"""Everything that can be posted to a ticket, by name."""


def shown(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, list[Shown]]:
    """The cards that have something to show, by column."""
    columns: dict[str, list[Shown]] = {"talk": [], "work": [], "side": []}
    for card in CARDS:
        content = card.build(ticket, actor, bound)
        if content is not None:
            columns[card.column].append(Shown(card.template, content))
    return columns
