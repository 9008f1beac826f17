"""On the ticket's page: articles (KB-01, KB-02), ratings by phone, what slowed handlers down, drills."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.core import actors
from apps.feedback.models import Drill, DrillScenario, ProcessFeedback, Ticket
from apps.feedback.services import closure, drills
from apps.knowledge.models import Article
from tests import factories
from tests.knowledge.shelf import draft, published

pytestmark = pytest.mark.django_db


def signed_in(role=Role.ADMINISTRATOR):
    user = factories.staff(role, language="en")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client, actors.staff(user)


def page(client, ticket, **query):
    return client.get(reverse("admin:desk_ticket", args=[ticket.number]), query).content.decode()


def act(client, ticket, name, **fields):
    version = Ticket.objects.get(pk=ticket.pk).version
    address = reverse("admin:desk_act", args=[ticket.number, name])
    return client.post(address, {"version": version, "token": "t", **fields})


@pytest.mark.req("KB-02")
def test_the_ticket_shows_articles_that_may_answer_it_with_a_link_for_the_reply():
    article = published(draft("吸尘器无法开机怎么办", "先充电。"))
    client, actor = signed_in()
    ticket = factories.ticket_in("in_progress", actor=actor)

    shown = page(client, ticket)

    assert "吸尘器无法开机怎么办" in shown
    assert f"/help/{article.key}/" in shown
    assert "data-article=" in shown


@pytest.mark.req("KB-01")
def test_a_solved_ticket_becomes_a_draft_without_personal_data():
    client, actor = signed_in()
    ticket = factories.ticket_in(
        "in_progress",
        actor=actor,
        text="我是张三，电话13812345678，吸尘器无法开机，要求换货。",
        name="张三",
        phone="13812345678",
    )
    factories.plan(ticket, actor)
    closure.resolve(ticket, "已给张三更换电池，机器恢复正常。", actor=actor)

    form = page(client, ticket, act="make_article")
    assert "13812345678" not in form.split('id="do-make_article"')[1].split("</form>")[0]

    topic = draft().topic
    response = act(
        client, ticket, "make_article", title="吸尘器无法开机", body="更换电池。", topic=topic.pk, audience="customers"
    )

    article = Article.objects.get()
    assert response.status_code == 302
    assert (article.state, article.source, article.author) == ("draft", ticket.number, actor.user)
    assert "Article drafted" in page(client, ticket)


@pytest.mark.req("KB-01")
def test_personal_data_left_in_the_draft_is_refused_and_what_was_typed_is_kept():
    client, actor = signed_in()
    ticket = factories.ticket_in("resolved", actor=actor)

    response = act(
        client, ticket, "make_article", title="问题", body="请打13800001111", topic=draft().topic.pk, audience="staff"
    )

    assert response.status_code == 422
    assert "请打13800001111" in response.content.decode()
    assert not Article.objects.exists()


@pytest.mark.req("SUR-02")
def test_a_colleague_writes_down_what_the_customer_said_on_the_phone():
    ticket = factories.ticket_in("callback")
    client, _actor = signed_in()

    response = act(client, ticket, "record_rating", score="5", comment="还是坏的")

    assert response.status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).state == "second_follow_up"
    assert "A good score, but the comment says" in page(client, ticket)


@pytest.mark.req("HND-12")
def test_the_page_says_why_the_handler_can_neither_rate_nor_close():
    client, actor = signed_in()
    rated = factories.ticket_in("callback", actor=actor)
    contradicted = factories.ticket_in("callback", actor=actor)
    closure.answer_survey(contradicted.surveys.get(), score=5, comment="没解决", actor=actors.CUSTOMER)
    closure.record_follow_up(contradicted, "已致电", actor=actor)

    assert "somebody else writes down what the customer says" in page(client, rated)
    assert "Somebody who did not work on this ticket" in page(client, contradicted)
    assert act(client, contradicted, "close_followed_up").status_code == 422


@pytest.mark.req("SUR-05")
def test_one_tap_after_closing_tells_what_slowed_the_handler_down():
    client, actor = signed_in()
    ticket = factories.ticket_in("closed", actor=actor)
    assert "What slowed you down?" in page(client, ticket)

    response = act(client, ticket, "process_feedback", obstacle="tool", words="系统太慢")

    assert response.status_code == 302
    assert ProcessFeedback.objects.get().words == "系统太慢"
    assert "You said: A tool or the system." in page(client, ticket)


@pytest.mark.req("TRN-01")
def test_a_lead_starts_a_drill_sees_its_results_and_ends_it():
    client, _actor = signed_in(Role.SERVICE_LEAD)
    scenarios = [str(s.pk) for s in DrillScenario.objects.filter(code__in=["no-power", "lost-parcel"])]
    overview = reverse("admin:desk_drills")
    assert client.get(overview).status_code == 200

    refused = client.post(overview, {"name": "", "count": "3", "scenarios": []})
    started = client.post(overview, {"name": "周三演练", "count": "3", "scenarios": scenarios})

    drill = Drill.objects.get()
    assert refused.status_code == 422
    assert started.status_code == 302
    results = client.get(reverse("admin:desk_drill", args=[drill.pk])).content.decode()
    ticket = drill.cases.first().ticket
    assert ticket.number in results
    assert "Drill: nothing leaves the house" in page(client, ticket)
    assert "mark drill" in client.get(reverse("admin:desk_queue"), {"tab": "all"}).content.decode()
    assert client.post(reverse("admin:desk_end_drill", args=[drill.pk])).status_code == 302
    assert Drill.objects.get().ended_at is not None


@pytest.mark.req("TRN-01")
def test_who_has_no_right_to_drills_does_not_see_them():
    client, _actor = signed_in(Role.SERVICE_STAFF)
    lead = factories.staff_actor(Role.SERVICE_LEAD)
    drill = drills.start("演练", list(DrillScenario.objects.all()[:1]), 1, actor=lead)

    assert client.get(reverse("admin:desk_drills")).status_code == 403
    assert client.get(reverse("admin:desk_drill", args=[drill.pk])).status_code == 403
    client.post(reverse("admin:desk_end_drill", args=[drill.pk]))
    assert Drill.objects.get().ended_at is None
