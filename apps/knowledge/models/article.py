from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.core.actors import Actor
from apps.core.models import Noun
from apps.core.vocabulary import Language
from apps.knowledge import events
from apps.knowledge.states import ArticleState, Audience

if TYPE_CHECKING:
    from apps.knowledge.models.edition import Edition

S = ArticleState
TITLE_LIMIT, BODY_LIMIT = 120, 20_000
_KEY_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is mistaken for another on paper


def new_key() -> str:
    """What stands in the article's address; short enough for a text message."""
    return get_random_string(6, _KEY_LETTERS)


def another_reader(article: "Article", actor: Actor) -> bool:
    """Whoever wrote on this text doesn't publish it, administrators neither; the product itself ships its own."""
    if actor.kind == "system":
        return True
    return actor.can("knowledge.publish_article") and actor.user_id not in article.writer_ids


class ArticleQuerySet(models.QuerySet["Article"]):
    def public(self) -> "ArticleQuerySet":
        """What customers may read: a published edition for them."""
        return self.filter(edition__isnull=False, audience=Audience.CUSTOMERS)

    def readable(self) -> "ArticleQuerySet":
        """What staff may read and send on: everything with a published edition."""
        return self.filter(edition__isnull=False)

    def visible_to(self, actor: Actor) -> "ArticleQuerySet":
        """All with the right to articles, drafts too; else what customers may read (ADM-02)."""
        return self if actor.can("knowledge.view_article") else self.public()


class Article(Noun):
    """A question with its answer (KB-01). `title` and `body` are the working text; what readers see is `edition`."""

    key = models.CharField(_("short address"), max_length=12, unique=True, default=new_key, editable=False)
    state = FSMField(_("state"), max_length=12, choices=S.choices, default=S.DRAFT, protected=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    title = models.CharField(
        _("title"), max_length=TITLE_LIMIT, help_text=_("The question, as a customer would ask it.")
    )
    body = models.TextField(
        _("answer"), help_text=_("Markdown: # heading, - list, 1. steps, **bold**, [link](https://…).")
    )
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ZH_HANS)
    audience = models.CharField(_("for"), max_length=10, choices=Audience, default=Audience.CUSTOMERS)
    topic = models.ForeignKey(
        "knowledge.Topic", verbose_name=_("topic"), on_delete=models.PROTECT, related_name="articles"
    )
    product = models.ForeignKey(
        "crm.Product", verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    product_group = models.CharField(
        _("product group"), max_length=60, blank=True, help_text=_("Empty: for all products.")
    )
    source = models.CharField(_("made from ticket"), max_length=20, blank=True, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("begun by"), null=True, editable=False, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    writer_ids = ArrayField(
        models.BigIntegerField(), default=list, editable=False
    )  # who wrote on it since the last edition
    edition = models.OneToOneField(
        "knowledge.Edition", null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    search = SearchVectorField(null=True, editable=False)  # of the edition; written by `services.articles`
    useful = models.PositiveIntegerField(_("found useful"), default=0, editable=False)
    useless = models.PositiveIntegerField(_("did not help"), default=0, editable=False)
    changed_at = models.DateTimeField(_("changed"), editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("help article")
        verbose_name_plural = _("help articles")
        ordering = ["-changed_at", "-id"]
        default_permissions = ("view",)
        permissions = [
            ("write_article", "Can write articles"),
            ("publish_article", "Can publish and withdraw articles"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="article_state_known"),
            models.CheckConstraint(
                condition=Q(edition__isnull=False) | ~Q(state=S.PUBLISHED), name="article_published_has_edition"
            ),
            models.CheckConstraint(
                condition=Q(edition__isnull=True) | ~Q(state=S.WITHDRAWN), name="article_withdrawn_is_gone"
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="article_search"),
            models.Index(fields=["topic", "language"], name="article_topic", condition=Q(edition__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @transition(
        field=state, source=S.DRAFT, target=S.REVIEW, permission="knowledge.write_article",
        custom={"event": events.ARTICLE_SUBMITTED, "label": _("Hand in for review")},
    )  # fmt: skip
    def submit(self) -> dict[str, Any]:
        return {"key": self.key}

    @transition(
        field=state, source=S.REVIEW, target=S.DRAFT, permission="knowledge.write_article",
        custom={"event": events.ARTICLE_SENT_BACK, "label": _("Back to the writer")},
    )  # fmt: skip
    def send_back(self) -> dict[str, Any]:
        return {"key": self.key}

    @transition(
        field=state, source=S.REVIEW, target=S.PUBLISHED, permission=another_reader,
        custom={"event": events.ARTICLE_PUBLISHED, "label": _("Publish")},
    )  # fmt: skip
    def publish(self, *, edition: "Edition") -> dict[str, Any]:
        self.edition, self.writer_ids = edition, []
        return {"key": self.key, "edition": edition.number}

    @transition(
        field=state, source=[S.PUBLISHED, S.WITHDRAWN], target=S.DRAFT, permission="knowledge.write_article",
        custom={"event": events.ARTICLE_REVISED, "label": _("Take up again")},
    )  # fmt: skip
    def revise(self) -> dict[str, Any]:
        """The edition stays public until another one takes its place."""
        return {"key": self.key}

    @transition(
        field=state, source=[S.DRAFT, S.REVIEW, S.PUBLISHED], target=S.WITHDRAWN,
        permission="knowledge.publish_article",
        custom={"event": events.ARTICLE_WITHDRAWN, "label": _("Take off the shelf")},
    )  # fmt: skip
    def withdraw(self) -> dict[str, Any]:
        self.edition, self.search = None, None
        return {"key": self.key}
