"""Tags of the ticket (CLS-08)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import relations as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket
from apps.feedback.services import tag_library, tagging


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    may_tag = actor.can("feedback.handle_ticket")
    if not may_tag and not ticket.tags:
        return None
    return {
        "may_tag": may_tag,
        "form": (bound.get("tag") or forms.TagForm(ticket=ticket, actor=actor)) if may_tag else None,
        "suggestions": tag_library.suggestions(ticket, 6) if may_tag and len(ticket.tags) < tagging.MOST else [],
    }


CARD = Card(
    "tags",
    "side",
    _build,
    (
        Action("tag", _("Add tags"), "sell", _("Tagged."),
               lambda t, d, a: tagging.change(t, actor=a, put=d["tag"]), forms.TagForm, versioned=False),
        Action("untag", _("Take the tag off"), "close", _("The tag is off."),
               lambda t, d, a: tagging.remove(t, d["tag"], actor=a), forms.UntagForm, versioned=False),
    ),
)  # fmt: skip
