"""A keyword change tried on past tickets before it is made (CLS-10)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.triage import rulebook, sources
from apps.triage.models import Decision, Keyword, LibraryVersion, Replay
from apps.triage.reports import outcome
from apps.triage.services import changes, replays
from apps.triage.services.classify import classify, classify_with
from tests.triage.past import FakeSource, past

pytestmark = pytest.mark.django_db

LINES = "text,category,weight\n蓝晶徽章,billing,9\n"
BADGE = "蓝晶徽章兑换不了"


@pytest.fixture
def source(monkeypatch):
    at = clock.now() - timedelta(days=1)
    texts = [
        past(1, BADGE, "billing", at=at),
        past(2, "我的蓝晶徽章，物流延迟，物流慢", "logistics", at=at),
        past(3, BADGE, "other", by_person=False, at=at),
        past(4, "无法开机", "technical", at=at),
        past(5, BADGE, "billing", at=at - timedelta(days=200)),
    ]
    source = FakeSource(texts)
    monkeypatch.setattr(sources, "_source", source)
    return source


def tried(actor, content=LINES, days=30):
    replay = replays.start(changes.read(content), days, actor=actor)
    while not replay.finished:
        replay = replays.advance(replay, actor=actor)
    return replay


@pytest.mark.req("CLS-10")
def test_a_replay_shows_what_would_move_and_whether_it_is_better(source, actor_system):
    before = classify(BADGE).category

    found = outcome(tried(actor_system))

    to_billing = [move for move in found.moves if move.after == "发票与付款"]
    assert sum(move.count for move in to_billing) == 3
    assert found.labelled == 3
    assert (found.right_before, found.right_after) == (66.7, 66.7)
    assert [row["name"] for row in found.better] == ["202605-001"]
    assert [(row["name"], row["from"], row["to"]) for row in found.worse] == [("202605-002", "物流配送", "发票与付款")]
    assert classify(BADGE).category == before
    assert not Keyword.objects.filter(text="蓝晶徽章").exists()


def test_only_tickets_of_the_time_are_read(source, actor_system):
    assert tried(actor_system, days=30).done == 4
    assert tried(actor_system, days=365).done == 5


@pytest.mark.req("CLS-10")
def test_a_long_replay_goes_on_batch_by_batch(source, actor_system, monkeypatch):
    monkeypatch.setattr(replays, "BATCH", 2)
    replay = replays.start(changes.read(LINES), 30, actor=actor_system)

    seen = []
    while not replay.finished:
        replay = replays.advance(replay, actor=actor_system)
        seen.append((replay.done, outcome(replay).percent))

    assert seen == [(2, 50), (4, 99), (4, 100)]
    assert replay.tally == tried(actor_system).tally


@pytest.mark.req("CLS-10")
def test_applying_makes_the_change_through_the_library(source, actor_system):
    version = LibraryVersion.objects.first().number
    replay = tried(actor_system)

    assert replays.apply(replay, actor=actor_system, reason="月度评审") == 1

    assert classify(BADGE).category == "billing"
    assert LibraryVersion.objects.first().number == version + 1
    assert Replay.objects.get(pk=replay.pk).decision == Decision.ACCEPTED
    with pytest.raises(DomainError) as refused:
        replays.apply(replay, actor=actor_system)
    assert refused.value.code == "replay.decided"


def test_dropping_leaves_the_library_as_it_is(source, actor_system):
    replay = tried(actor_system)

    replays.drop(replay, actor=actor_system)

    assert not Keyword.objects.filter(text="蓝晶徽章").exists()
    assert Replay.objects.get(pk=replay.pk).decision == Decision.DISMISSED


def test_removing_a_keyword_can_be_tried_and_applied(source, actor_system):
    replay = tried(actor_system, "text,action\n无法开机,remove\n")

    replays.apply(replay, actor=actor_system)

    assert not Keyword.objects.get(text="无法开机").active


def test_a_column_left_empty_stays_as_it_is(source, actor_system):
    before = Keyword.objects.get(text="漏电")

    changes.apply(changes.read("text,weight,risk\n漏电,1.5,\n"), actor=actor_system)

    after = Keyword.objects.get(text="漏电")
    assert after.weight == Decimal("1.50")
    assert (after.risk, after.category_id, after.sentiment) == (before.risk, before.category_id, before.sentiment)


def test_a_keyword_that_gets_another_text_takes_the_place_of_the_old_one(actor_system):
    keyword = Keyword.objects.get(text="无法开机")
    keyword.text = "蓝晶开机"

    after = changes.book_with(rulebook.current(), [changes.of_keyword(keyword, "无法开机")])

    assert [hit.text for hit in classify_with(after, "蓝晶开机").hits][:1] == ["蓝晶开机"]
    assert "无法开机" not in [hit.text for hit in classify_with(after, "无法开机").hits]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "replay.empty"),
        ("text,weight\n", "replay.empty"),
        ("word\n蓝晶\n", "triage.file_columns"),
        ("text,action\n从没有过的词,remove\n", "replay.unknown"),
        ("text,category,weight\n蓝晶,nowhere,2\n", "replay.category"),
        ("text,category,weight\n蓝晶,billing,much\n", "replay.number"),
        ("text,category,weight\n蓝晶,billing,nan\n", "replay.number"),
        ("text,category,weight\n蓝晶,billing,99\n", "replay.line"),
        ("text,category,weight\n……,billing,2\n", "replay.line"),
        ("text,risk\n蓝晶,doom\n", "replay.line"),
    ],
)
def test_a_wrong_line_is_refused_by_name(content, code):
    with pytest.raises(DomainErrors) as refused:
        changes.read(content)

    assert code in [error.code for error in refused.value.errors]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(content):
    words = ["read"]
    try:
        changes.read(content)
    except DomainErrors as refused:
        words = [str(error.words) for error in refused.errors]

    assert words and all(words)


def test_too_many_lines_are_refused():
    with pytest.raises(DomainErrors) as refused:
        changes.read("text\n" + "\n".join(f"蓝晶{i}" for i in range(changes.MOST_LINES + 1)))

    assert refused.value.errors[0].code == "replay.too_many"


def test_only_who_may_change_keywords_tries_or_applies(source, actor_system):
    replay = tried(actor_system)

    for act in (replays.advance, replays.apply, replays.drop):
        with pytest.raises(DomainError) as refused:
            act(replay, actor=Actor("staff", "S001"))
        assert refused.value.code == "core.not_allowed"
