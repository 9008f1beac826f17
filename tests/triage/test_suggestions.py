"""Keywords that corrections ask for (CLS-04)."""

from decimal import Decimal

import pytest

from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.journal.models import Event
from apps.triage import sources
from apps.triage.models import Category, Decision, Keyword, KeywordSuggestion
from apps.triage.services import suggestions
from apps.triage.services.classify import classify
from tests.triage.past import FakeSource, past

pytestmark = pytest.mark.django_db

# The word is unknown to the library; what stands around it differs, so that only the word is common.
TEXTS = ["昨日起蓝晶徽章对不上数", "麻烦看下我的蓝晶徽章", "蓝晶徽章哪去了呀", "又是蓝晶徽章的事"]


def billing():
    return Category.objects.get(slug="billing")


@pytest.fixture
def corrected(monkeypatch):
    source = FakeSource([past(i, text, "billing") for i, text in enumerate(TEXTS, 1)])
    monkeypatch.setattr(sources, "_source", source)
    return source


@pytest.mark.req("CLS-04")
def test_a_word_of_several_corrected_tickets_is_suggested(corrected, actor_system):
    assert suggestions.search(actor=actor_system) == 1

    found = KeywordSuggestion.objects.get()
    assert (found.text, found.category.slug, found.corrected, found.here, found.elsewhere) == (
        "蓝晶徽章",
        "billing",
        4,
        4,
        0,
    )
    assert found.weight == Decimal("3.00")


def test_a_word_of_two_tickets_is_no_rule(monkeypatch, actor_system):
    monkeypatch.setattr(sources, "_source", FakeSource([past(i, t, "billing") for i, t in enumerate(TEXTS[:2], 1)]))

    assert suggestions.search(actor=actor_system) == 0


def test_a_word_that_stands_elsewhere_as_often_is_not_suggested(corrected, actor_system):
    corrected.texts += [past(10 + i, text, "logistics") for i, text in enumerate(TEXTS)]

    assert suggestions.search(actor=actor_system) == 0


def test_tickets_that_the_keywords_led_right_suggest_nothing(monkeypatch, actor_system):
    texts = [past(i, f"物流延迟，蓝晶徽章{i}", "logistics") for i in range(1, 6)]
    monkeypatch.setattr(sources, "_source", FakeSource(texts))

    assert suggestions.search(actor=actor_system) == 0


def test_numbers_and_names_in_letters_are_never_suggested(monkeypatch, actor_system):
    texts = [past(i, f"{c}13812345678 wang@example.com XK-900{c}", "billing") for i, c in enumerate("甲乙丙丁", 1)]
    monkeypatch.setattr(sources, "_source", FakeSource(texts))

    assert suggestions.search(actor=actor_system) == 0


@pytest.mark.req("CLS-04")
def test_an_accepted_suggestion_is_a_keyword_at_once(corrected, actor_system):
    suggestions.search(actor=actor_system)

    suggestions.accept(KeywordSuggestion.objects.get(), actor=actor_system, category=billing(), weight=Decimal("2.5"))

    assert Keyword.objects.get(text="蓝晶徽章").weight == Decimal("2.50")
    assert classify(TEXTS[0]).category == "billing"
    assert KeywordSuggestion.objects.get().decision == Decision.ACCEPTED
    assert list(Event.objects.order_by("-id").values_list("kind", flat=True)[:2]) == [
        "keyword_suggestion.accepted",
        "keyword.added",
    ]


def test_a_dropped_suggestion_does_not_come_back(corrected, actor_system):
    suggestions.search(actor=actor_system)
    suggestions.dismiss(KeywordSuggestion.objects.get(), actor=actor_system)

    assert suggestions.search(actor=actor_system) == 0
    assert KeywordSuggestion.objects.get().decision == Decision.DISMISSED


def test_an_open_suggestion_that_is_found_no_more_goes(corrected, actor_system):
    suggestions.search(actor=actor_system)
    corrected.texts.clear()

    assert suggestions.search(actor=actor_system) == 0
    assert not KeywordSuggestion.objects.exists()


def test_a_suggestion_is_decided_once(corrected, actor_system):
    suggestions.search(actor=actor_system)
    suggestion = KeywordSuggestion.objects.get()
    suggestions.dismiss(suggestion, actor=actor_system)

    with pytest.raises(DomainError) as refused:
        suggestions.accept(suggestion, actor=actor_system, category=billing(), weight=Decimal(2))

    assert refused.value.code == "suggestion.decided"


def test_a_weight_that_is_no_weight_leaves_the_suggestion_open(corrected, actor_system):
    suggestions.search(actor=actor_system)

    with pytest.raises(DomainErrors):
        suggestions.accept(KeywordSuggestion.objects.get(), actor=actor_system, category=billing(), weight=Decimal(99))

    assert KeywordSuggestion.objects.get().decision == Decision.OPEN
    assert not Keyword.objects.filter(text="蓝晶徽章").exists()


def test_only_who_may_change_keywords_decides(corrected, actor_system):
    suggestions.search(actor=actor_system)

    with pytest.raises(DomainError):
        suggestions.dismiss(KeywordSuggestion.objects.get(), actor=Actor("staff", "S001"))
