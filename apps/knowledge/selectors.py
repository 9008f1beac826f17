"""Reading articles: search, suggestions, the help pages. Only published editions, never working texts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import zhconv
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Case, F, FloatField, Q, Value, When

from apps.core.vocabulary import Language
from apps.knowledge import rendering, tokens
from apps.knowledge.models import Article, Edition, Topic
from apps.knowledge.models.article import ArticleQuerySet
from apps.knowledge.states import Audience

FOUND = 20
# Measured on the shipped articles: below this a single common word is all that a text and an article share.
SUGGESTED_RANK = 0.08


@dataclass(frozen=True, slots=True)
class Read:
    """An article as a reader sees it, in the reader's script."""

    article: Article
    title: str
    body: str
    summary: str
    published_at: datetime

    @property
    def html(self) -> str:
        return rendering.html(self.body)


@dataclass(frozen=True, slots=True)
class About:
    """What a ticket is about, for suggestions: a category's code with those above it, and its product."""

    categories: tuple[str, ...] = ()
    product_group: str = ""
    product_id: Any = None


def read(article: Article, language: str) -> Read:
    """The edition; simplified Chinese is shown to readers of traditional Chinese in theirs."""
    edition = article.edition
    assert edition is not None, "only published articles are read"
    title, body = edition.title, edition.body
    if language == Language.ZH_HANT and article.language == Language.ZH_HANS:
        title, body = zhconv.convert(title, "zh-tw"), zhconv.convert(body, "zh-tw")
    return Read(article, title, body, rendering.summary(body), edition.published_at)


def in_language(articles: ArticleQuerySet, language: str) -> ArticleQuerySet:
    """Articles that a reader of this language can read: traditional Chinese also gets what is simplified."""
    spoken = [Language.ZH_HANT, Language.ZH_HANS] if language == Language.ZH_HANT else [language]
    return articles.filter(language__in=spoken)


def public_article(key: str) -> Article | None:
    return Article.objects.public().select_related("edition", "topic").filter(key=key).first()


def help_topics(language: str) -> list[tuple[Topic, list[Read]]]:
    """The active topics with their public articles, the most useful first; topics without any are left out."""
    articles = in_language(Article.objects.public(), language).filter(topic__active=True)
    shelf: dict[Any, list[Read]] = {}
    for article in articles.select_related("edition").order_by(F("useless") - F("useful"), "id"):
        shelf.setdefault(article.topic_id, []).append(read(article, language))
    return [(topic, shelf[topic.pk]) for topic in Topic.objects.filter(active=True) if topic.pk in shelf]


def search(text: str, language: str, *, articles: ArticleQuerySet | None = None) -> list[Read]:
    """Public articles (or `articles`) that hold all words of the text; where there are none, any of them. Best first."""
    known = in_language(Article.objects.public() if articles is None else articles, language)
    for every in (True, False):
        if not (asked := tokens.query(text, every=every)):
            return []
        if found := _ranked(known, asked)[:FOUND]:
            return [read(article, language) for article in found]
    return []


def suggest(text: str, language: str, *, staff: bool = False, about: About | None = None, limit: int = 3) -> list[Read]:
    """Articles that may answer what is being told; none where nothing fits (INT-11, KB-02).

    A matching product or category lifts an article, but never brings one that shares no word with the text.
    """
    asked = tokens.query(text, every=False)
    if not asked:
        return []
    known = in_language(Article.objects.readable() if staff else Article.objects.public(), language)
    ranked = _ranked(known, asked, about).filter(rank__gte=SUGGESTED_RANK)
    return [read(article, language) for article in ranked[:limit]]


def _ranked(articles: ArticleQuerySet, asked: str, about: About | None = None) -> ArticleQuerySet:
    query = SearchQuery(asked, search_type="raw", config="simple")
    # Weights of D, C, B, A: a word of the title says what the article is about.
    rank: Any = SearchRank(F("search"), query, weights=[0.1, 0.12, 0.4, 1.0])
    if about is not None:
        lifts = [When(product_id=about.product_id, then=Value(1.6))] if about.product_id else []
        if about.product_group:
            lifts.append(When(product_group=about.product_group, then=Value(1.4)))
        if about.categories:
            lifts.append(When(topic__categories__overlap=list(about.categories), then=Value(1.3)))
        if lifts:
            rank = rank * Case(*lifts, default=Value(1.0), output_field=FloatField())
        if about.product_group:  # an article about another kind of machine misleads
            articles = articles.filter(Q(product_group="") | Q(product_group=about.product_group))
    found = articles.filter(search=query).annotate(rank=rank)
    return found.select_related("edition", "topic").order_by("-rank", "id")


def editions(article: Article) -> list[Edition]:
    """Every text that was ever public, the newest first."""
    return list(article.editions.select_related("published_by"))


def staff_only(article: Article) -> bool:
    return article.audience == Audience.STAFF
