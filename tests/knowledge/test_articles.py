"""KB-01: writing, reviewing, publishing and withdrawing articles; what readers see is an edition."""

import pytest

from apps.accounts.roles import Role
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Language
from apps.journal import transitions
from apps.journal.models import Event
from apps.knowledge import selectors
from apps.knowledge.models import Article
from apps.knowledge.services import articles, votes
from tests import factories
from tests.knowledge.shelf import draft, published, topic

pytestmark = [pytest.mark.django_db, pytest.mark.req("KB-01")]


@pytest.fixture
def writer():
    return factories.staff_actor(Role.SERVICE_STAFF)


@pytest.fixture
def lead():
    return factories.staff_actor(Role.SERVICE_LEAD)


def test_a_draft_is_seen_by_nobody_until_somebody_else_published_it(writer, lead):
    article = articles.create(draft("吸尘器充不进电", "擦净触点。"), actor=writer)
    assert not Article.objects.public().exists()

    articles.submit(article, actor=writer)
    assert selectors.public_article(article.key) is None
    articles.publish(article, actor=lead)

    found = selectors.public_article(article.key)
    assert (found.state, found.edition.number, found.edition.title) == ("published", 1, "吸尘器充不进电")


@pytest.mark.parametrize("role", [Role.SERVICE_LEAD, Role.ADMINISTRATOR])
def test_nobody_publishes_what_they_wrote_administrators_neither(role):
    author = factories.staff_actor(role)
    article = articles.submit(articles.create(draft(), actor=author), actor=author)

    with pytest.raises(DomainError) as refused:
        articles.publish(article, actor=author)
    with pytest.raises(DomainError):
        transitions.apply(article, "publish", actor=author, edition=None)

    assert refused.value.code == "article.own_text"
    assert Article.objects.get(pk=article.pk).state == "review"


def test_whoever_corrected_a_sentence_is_a_writer_too(writer, lead):
    article = articles.create(draft(), actor=writer)
    articles.write(article, draft(body="更好的答案。"), actor=lead)
    articles.submit(article, actor=writer)

    with pytest.raises(DomainError) as refused:
        articles.publish(article, actor=lead)

    assert refused.value.code == "article.own_text"


def test_each_published_text_is_kept_and_the_old_one_stays_public_while_a_new_one_is_written(writer, lead):
    article = published(draft(body="第一版。"), writer, lead)

    articles.revise(article, actor=writer)
    articles.write(article, draft(body="第二版。"), actor=writer)
    during = selectors.read(selectors.public_article(article.key), Language.ZH_HANS).body
    articles.submit(article, actor=writer)
    articles.publish(article, actor=lead)

    after = selectors.read(selectors.public_article(article.key), Language.ZH_HANS).body
    assert (during, after) == ("第一版。", "第二版。")
    assert [(e.number, e.body) for e in selectors.editions(article)] == [(2, "第二版。"), (1, "第一版。")]


def test_a_withdrawn_article_is_gone_at_once_and_can_be_taken_up_again(writer, lead):
    article = published(draft(), writer, lead)

    articles.withdraw(article, actor=lead, reason="内容过期")

    assert selectors.public_article(article.key) is None
    assert selectors.search("充电", Language.ZH_HANS) == []
    assert articles.revise(article, actor=writer).state == "draft"


def test_review_sends_back_with_a_reason(writer, lead):
    article = articles.submit(articles.create(draft(), actor=writer), actor=writer)

    with pytest.raises(DomainError) as refused:
        articles.send_back(article, actor=lead, reason=" ")
    back = articles.send_back(article, actor=lead, reason="缺少型号")

    assert refused.value.field == "reason"
    assert back.state == "draft"
    assert Event.objects.get(subject_id=article.pk, kind="article.sent_back").reason == "缺少型号"


def test_only_drafts_are_changed_and_a_stale_save_is_refused(writer, lead):
    article = articles.create(draft(), actor=writer)
    articles.write(article, draft(body="新的。"), actor=writer, expected_version=1)

    with pytest.raises(DomainError) as stale:
        articles.write(article, draft(body="旧页面。"), actor=writer, expected_version=1)
    articles.submit(article, actor=writer)
    with pytest.raises(DomainError) as closed:
        articles.write(article, draft(), actor=writer)

    assert (stale.value.code, closed.value.code) == ("core.stale", "article.not_a_draft")


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"title": " "}, "title", "article.title_missing"),
        ({"body": ""}, "body", "article.body_missing"),
        ({"title": "长" * 121}, "title", "core.too_long"),
        ({"body": "a\x00b"}, "body", "core.control_characters"),
        ({"language": "fr"}, "language", "core.invalid_choice"),
        ({"body": "请打13812345678"}, "body", "article.personal_data"),
        ({"body": "写信到 zhang@example.com"}, "body", "article.personal_data"),
    ],
)
def test_what_makes_no_article_is_refused_beside_its_field(writer, given, field, code):
    with pytest.raises(DomainErrors) as refused:
        articles.create(draft(**given), actor=writer)

    assert [(e.field, e.code) for e in refused.value.errors] == [(field, code)]


def test_writing_and_publishing_are_rights(writer, lead):
    nobody = factories.staff_actor(Role.AUDITOR)
    with pytest.raises(DomainError):
        articles.create(draft(), actor=nobody)
    article = articles.submit(articles.create(draft(), actor=lead), actor=lead)
    with pytest.raises(DomainError) as refused:
        articles.publish(article, actor=writer)
    assert refused.value.code == "core.not_allowed"


def test_each_reader_has_one_voice_and_may_change_it(writer, lead):
    article = published(draft(), writer, lead)

    votes.cast(article, reader="a", useful=True)
    votes.cast(article, reader="b", useful=False, words="没有图")
    votes.cast(article, reader="b", useful=True)

    counted = Article.objects.get(pk=article.pk)
    assert (counted.useful, counted.useless) == (2, 0)
    assert set(article.votes.values_list("edition", flat=True)) == {1}
    assert not article.votes.filter(reader="a").exists()  # only an HMAC is kept


def test_a_withdrawn_article_takes_no_votes(writer, lead):
    article = published(draft(), writer, lead)
    articles.withdraw(article, actor=lead, reason="过期")

    with pytest.raises(DomainError):
        votes.cast(article, reader="a", useful=True)


def test_events_hold_no_text(writer):
    article = articles.create(draft(body="内部的长篇答案"), actor=writer)

    [event] = Event.objects.filter(subject_id=article.pk)
    assert "内部" not in str(event.data)
    assert event.data["key"] == article.key


def test_topics_are_shipped_and_edited_with_the_right_to_publish(writer, lead):
    from apps.knowledge.services import topics

    shelf = topic("returns")
    shelf.name = "退换"
    with pytest.raises(DomainError):
        topics.save(shelf, actor=writer)
    topics.save(shelf, actor=lead)
    published(draft(topic=shelf), writer, lead)
    with pytest.raises(DomainError) as refused:
        topics.remove(shelf, actor=actors.SYSTEM)
    assert refused.value.code == "article.topic_in_use"
