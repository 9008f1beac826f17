"""Articles for tests."""

from apps.core.actors import Actor
from apps.knowledge.models import Article, Topic
from apps.knowledge.services import articles
from apps.knowledge.services.articles import Draft
from tests import factories


def topic(code: str = "trouble") -> Topic:
    return Topic.objects.get(code=code)


def draft(title: str = "吸尘器充不进电怎么办", body: str = "擦净充电触点，复位后再充。", **fields: object) -> Draft:
    return Draft(title, body, fields.pop("topic", None) or topic(), **fields)


def published(given: Draft, writer: Actor | None = None, reader: Actor | None = None) -> Article:
    """Through the services, by two people."""
    writer = writer or factories.staff_actor("service_staff")
    reader = reader or factories.staff_actor("service_lead")
    article = articles.submit(articles.create(given, actor=writer), actor=writer)
    return articles.publish(article, actor=reader)
