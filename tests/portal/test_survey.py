from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.feedback.models import Survey, Ticket
from apps.feedback.services import closure, links
from apps.sla.services import deadlines
from apps.sla.states import Metric
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("SUR-02")]


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def client():
    client = Client()
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def survey() -> Survey:
    return factories.ticket_in("callback").surveys.get()


def address(survey: Survey) -> str:
    return reverse("portal:survey", args=[survey.pk, links.survey_token(survey)])


def ticket_of(survey: Survey) -> Ticket:
    return Ticket.objects.get(pk=survey.ticket_id)


def test_the_survey_has_five_answers_with_words_and_says_what_is_rated(client, survey):
    page = client.get(address(survey)).content.decode()

    for score in Survey.Score:
        assert f'value="{score.value}"' in page
        assert str(score.label) in page
    assert "已更换电池" in page
    assert " checked" not in page


@pytest.mark.parametrize("score", ["5", "1", "9", "x", "<script>"])
def test_a_link_with_a_score_only_preselects_it(client, survey, score):
    page = client.get(address(survey), {"score": score}).content.decode()

    assert page.count(" checked") == (1 if score in "51" else 0)
    assert ticket_of(survey).state == "callback"


@pytest.mark.req("SUR-03")
def test_a_satisfied_answer_closes_the_ticket_and_thanks(client, survey):
    response = client.post(address(survey), {"score": "5", "comment": "很快"}, follow=True)

    answered = Survey.objects.get(pk=survey.pk)
    assert (answered.score, answered.comment) == (5, "很快")
    assert ticket_of(survey).state == "closed"
    page = response.content.decode()
    assert "Thank you" in page
    assert "completed" in page


@pytest.mark.req("SUR-03")
def test_a_dissatisfied_answer_promises_a_contact_by_its_deadline(client, survey):
    response = client.post(address(survey), {"score": "3"}, follow=True)

    ticket = ticket_of(survey)
    [owed] = [d for d in deadlines.open_for(ticket) if d.metric == Metric.SECOND_FOLLOW_UP]
    assert ticket.state == "second_follow_up"
    assert response.context["contact_by"] == owed.due_at
    assert clock.local(owed.due_at).strftime("%m-%d %H:%M") in response.content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "score"),
        ({"score": "0"}, "score"),
        ({"score": "6"}, "score"),
        ({"score": "ok\x00"}, "score"),
        ({"score": "4", "comment": "长" * 20_001}, "comment"),
        ({"score": "4", "comment": "\x00"}, "comment"),
    ],
)
def test_a_bad_answer_is_refused_beside_its_field_and_kept(client, survey, data, field):
    response = client.post(address(survey), data)

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert response.context["form"]["comment"].value() == data.get("comment")
    assert ticket_of(survey).state == "callback"


def test_the_link_answers_once(client, survey):
    client.post(address(survey), {"score": "5"})

    response = client.post(address(survey), {"score": "1"}, follow=True)

    assert Survey.objects.get(pk=survey.pk).score == 5
    assert ticket_of(survey).state == "closed"
    assert "Very satisfied" in response.content.decode()


def test_a_survey_given_up_says_that_it_is_over(client, survey):
    closure.close_unanswered(ticket_of(survey))

    page = client.get(address(survey)).content.decode()
    client.post(address(survey), {"score": "5"})

    assert "survey is over" in page
    assert Survey.objects.get(pk=survey.pk).score is None


def test_the_survey_of_an_earlier_round_is_over(client):
    ticket = factories.ticket_in("reopened")
    survey = ticket.surveys.get()

    assert "Your answer" in client.get(address(survey)).content.decode()
    assert client.post(address(survey), {"score": "5"}).status_code == 200
    assert Survey.objects.get(pk=survey.pk).score == 2


def test_a_wrong_token_is_not_found(client, survey):
    assert client.get(reverse("portal:survey", args=[survey.pk, "x" * 24])).status_code == 404
    assert client.get(reverse("portal:survey", args=[survey.ticket_id, links.survey_token(survey)])).status_code == 404


def test_survey_pages_stay_private(client, survey):
    response = client.get(address(survey))

    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]


def test_the_thanks_name_the_last_day_to_reopen(client, survey):
    client.post(address(survey), {"score": "4"})

    until = ticket_of(survey).closed_at + timedelta(days=15)
    assert clock.local(until).strftime("%m-%d %H:%M") in client.get(address(survey)).content.decode()


@pytest.mark.req("LAW-06")
def test_the_second_question_is_optional_and_kept_apart(client, survey):
    page = client.get(address(survey)).content.decode()
    client.post(address(survey), {"score": "5", "process_score": "2"})

    kept = Survey.objects.get(pk=survey.pk)
    assert page.count('name="process_score"') == 5
    assert (kept.score, kept.process_score, ticket_of(survey).state) == (5, 2, "closed")


@pytest.mark.req("HND-12")
def test_a_contradiction_is_told_to_the_customer(client, survey):
    page = client.post(address(survey), {"score": "5", "comment": "still broken"}, follow=True).content.decode()

    assert ticket_of(survey).state == "second_follow_up"
    assert "we do not close it" in page


@pytest.mark.req("LAW-05", "INT-10")
def test_a_withdrawn_private_link_is_not_given_out_by_an_old_survey(client, survey):
    old = address(survey)
    client.post(old, {"score": "5"})
    assert links.tracking_token(ticket_of(survey)) in client.get(old).content.decode()

    Ticket.objects.filter(pk=survey.ticket_id).update(link_version=2)  # as erasing does

    assert client.get(old).status_code == 404
    assert client.get(address(Survey.objects.get())).status_code == 200
