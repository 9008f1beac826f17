"""Vague promises are pointed out and refused until they have a date or a measure (HND-02)."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from apps.accounts.roles import Role
from apps.core import clock
from apps.core.errors import DomainErrors
from apps.feedback.models import Plan, VaguePhrase
from apps.feedback.services import planning, promises
from apps.journal.models import Event
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("HND-02")]


@pytest.mark.parametrize(
    "text",
    [
        "尽快处理",
        "我们会尽快处理，请耐心等待",
        "稍后给您回复",
        "后续跟进",
        "过几天再联系",
        "争取几天内处理",
        "we will handle it ASAP",
        "将第一时间处理。3个工作日内完成配件更换。",  # the date stands in another sentence
    ],
)
def test_vague_wording_is_found(text):
    assert promises.find_vague(text)


@pytest.mark.parametrize(
    "text",
    [
        "3个工作日内完成配件更换",
        "尽快在2026-11-25前处理",
        "今日18:00前尽快回电",
        "尽快安排上门检测",
        "三天内尽快处理",
        "We will replace the battery ASAP",
        "检测电池，更换电池",
        "",
    ],
)
def test_definite_wording_passes(text):
    assert promises.find_vague(text) == []


def test_it_says_which_words_and_where():
    (vague,) = promises.find_vague("更换电池。之后稍后回复")
    assert (vague.phrase, vague.sentence, vague.start) == ("稍后", "之后稍后回复", 7)


@pytest.mark.parametrize("filler", ["1", " ", "几 ", "1 ", "尽快"])
def test_a_page_of_digits_or_spaces_is_read_at_once(filler):
    """Twenty thousand digits kept a web process busy for 39 seconds."""
    text = "尽快" + filler * (20_000 // len(filler))
    started = time.process_time()

    assert promises.find_vague(text)

    assert time.process_time() - started < 1


def test_the_wordings_can_be_edited(monkeypatch):
    VaguePhrase.objects.create(text="改天")
    monkeypatch.setattr(promises, "_cache", None)
    assert promises.find_vague("改天处理")


def test_a_vague_plan_is_refused_beside_its_fields_and_leaves_nothing():
    # given a complaint about a technical fault
    actor = factories.staff_actor(Role.SERVICE_STAFF)
    ticket = factories.ticket_in("in_progress", kind="fault")
    before = Event.objects.count()
    # when somebody promises nothing, for yesterday
    draft = planning.PlanDraft(steps="尽快处理", measures="稍后回复", promised_at=clock.now() - timedelta(days=1))
    with pytest.raises(DomainErrors) as refused:
        planning.write_plan(ticket, draft, actor=actor)
    # then each field says what is wrong with it
    found = {(e.field, e.code) for e in refused.value.errors}
    assert found == {("steps", "plan.vague"), ("measures", "plan.vague"), ("promised_at", "plan.promise_past")}
    assert not Plan.objects.exists() and Event.objects.count() == before


@pytest.mark.parametrize("promised_at", [datetime.max.replace(tzinfo=UTC), datetime(2226, 11, 25, tzinfo=UTC)])
def test_a_mistyped_year_is_refused_and_cannot_break_the_page(promised_at):
    """The end of the calendar has no time in Shanghai: a plan with it made the ticket's page an error for ever."""
    ticket = factories.ticket_in("in_progress", kind="complaint")
    draft = planning.PlanDraft(measures="更换电池", steps="检测电池", promised_at=promised_at)

    with pytest.raises(DomainErrors) as refused:
        planning.write_plan(ticket, draft, actor=factories.staff_actor(Role.SERVICE_STAFF))

    assert [(e.field, e.code) for e in refused.value.errors] == [("promised_at", "plan.promise_far")]


@pytest.mark.parametrize(("kind", "field"), [("fault", "steps"), ("complaint", "measures")])
def test_a_fault_needs_steps_and_a_complaint_measures(kind, field):
    ticket = factories.ticket(text="服务态度很差，客服骂人", kind=kind)
    errors = planning.plan_errors(ticket, planning.PlanDraft())
    assert {e.field for e in errors} == {field, "promised_at"}


def test_an_earlier_plan_is_kept():
    actor = factories.staff_actor(Role.SERVICE_STAFF)
    ticket = factories.ticket_in("in_progress")
    first = factories.plan(ticket, actor)
    with clock.at(datetime.now(UTC) + timedelta(hours=1)):
        second = factories.plan(ticket, actor)
    assert list(ticket.plans.all()) == [second, first]
