"""Learning from what people decided, and which model works (CLS-03)."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.triage import rulebook, sources, tasks
from apps.triage.learning.targets import Target
from apps.triage.models import LibraryVersion, ModelVersion, Origin
from apps.triage.services import models, training
from apps.triage.services.classify import MODEL, classify
from tests.triage.past import BEGAN, FakeSource, made_up_decisions, past

pytestmark = [pytest.mark.django_db, pytest.mark.long]

NOBODY = Actor("staff", "S001")
FRESH = "跃迁引擎又抖了，熄了"


@pytest.fixture
def decided(monkeypatch):
    source = FakeSource(made_up_decisions())
    monkeypatch.setattr(sources, "_source", source)
    return source


def test_the_product_ships_models_that_work_from_the_start():
    working = ModelVersion.objects.filter(active=True, origin=Origin.SHIPPED)

    assert {version.target for version in working} == set(Target.values)
    better = {version.target: version.figures for version in working}
    assert all(better[t]["accuracy"] > better[t]["keywords"]["accuracy"] for t in ("category", "sentiment"))
    assert better["risk"]["any_risk"]["recall"] > better["risk"]["keywords"]["any_risk"]["recall"]
    assert set(rulebook.current().reader.models) == set(Target.values)


@pytest.mark.req("CLS-03")
def test_the_shipped_models_are_not_worse_than_they_were():
    """Floors, a little below the figures of the last training; all from texts that the models had not seen."""
    figures = {version.target: version.figures for version in ModelVersion.objects.filter(origin=Origin.SHIPPED)}
    apart = figures["sentiment"]["apart"]

    assert figures["category"]["accuracy"] >= 0.82
    assert figures["category"]["macro_f1"] >= 0.63
    assert min(each["accuracy"] for each in figures["category"]["by_set"].values()) >= 0.78
    assert figures["category"]["demand"]["recall"] >= 0.85
    assert figures["risk"]["any_risk"]["recall"] >= 0.90
    assert figures["risk"]["any_risk"]["precision"] >= 0.65
    assert figures["sentiment"]["accuracy"] >= 0.92
    assert apart["unseen_shop_reviews"]["accuracy"] >= 0.93
    assert apart["group_never_trained_on"]["accuracy"] >= 0.875
    assert min(each["texts"] for each in apart.values()) >= 4_500


def test_the_shipped_models_are_small():
    assert sum(path.stat().st_size for path in models.SHIPPED.iterdir()) < 2_000_000


def test_loading_the_shipped_models_again_changes_nothing(actor_system):
    before = LibraryVersion.objects.count()

    assert models.install_shipped(actor=actor_system) == 0
    assert LibraryVersion.objects.count() == before


def test_a_model_that_was_switched_off_stays_off_when_a_new_one_is_shipped(actor_system):
    version = ModelVersion.objects.get(target="risk", active=True)
    models.deactivate(version, actor=actor_system)
    ModelVersion.objects.filter(pk=version.pk).update(digest="an older product's")

    assert models.install_shipped(actor=actor_system) == 1

    assert not ModelVersion.objects.filter(target="risk", active=True).exists()


@pytest.mark.req("CLS-03")
def test_a_model_learns_from_decisions_and_works_without_a_restart(decided, actor_system):
    assert classify(FRESH).category != "technical"

    version = training.train(training.from_tickets(), actor=actor_system)

    found = classify(FRESH)
    assert version.active
    assert (version.texts, version.corrections, version.origin) == (80, 80, "tickets")
    assert version.figures["compared"]["own"] > version.figures["compared"]["other"]
    assert (found.category, found.decided_by, found.model) == ("technical", MODEL, version.number)
    assert found.confidence > 0.5
    assert any(hit.by == MODEL and hit.category == "technical" for hit in found.hits)
    assert list(Event.objects.order_by("-id").values_list("kind", flat=True)[:2]) == [
        "model.activated",
        "model.trained",
    ]


@pytest.mark.req("CLS-03")
def test_a_model_that_is_worse_on_unseen_texts_does_not_work(monkeypatch, actor_system):
    good = training.train(_examples(made_up_decisions()), actor=actor_system)
    later = clock.now() + timedelta(hours=1)
    shuffled = [
        p._replace(category=("technical", "billing")[i // 8 % 2], at=later) for i, p in enumerate(made_up_decisions())
    ]

    version = training.train(_examples(shuffled), actor=actor_system)

    assert version.figures["compared"]["number"] == good.number
    assert not version.active
    assert ModelVersion.objects.get(target="category", active=True) == good


def _examples(decisions):
    return [training.example(p.text, p.category, at=p.at) for p in decisions]


@pytest.mark.req("CLS-03")
def test_an_older_model_can_work_again(decided, actor_system):
    shipped = ModelVersion.objects.get(target="category", active=True)
    trained = training.train(training.from_tickets(), actor=actor_system)

    models.activate(shipped, actor=actor_system, reason="误判变多")

    assert classify(FRESH).model == shipped.number
    assert not ModelVersion.objects.get(pk=trained.pk).active
    event = Event.objects.latest("id")
    assert (event.kind, event.reason, event.data["before"]) == ("model.activated", "误判变多", trained.number)


def test_switched_off_models_leave_the_keywords_alone(actor_system):
    for version in ModelVersion.objects.filter(active=True):
        models.deactivate(version, actor=actor_system)

    found = classify("晴天白云")

    assert rulebook.current().reader.models == {}
    assert (found.category, found.confidence, found.model) == ("other", 0.0, None)


def test_a_model_that_cannot_be_read_is_left_out(actor_system):
    ModelVersion.objects.filter(target="category", active=True).update(weights=b"broken")
    rulebook._reads = None
    rulebook._loaded = None

    assert classify("无法开机").category == "technical"
    assert "category" not in rulebook.current().reader.models
    rulebook._loaded = None


@pytest.mark.parametrize("act", [models.activate, models.deactivate])
def test_only_who_may_change_keywords_switches_models(act):
    version = ModelVersion.objects.get(target="risk", active=True)

    with pytest.raises(DomainError) as refused:
        act(version, actor=NOBODY)

    assert refused.value.code == "core.not_allowed"


def test_too_few_decisions_are_said_in_words(monkeypatch, actor_system):
    monkeypatch.setattr(sources, "_source", FakeSource(made_up_decisions(10)))

    with pytest.raises(CommandError, match="10"):
        call_command("train_classifier")

    assert not ModelVersion.objects.filter(origin=Origin.TICKETS).exists()


def test_the_command_says_how_good_the_new_model_is(decided):
    out = io.StringIO()

    call_command("train_classifier", stdout=out)

    assert "80 texts" in out.getvalue()
    assert "It works now." in out.getvalue()


@pytest.mark.req("CLS-03")
def test_the_scheduled_job_waits_for_enough_new_decisions(decided):
    tasks.learn()
    tasks.learn()

    assert ModelVersion.objects.filter(origin=Origin.TICKETS).count() == 1


def test_what_nobody_touched_counts_less(monkeypatch):
    texts = [past(1, "无法开机", "technical", by_person=False), past(2, "无法开机", "technical")]
    monkeypatch.setattr(sources, "_source", FakeSource(texts))

    weights = {e.at: e.weight for e in training.from_tickets()}

    assert weights == {BEGAN + timedelta(minutes=1): 0.4, BEGAN + timedelta(minutes=2): 1.0}


def test_a_category_that_is_not_set_up_any_more_teaches_nothing(monkeypatch):
    monkeypatch.setattr(sources, "_source", FakeSource([past(1, "无法开机", "gone"), past(2, "   ", "technical")]))

    assert training.from_tickets() == []
