"""From a solved ticket to an article (KB-01): its question and answer, without anybody's personal data."""

from django.db import transaction

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
    names = [ticket.customer.name]
    title = without_personal_data(ticket.title, names=names)
    question = without_personal_data(ticket.description, names=names)
    answer = without_personal_data(ticket.result, names=names)
    plan = ticket.plans.first()
    steps = without_personal_data(plan.steps, names=names) if plan else ""
    body = "\n\n".join(filter(None, [question, steps and f"## 处理步骤\n\n{steps}", answer and f"## 结果\n\n{answer}"]))
    topic = topic_for(ticket)
    group = ticket.product.group if ticket.product else ""
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
