"""The help pages of customers and the articles' pages of staff."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.knowledge import selectors
from apps.knowledge.models import Article, Vote
from apps.knowledge.services import articles
from tests import factories
from tests.knowledge.shelf import draft, published, topic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def client():
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def chinese():
    client = Client()
    client.cookies["django_language"] = "zh-hans"
    return client


@pytest.mark.req("KB-02")
def test_customers_browse_search_and_read_published_articles():
    article = published(draft("吸尘器充不进电怎么办", "擦净充电触点。"))
    articles.create(draft("未完成的草稿", "内容。"), actor=factories.staff_actor(Role.SERVICE_STAFF))
    client = chinese()

    shelf = client.get("/help/").content.decode()
    found = client.get("/help/", {"q": "充电 触点"}).content.decode()
    page = client.get(f"/help/{article.key}/").content.decode()

    assert "吸尘器充不进电怎么办" in shelf
    assert "未完成的草稿" not in shelf
    assert f"/help/{article.key}/" in found
    assert "擦净充电触点" in page


def test_staff_articles_drafts_and_unknown_ones_are_not_found(client):
    inside = published(draft(audience="staff"))
    unfinished = articles.create(draft(), actor=factories.staff_actor(Role.SERVICE_STAFF))

    for key in (inside.key, unfinished.key, "nosuch"):
        assert client.get(f"/help/{key}/").status_code == 404
        assert client.post(f"/help/{key}/vote/", {"useful": "yes"}).status_code == 404


@pytest.mark.req("KB-01")
def test_a_reader_says_once_whether_it_helped(client):
    article = published(draft())

    thanks = client.post(f"/help/{article.key}/vote/", {"useful": "no", "words": "没有图"}, follow=True)
    client.post(f"/help/{article.key}/vote/", {"useful": "yes"})

    [vote] = Vote.objects.all()
    assert vote.useful is True
    assert "Thank you" in thanks.content.decode()


def test_too_long_a_remark_is_refused_and_kept(client):
    article = published(draft())

    response = client.post(f"/help/{article.key}/vote/", {"useful": "no", "words": "长" * 1001})

    assert response.status_code == 422
    assert "长" * 1001 in response.content.decode()
    assert not Vote.objects.exists()


@pytest.mark.req("INT-11")
def test_articles_are_suggested_for_what_is_being_typed():
    article = published(draft("吸尘器充不进电怎么办", "擦净充电触点。"))

    response = chinese().post("/help/suggest/", {"text": "我的吸尘器充不进电了"})

    assert response.status_code == 200
    assert f"/help/{article.key}/" in response.content.decode()


@pytest.mark.req("INT-11")
@pytest.mark.parametrize("text", ["", "充", "\x00\x00\x00\x00\x00", "x" * 100_000])
def test_suggestions_never_fail(text):
    assert chinese().post("/help/suggest/", {"text": text}).status_code == 200


@pytest.mark.req("INT-11")
def test_what_goes_wrong_while_suggesting_is_silent(monkeypatch):
    monkeypatch.setattr(selectors, "suggest", lambda *args, **options: 1 / 0)

    response = chinese().post("/help/suggest/", {"text": "吸尘器充不进电"})

    assert (response.status_code, response.content.decode().strip()) == (200, "")


@pytest.mark.req("INT-11")
def test_without_scripts_the_form_has_a_link_to_the_help(client):
    page = client.get("/").content.decode()

    assert f'href="{reverse("portal:help")}"' in page
    assert 'data-suggest="/help/suggest/"' in page


# Staff ---------------------------------------------------------------------------------------------------------------


def signed_in(role=Role.SERVICE_LEAD):
    user = factories.staff(role, language="en")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client, user


def form(**fields):
    return {"title": "滤网多久换一次", "body": "- 每 6 个月", "topic": str(topic("use").pk), "language": "zh-hans",
            "audience": "customers", "product": "", "product_group": "吸尘器", "seen": "", **fields}  # fmt: skip


@pytest.mark.req("KB-01")
def test_staff_write_and_another_one_publishes_on_the_articles_page():
    writer, _user = signed_in(Role.SERVICE_STAFF)
    lead, _lead = signed_in()

    assert writer.post("/admin/knowledge/article/add/", form()).status_code == 302
    article = Article.objects.get()
    page = reverse("admin:knowledge_article_page", args=[article.pk])
    for client, step in ((writer, "submit"), (lead, "publish")):
        assert client.post(reverse("admin:knowledge_article_step", args=[article.pk, step])).status_code == 302

    assert Article.objects.get().state == "published"
    assert "Edition 1 is public" in lead.get(page).content.decode()


@pytest.mark.req("KB-01")
def test_the_page_says_why_a_writer_cannot_publish():
    lead, user = signed_in()
    article = articles.submit(articles.create(draft(), actor=factories_actor(user)), actor=factories_actor(user))

    page = lead.get(reverse("admin:knowledge_article_page", args=[article.pk])).content.decode()
    refused = lead.post(reverse("admin:knowledge_article_step", args=[article.pk, "publish"]))

    assert "somebody else publishes it" in page
    assert refused.status_code == 403
    assert "Somebody who did not write this text" in refused.content.decode()


def factories_actor(user):
    from apps.core import actors

    return actors.staff(user)


def test_a_stale_save_and_personal_data_are_refused_beside_their_field():
    client, user = signed_in()
    article = articles.create(draft(), actor=factories_actor(user))
    address = reverse("admin:knowledge_article_change", args=[article.pk])
    articles.write(article, draft(body="别人改的。"), actor=factories_actor(user))

    stale = client.post(address, form(seen="1"))
    private = client.post(address, form(seen="2", body="请打13812345678"))

    assert "Somebody else changed this meanwhile" in stale.content.decode()
    assert "13812345678" in private.content.decode()
    assert Article.objects.get().body == "别人改的。"


def test_the_preview_is_rendered_safely_and_only_for_writers():
    client, _user = signed_in()
    auditor, _other = signed_in(Role.AUDITOR)
    address = reverse("admin:knowledge_article_preview")

    answer = client.post(address, {"body": "**重要** <script>alert(1)</script>"})

    assert "<strong>重要</strong>" in answer.content.decode()
    assert "<script>" not in answer.content.decode()
    assert auditor.post(address, {"body": "x"}).status_code == 403


@pytest.mark.parametrize("page", ["/admin/knowledge/article/", "/admin/knowledge/topic/", "/admin/feedback/smsreply/",
                                  "/admin/feedback/processfeedback/", "/admin/feedback/drillscenario/"])  # fmt: skip
def test_the_lists_open(page):
    published(draft())
    client, _user = signed_in()

    assert client.get(page).status_code == 200


def test_auditors_read_and_change_nothing():
    article = published(draft())
    client, _user = signed_in(Role.AUDITOR)

    page = client.get(reverse("admin:knowledge_article_page", args=[article.pk]))
    refused = client.post(reverse("admin:knowledge_article_step", args=[article.pk, "withdraw"]), {"reason": "x"})

    assert page.status_code == 200
    assert refused.status_code == 403
    assert Article.objects.get().state == "published"
