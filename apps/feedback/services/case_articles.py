"""From a solved ticket to an article (KB-01): its question and answer, without anybody's personal data."""

from django.db import transaction
from django.utils.translation import gettext, override

from apps.core.actors import Actor
from apps.feedback import events
from apps.feedback.models import Ticket
from apps.journal import events as journal
from apps.knowledge.models import Article, Topic
from apps.knowledge.services import articles
from apps.knowledge.services.articles import Draft
from apps.knowledge.services.scrub import without_personal_data


def proposed(ticket: Ticket) -> Draft:
    """The beginning of an article: the customer's words as the question, the result as the answer, both scrubbed.

    Nothing is stored; a person reads and edits it first.
    """
    names, plan = [ticket.customer.name], ticket.plans.first()
    with override(ticket.language):
        title, question, answer, steps = (
            without_personal_data(text, names=names)
            for text in (ticket.title, ticket.description, ticket.result, plan.steps if plan else "")
        )
        parts = [(gettext("Troubleshooting steps"), steps), (gettext("Result"), answer)]
    body = "\n\n".join([question, *(f"## {heading}\n\n{text}" for heading, text in parts if text)])
    group = ticket.product.group if ticket.product else ""
    topic = topic_for(ticket)
    return Draft(title[:120], body, topic, language=ticket.language, product_group=group, source=ticket.number)


def topic_for(ticket: Ticket) -> Topic | None:
    """The first active topic of the ticket's category, else the last one there is."""
    known = Topic.objects.filter(active=True)
    return known.filter(categories__contains=[ticket.category.slug]).first() or known.last()


def draft_from(ticket: Ticket, draft: Draft, *, actor: Actor) -> Article:
    """Store the draft and note on the ticket that it was made. Raises the errors of `articles.create`."""
    with transaction.atomic():
        draft.source = ticket.number
        article = articles.create(draft, actor=actor)
        facts = {"key": article.key, "article": str(article.pk)}
        journal.record(events.ARTICLE_DRAFTED, subject=ticket, actor=actor, data=facts)
        return article
