"""Writing, reviewing, publishing and withdrawing articles (KB-01). Nobody publishes what they wrote."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Language
from apps.crm.models import Product
from apps.journal import events as journal
from apps.journal import transitions
from apps.knowledge import events, tokens
from apps.knowledge.models import Article, Edition, Topic
from apps.knowledge.models.article import BODY_LIMIT, TITLE_LIMIT
from apps.knowledge.rendering import plain
from apps.knowledge.services.scrub import found_in
from apps.knowledge.states import ArticleState, Audience

WRITES, PUBLISHES = "knowledge.write_article", "knowledge.publish_article"


@dataclass(slots=True)
class Draft:
    """What a writer decides. `product_group` is for articles about all products of a group."""

    title: str
    body: str
    topic: Topic | None
    language: str = Language.ZH_HANS
    audience: str = Audience.CUSTOMERS
    product: Product | None = None
    product_group: str = ""
    source: str = ""  # number of the ticket it was made from


def check(draft: Draft) -> None:
    """Raises DomainErrors with one error per field (also for what surely is somebody's personal data)."""
    errors = [*_text_errors(draft.title, "title", TITLE_LIMIT), *_text_errors(draft.body, "body", BODY_LIMIT)]
    for name, choices in (("language", Language), ("audience", Audience)):
        if getattr(draft, name) not in choices.values:
            errors.append(DomainError("core.invalid_choice", field=name, value=getattr(draft, name)))
    if draft.topic is None:
        errors.append(DomainError("core.required", field="topic"))
    if errors:
        raise DomainErrors(errors)


def _text_errors(value: str, field: str, limit: int) -> Iterable[DomainError]:
    if not value.strip():
        return [DomainError(f"article.{field}_missing", field=field)]
    if len(value) > limit:
        return [DomainError("core.too_long", field=field, limit=limit, length=len(value))]
    if any(ord(c) < 32 and c not in "\n\r\t" for c in value):
        return [DomainError("core.control_characters", field=field)]
    if found := found_in(value):
        return [DomainError("article.personal_data", field=field, found=found[0])]
    return []


def create(draft: Draft, *, actor: Actor) -> Article:
    """A new article in state draft. Raises DomainError `core.not_allowed`, DomainErrors."""
    _allowed(actor)
    check(draft)
    with transaction.atomic():
        article = Article(author_id=actor.user_id, changed_at=clock.now())
        return _write(article, draft, actor)


def write(article: Article, draft: Draft, *, actor: Actor, expected_version: int | None = None) -> Article:
    """Change the working text of a draft.

    Raises DomainError `core.not_allowed`, `article.not_a_draft`, `core.stale` (somebody saved since), DomainErrors.
    """
    _allowed(actor)
    check(draft)
    with transaction.atomic():
        fresh = locks.row(Article, article.pk)
        if fresh.state != ArticleState.DRAFT:
            raise DomainError("article.not_a_draft")
        if expected_version is not None and fresh.version != expected_version:
            raise DomainError("core.stale")
        fresh.version += 1
        draft.source = draft.source or fresh.source
        return _write(fresh, draft, actor)


def _write(article: Article, draft: Draft, actor: Actor) -> Article:
    for field in fields(draft):
        setattr(article, field.name, getattr(draft, field.name))
    article.title, article.changed_at = " ".join(draft.title.split()), clock.now()
    article.body = draft.body.replace("\r\n", "\n").strip()
    if actor.user_id is not None and actor.user_id not in article.writer_ids:
        article.writer_ids = [*article.writer_ids, actor.user_id]
    article.save()
    text = journal.digest(f"{article.title}\n{article.body}", of=article)
    facts = {"key": article.key, "text": text, "source": article.source}
    journal.record(events.ARTICLE_WRITTEN, subject=article, actor=actor, data=facts)
    return article


def submit(article: Article, *, actor: Actor) -> Article:
    """Hand the draft in for review. Raises the errors of `transitions.apply`."""
    return transitions.apply(article, "submit", actor=actor)


def send_back(article: Article, *, actor: Actor, reason: str) -> Article:
    """Back to the writer with what is missing. Raises DomainError `core.required` and those of `transitions.apply`."""
    if not reason.strip():
        raise DomainError("core.required", field="reason")
    return transitions.apply(article, "send_back", actor=actor, reason=reason.strip()[:500])


def publish(article: Article, *, actor: Actor) -> Article:
    """Make the reviewed text public as a new edition (KB-01).

    Raises DomainError `article.own_text` for whoever wrote on it, administrators too; those of `transitions.apply`.
    """
    with transaction.atomic():
        fresh = locks.row(Article, article.pk)
        if actor.user_id is not None and actor.user_id in fresh.writer_ids:
            raise DomainError("article.own_text")
        last = fresh.editions.first()
        edition = Edition.objects.create(
            article=fresh,
            number=last.number + 1 if last else 1,
            title=fresh.title,
            body=fresh.body,
            published_by_id=actor.user_id,
            writer_ids=fresh.writer_ids,
        )
        published = transitions.apply(fresh, "publish", actor=actor, edition=edition)
        _index(published)
        return published


def _index(article: Article) -> None:
    """Write the words of the public text for the search: the title counts most."""
    vector = SearchVector(Value(tokens.document(article.title)), weight="A", config="simple") + SearchVector(
        Value(tokens.document(f"{article.product_group} {article.product or ''} {plain(article.body)}")),
        weight="C", config="simple",
    )  # fmt: skip
    Article.objects.filter(pk=article.pk).update(search=vector)


def revise(article: Article, *, actor: Actor) -> Article:
    """Take a published or withdrawn article up again; readers keep the present edition meanwhile."""
    return transitions.apply(article, "revise", actor=actor)


def withdraw(article: Article, *, actor: Actor, reason: str) -> Article:
    """Take it off the shelf, with a reason. Raises DomainError `core.required` and those of `transitions.apply`."""
    if not reason.strip():
        raise DomainError("core.required", field="reason")
    return transitions.apply(article, "withdraw", actor=actor, reason=reason.strip()[:500])


def _allowed(actor: Actor) -> None:
    if not actor.can(WRITES):
        raise DomainError("core.not_allowed")
