"""Articles that may answer the ticket (KB-02), and making one from it when it is solved (KB-01)."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms.base import DeskForm
from apps.desk.forms.customer_voice import ArticleForm
from apps.feedback.models import Ticket
from apps.feedback.services import case_articles
from apps.feedback.states import TicketState
from apps.knowledge import selectors
from apps.knowledge.selectors import About
from apps.knowledge.services.articles import Draft

SHOWN = 4
SOLVED = (TicketState.RESOLVED, TicketState.CALLBACK, TicketState.CLOSED)


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    if not actor.can("knowledge.view_article"):
        return None
    may_make = actor.can("knowledge.write_article") and ticket.state in SOLVED and bool(ticket.result)
    suggested = selectors.suggest(_text(ticket), ticket.language, staff=True, about=_about(ticket), limit=SHOWN)
    if not suggested and not may_make:
        return None
    return {
        "suggested": [{"read": read, "url": _address(read), "insert": _line(read)} for read in suggested],
        "may_insert": ticket.is_open and actor.can("feedback.handle_ticket"),
        "may_make": may_make,
        "form": bound.get("make_article"),
    }


def _text(ticket: Ticket) -> str:
    return f"{ticket.title} {ticket.description}"


def _about(ticket: Ticket) -> About:
    group = ticket.product.group if ticket.product else ""
    return About((ticket.category.slug,), group, ticket.product_id)


def _address(read: selectors.Read) -> str:
    """Where customers read it; what is for staff only is read in the admin."""
    if selectors.staff_only(read.article):
        return reverse("admin:knowledge_article_page", args=[read.article.pk])
    return settings.PUBLIC_URL + reverse("portal:article", args=[read.article.key])


def _line(read: selectors.Read) -> str:
    """What is put into a reply; nothing of what is for staff only."""
    return "" if selectors.staff_only(read.article) else f"{read.title}\n{_address(read)}"


def _make(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    draft = Draft(
        title=data["title"],
        body=data["body"],
        topic=data["topic"],
        language=ticket.language,
        audience=data["audience"],
        product_group=ticket.product.group if ticket.product else "",
    )
    article = case_articles.draft_from(ticket, draft, actor=actor)
    return gettext("The draft “%(title)s” is kept under Articles; somebody else reads and publishes it.") % {
        "title": article.title
    }


CARD = Card(
    "knowledge",
    "side",
    _build,
    (
        Action("make_article", _("Make an article of it"), "post_add", _("The draft is kept."), _make, ArticleForm,
               permission="knowledge.write_article", versioned=False),
    ),
)  # fmt: skip
