"""Changing the topics (ADM-05)."""

from django.db import transaction

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.knowledge import events
from apps.knowledge.models import Topic


def save(topic: Topic, *, actor: Actor) -> Topic:
    """Add or change a topic. Raises DomainError `core.not_allowed`."""
    if not actor.can("knowledge.publish_article"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        topic.categories = list(dict.fromkeys(c.strip() for c in topic.categories if c.strip()))
        topic.save()
        facts = {"code": topic.code, "categories": topic.categories, "active": topic.active}
        journal.record(events.TOPIC_CHANGED, subject=topic, actor=actor, data=facts)
        return topic


def remove(topic: Topic, *, actor: Actor) -> None:
    """Delete a topic without articles. Raises DomainError `core.not_allowed`, `article.topic_in_use`."""
    if not actor.can("knowledge.publish_article"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        if topic.articles.exists():
            raise DomainError("article.topic_in_use")
        journal.record(events.TOPIC_CHANGED, subject=topic, actor=actor, data={"code": topic.code, "removed": True})
        topic.delete()
