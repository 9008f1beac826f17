"""The monthly task to look the keyword library over (CLS-02)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.triage import sources
from apps.triage.models import LibraryReview
from apps.triage.services import reviews
from tests.triage.past import FakeSource, past

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)  # the first of July in Shanghai


@pytest.fixture
def source(monkeypatch):
    at = NOW - timedelta(days=10)
    texts = [past(i, "无法开机", "billing", at=at) for i in range(1, 4)]
    texts += [past(4, "无法开机", "technical", at=at), past(5, "物流延迟", "logistics", at=at)]
    monkeypatch.setattr(sources, "_source", FakeSource(texts))


@pytest.mark.req("CLS-02")
def test_a_review_is_due_once_a_month_by_the_calendar_of_shanghai(source):
    first = reviews.due(NOW)

    assert first.month == date(2026, 7, 1)
    assert reviews.due(NOW + timedelta(days=20)) is None
    assert reviews.due(NOW + timedelta(days=32)).month == date(2026, 8, 1)
    assert Event.objects.filter(kind="library.review_due").count() == 2


@pytest.mark.req("CLS-02")
def test_a_review_names_what_was_most_often_wrong_and_hardly_met(source):
    figures = reviews.due(NOW).figures

    assert (figures["tickets"], figures["since"]) == (5, "2026-06-01")
    assert figures["most_wrong"][0] == {"text": "无法开机", "wrong": 3, "judged": 4}
    assert {"text": "延迟", "count": 1} in figures["least_used"]
    assert figures["never_met"] == figures["keywords"] - 3


@pytest.mark.req("CLS-02")
def test_a_review_is_ticked_off_once_by_who_may(source, actor_system):
    review = reviews.due(NOW)

    with pytest.raises(DomainError) as refused:
        reviews.finish(review, actor=Actor("staff", "S001"))
    assert refused.value.code == "core.not_allowed"

    reviews.finish(review, actor=actor_system, note=" 两个词停用 ")
    assert LibraryReview.objects.get().note == "两个词停用"
    with pytest.raises(DomainError) as refused:
        reviews.finish(review, actor=actor_system)
    assert refused.value.code == "review.done"
