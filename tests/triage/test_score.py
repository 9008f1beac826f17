import json

import pytest

from apps.triage.models import ScoreWeight
from apps.triage.services import library
from apps.triage.services.score import Line, Part, Priority, ScoreFacts, explain, score
from apps.triage.states import PriorityLevel

pytestmark = [pytest.mark.django_db, pytest.mark.req("CLS-05")]


def test_the_score_is_the_sum_of_its_parts():
    priority = score(
        ScoreFacts(
            urgency="urgent", tier="vip", kind="complaint", impact="single", repeats=2, sentiment=-0.7,
            risk="none",
        )
    )  # fmt: skip

    assert priority == Priority(
        73,
        PriorityLevel.CRITICAL,
        (
            Part("urgency", "urgent", 30),
            Part("tier", "vip", 15),
            Part("kind", "complaint", 10),
            Part("repeats", "2", 10, ("2",)),
            Part("sentiment", "-0.6", 8, ("-0.7",)),
        ),
    )


@pytest.mark.parametrize(
    ("facts", "expected", "level"),
    [
        (ScoreFacts(kind="inquiry"), 5, "low"),
        (ScoreFacts(), 15, "low"),
        (ScoreFacts(sentiment=-0.9), 23, "medium"),
        (ScoreFacts(urgency="urgent"), 40, "high"),
        (ScoreFacts(risk="safety"), 45, "high"),
        (ScoreFacts(risk="safety", tier="vip"), 60, "critical"),
        (ScoreFacts(risk="legal", impact="many"), 60, "critical"),
        (ScoreFacts(urgency="critical"), 60, "critical"),
    ],
)
def test_shipped_points(facts, expected, level):
    priority = score(facts)

    assert (priority.score, priority.level) == (expected, level)


@pytest.mark.parametrize(("repeats", "points"), [(0, 0), (1, 5), (2, 10), (3, 15), (40, 15)])
def test_earlier_feedback_counts_by_steps(repeats, points):
    assert score(ScoreFacts(repeats=repeats)).score == 15 + points


@pytest.mark.parametrize(("sentiment", "points"), [(1, 0), (-0.19, 0), (-0.2, 4), (-0.59, 4), (-0.6, 8), (-1, 8)])
def test_tone_counts_by_steps(sentiment, points):
    assert score(ScoreFacts(sentiment=sentiment)).score == 15 + points


def test_the_score_stays_between_0_and_100(actor_system):
    worst = ScoreFacts("critical", "vip", "fault", "safety", "many", 9, -1.0)

    assert score(worst).score == 100

    row = ScoreWeight.objects.get(factor="tier", value="vip")
    row.points = -100
    library.save(row, actor=actor_system)

    assert score(ScoreFacts(tier="vip")).score == 0


def test_points_and_levels_can_be_edited(actor_system):
    vip = ScoreWeight.objects.get(factor="tier", value="vip")
    vip.points = 40
    library.save(vip, actor=actor_system)
    high = ScoreWeight.objects.get(factor="level", value="high")
    high.points = 30
    library.save(high, actor=actor_system)
    library.save(ScoreWeight(factor="repeats", value="5", points=30), actor=actor_system)

    assert score(ScoreFacts(tier="vip")).score == 55
    assert score(ScoreFacts(tier="vip", kind="inquiry")).level == "high"
    assert score(ScoreFacts(repeats=5)).score == 45


def test_the_breakdown_survives_json_and_speaks_the_readers_language():
    parts = json.loads(json.dumps(score(ScoreFacts(tier="vip", risk="safety", risk_words=("漏电",))).as_json()))

    assert explain(parts, "en") == [
        Line("Urgency", "Normal", 5, ""),
        Line("Customer tier", "VIP", 15, ""),
        Line("Kind", "Complaint", 10, ""),
        Line("Risk", "Safety", 30, "漏电"),
    ]


def test_the_breakdown_explains_steps():
    lines = explain(score(ScoreFacts(repeats=4, sentiment=-0.75)).parts, "en")

    assert lines[-2:] == [
        Line("Earlier feedback", "3 or more", 15, "4"),
        Line("Tone", "-0.6 or lower", 8, "-0.75"),
    ]


def test_a_code_that_is_no_longer_known_explains_itself():
    assert explain([Part("weather", "rain", 3), Part("tier", "platinum", 2)], "en") == [
        Line("weather", "rain", 3, ""),
        Line("Customer tier", "platinum", 2, ""),
    ]
