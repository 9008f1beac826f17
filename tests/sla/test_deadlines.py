"""The life of a deadline: started, paused, moved, met or cancelled."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.journal.events import Ref
from apps.journal.models import Event
from apps.sla import events, rules, selectors
from apps.sla.models import Deadline, Pause, Policy
from apps.sla.services import deadlines, policies
from apps.sla.services.sweep import sweep
from tests.factories import DepartmentFactory, actor_with

pytestmark = pytest.mark.django_db
SYSTEM = system("test")
MONDAY = "2026-11-16 10:00"


def recorded(subject, *kinds):
    return list(Event.objects.filter(subject_id=subject.id, kind__in=kinds).order_by("id"))


# Starting ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("rules_at_hand")
def test_a_new_subject_starts_with_one_statement(facts, shanghai, django_assert_num_queries):
    newcomer = Policy()  # any noun that is not inserted yet

    with django_assert_num_queries(1):
        started = deadlines.start(
            newcomer, ["first_response", "acceptance", "resolution"], facts(), at=shanghai(MONDAY)
        )

    assert [d.metric for d in started] == ["first_response", "acceptance", "resolution"]
    assert {d.id for d in started} == {d.id for d in deadlines.open_for(newcomer)}


def test_what_is_returned_is_what_is_stored(subject, facts, shanghai):
    department = DepartmentFactory()

    (started,) = deadlines.start(subject, ["resolution"], facts(department_id=department.pk), at=shanghai(MONDAY))

    stored = Deadline.objects.get(pk=started.pk)
    names = [field.attname for field in Deadline._meta.concrete_fields]
    assert {name: getattr(started, name) for name in names} == {name: getattr(stored, name) for name in names}
    assert (stored.subject, stored.state, stored.policy.code) == (subject, "open", "resolution")
    assert not started._state.adding


def test_what_runs_already_stays_as_it_is(subject, facts, shanghai):
    (first,) = deadlines.start(subject, ["progress"], facts(), at=shanghai(MONDAY))

    again = deadlines.start(subject, ["progress", "answer"], facts(), at=shanghai("2026-11-17 10:00"))

    assert [d.metric for d in again] == ["answer"]
    assert {d.metric: d.started_at for d in deadlines.open_for(subject)}["progress"] == first.started_at


@pytest.mark.req("SLA-08")
def test_no_matching_policy_is_said_openly(subject, facts, shanghai):
    started = deadlines.start(subject, ["answer", "resolution"], facts(kind="fault"), at=shanghai(MONDAY))

    assert [d.metric for d in started] == ["resolution"]
    assert deadlines.unmatched(["answer", "resolution"], facts(kind="fault"), at=shanghai(MONDAY)) == ["answer"]


@pytest.mark.req("SLA-01")
@pytest.mark.parametrize(
    ("case", "code"),
    [
        ({}, "test-any"),
        ({"kind": "fault"}, "test-kind"),
        ({"kind": "fault", "urgency": "urgent"}, "test-kind-urgency"),
        ({"kind": "fault", "tier": "vip"}, "test-kind-tier"),
        ({"urgency": "urgent", "channel": "store"}, "test-channel"),  # equally specific: the higher rank
        ({"urgency": "urgent"}, "test-urgency"),
        ({"kind": "fault", "urgency": "urgent", "channel": "store", "tier": "vip"}, "test-all"),
    ],
)
def test_the_most_specific_policy_wins(facts, shanghai, case, code):
    Policy.objects.filter(metric="hotline_pickup").update(metric="callback", priority=-9)
    for name, conditions in {
        "any": {}, "kind": {"kind": "fault"}, "urgency": {"urgency": "urgent"}, "channel": {"channel": "store"},
        "kind-urgency": {"kind": "fault", "urgency": "urgent"}, "kind-tier": {"kind": "fault", "tier": "vip"},
        "all": {"kind": "fault", "urgency": "urgent", "channel": "store", "tier": "vip"},
    }.items():  # fmt: skip
        values = {
            "name": name,
            "target": Decimal(5),
            "unit": "clock_minutes",
            "priority": 1 if name == "channel" else 0,
        }
        policies.create({"code": f"test-{name}", "metric": "hotline_pickup", **values, **conditions}, actor=SYSTEM)

    matched = rules.current().match("hotline_pickup", facts(**case), clock.now())

    assert matched.code == code


def test_one_clock_a_metric_and_known_states_are_the_database_s_own_rules(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    twin = Deadline(
        **{f.attname: getattr(deadline, f.attname) for f in Deadline._meta.concrete_fields} | {"id": uuid4()}
    )
    changes = ["state = 'lost'", "state = 'met'", "paused_at = now()", "level = 5", "hand_due_at = now()"]

    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE sla_deadline SET {change} WHERE id = %s", [deadline.id])


# Meeting and cancelling ----------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-03")
@pytest.mark.parametrize(("met", "late"), [("2026-11-19 10:00", False), ("2026-11-19 10:01", True)])
def test_met_in_time_or_late(subject, facts, shanghai, met, late):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))

    deadline = deadlines.meet(subject, "resolution", at=shanghai(met))
    sweep(now=shanghai("2026-12-24 10:00"))

    stored = Deadline.objects.get(pk=deadline.pk)
    assert (stored.state, stored.ended_at, stored.next_check_at) == ("met", shanghai(met), None)
    assert stored.is_late(shanghai("2026-12-24 10:00")) is late
    breaches = recorded(subject, events.BREACHED, events.ESCALATED)
    assert [(e.kind, e.data.get("met")) for e in breaches] == ([(events.BREACHED, True)] if late else [])


def test_a_breach_found_by_the_sweep_stays_when_it_is_met_late(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    sweep(now=shanghai("2026-11-19 10:00"))

    deadline = deadlines.meet(subject, "resolution", at=shanghai("2026-11-19 11:00"))

    assert deadline.breached_at == shanghai("2026-11-19 10:00")
    assert len(recorded(subject, events.BREACHED)) == 1


def test_meeting_what_does_not_run_does_nothing(subject, shanghai):
    assert deadlines.meet(subject, "resolution", at=shanghai(MONDAY)) is None


def test_cancelling_some_or_all(subject, facts, shanghai):
    deadlines.start(subject, ["answer", "progress", "resolution"], facts(), at=shanghai(MONDAY))

    some = deadlines.cancel(subject, ["answer"], at=shanghai(MONDAY))
    rest = deadlines.cancel(subject, at=shanghai(MONDAY))

    assert [d.metric for d in some] == ["answer"]
    assert {d.metric for d in rest} == {"progress", "resolution"}
    assert deadlines.open_for(subject) == []
    assert sweep(now=shanghai("2026-12-24 10:00")).checked == 0


def test_the_next_one_of_a_kind_may_start_when_the_last_has_ended(subject, facts, shanghai):
    for day in (16, 17, 18):
        at = shanghai(f"2026-11-{day} 10:00")
        deadlines.start(subject, ["progress"], facts(), at=at)
        deadlines.meet(subject, "progress", at=at + timedelta(hours=2))

    assert [clock.local(d.started_at).day for d in selectors.all_for(subject)] == [16, 17, 18]


# Pausing -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-03")
def test_only_pausable_clocks_stand_still_and_the_sweep_leaves_them_alone(subject, facts, shanghai):
    deadlines.start(subject, ["acceptance", "resolution"], facts(), at=shanghai(MONDAY))

    paused = deadlines.pause(subject, at=shanghai("2026-11-16 11:00"))
    again = deadlines.pause(subject, at=shanghai("2026-11-16 11:30"))
    result = sweep(now=shanghai("2026-12-24 10:00"))

    assert [d.metric for d in paused] == ["resolution"]
    assert again == []
    assert Pause.objects.get().began_at == shanghai("2026-11-16 11:00")
    assert (result.checked, {e.data["metric"] for e in recorded(subject, events.BREACHED)}) == (1, {"acceptance"})


def test_resuming_what_does_not_pause_changes_nothing(subject, facts, shanghai):
    (before,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))

    assert deadlines.resume(subject, at=shanghai("2026-11-17 10:00")) == []
    assert deadlines.open_for(subject)[0].due_at == before.due_at


def test_a_pause_hides_no_breach(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))

    deadlines.pause(subject, at=shanghai("2026-11-19 10:30"))

    assert [e.data["metric"] for e in recorded(subject, events.BREACHED)] == ["resolution"]
    deadlines.resume(subject, at=shanghai("2026-11-23 10:00"))
    (deadline,) = deadlines.open_for(subject)
    assert deadline.due_at == shanghai("2026-11-19 10:00")  # what is late does not become punctual by waiting


@pytest.mark.req("SLA-03", "SLA-04")
def test_waiting_postpones_the_ladder_of_what_is_late(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(urgency="critical"), at=shanghai(MONDAY))
    sweep(now=shanghai("2026-11-17 10:00"))  # late; head after 6 h, duty manager after 12 h
    deadlines.pause(subject, at=shanghai("2026-11-17 15:00"))
    deadlines.resume(subject, at=shanghai("2026-11-20 15:00"))

    early, head, later = (sweep(now=shanghai(f"2026-11-20 {t}")).escalated for t in ("15:59", "16:00", "21:59"))
    duty_manager = sweep(now=shanghai("2026-11-20 22:00")).escalated

    assert (early, head, later, duty_manager) == (0, 1, 0, 1)


def test_what_starts_while_the_customer_is_awaited_begins_paused(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    deadlines.pause(subject, at=shanghai("2026-11-16 11:00"))

    progress, acceptance = deadlines.start(
        subject, ["progress", "acceptance"], facts(), at=shanghai("2026-11-16 14:00")
    )
    deadlines.resume(subject, at=shanghai("2026-11-17 14:00"))

    assert (progress.paused_at, progress.next_check_at) == (shanghai("2026-11-16 14:00"), None)
    assert acceptance.paused_at is None
    due = {d.metric: d.due_at for d in deadlines.open_for(subject)}
    assert due["progress"] == shanghai("2026-11-18 14:00")
    assert due["resolution"] == shanghai("2026-11-20 11:30")


# Changes -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-03")
def test_a_higher_urgency_moves_what_is_open_and_leaves_what_was_met(subject, facts, shanghai):
    deadlines.start(subject, ["first_response", "resolution"], facts(), at=shanghai(MONDAY))
    deadlines.meet(subject, "first_response", at=shanghai("2026-11-16 15:00"))

    changed = deadlines.recompute(subject, facts(urgency="critical"), at=shanghai("2026-11-16 16:00"), actor=SYSTEM)

    assert [(d.metric, d.due_at, d.policy.code) for d in changed] == [
        ("resolution", shanghai("2026-11-17 10:00"), "resolution-critical")
    ]
    response = selectors.all_for(subject)[0]
    assert (response.metric, response.state, response.policy.code) == ("first_response", "met", "first-response")
    (event,) = recorded(subject, events.CHANGED)
    assert event.data["was_due_at"] == shanghai("2026-11-19 10:00").astimezone(clock.now().tzinfo).isoformat()
    assert event.actor_label == SYSTEM.label


def test_nothing_changed_is_no_event(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))

    assert deadlines.recompute(subject, facts(), at=shanghai(MONDAY), actor=SYSTEM) == []
    assert recorded(subject, events.CHANGED) == []


@pytest.mark.req("SLA-08")
def test_what_no_policy_asks_for_any_more_is_cancelled(subject, facts, shanghai):
    deadlines.start(subject, ["answer", "resolution"], facts(), at=shanghai(MONDAY))

    deadlines.recompute(subject, facts(kind="fault"), at=shanghai("2026-11-16 16:00"), actor=SYSTEM)

    assert [d.metric for d in deadlines.open_for(subject)] == ["resolution"]
    (event,) = recorded(subject, events.CANCELLED)
    assert (event.data["metric"], event.data["why"]) == ("answer", "no_policy")


@pytest.mark.req("SLA-03")
def test_a_change_while_waiting_keeps_waiting(subject, facts, shanghai):
    deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    deadlines.pause(subject, at=shanghai("2026-11-16 12:00"))

    (waiting,) = deadlines.recompute(subject, facts(urgency="urgent"), at=shanghai("2026-11-16 13:00"), actor=SYSTEM)
    (running,) = deadlines.resume(subject, at=shanghai("2026-11-16 14:30"))

    assert (waiting.paused_at, waiting.next_check_at) == (shanghai("2026-11-16 12:00"), None)
    assert running.due_at == shanghai("2026-11-18 11:00")


@pytest.mark.req("SLA-08")
def test_a_breach_stays_when_a_change_gives_more_time(subject, facts, shanghai):
    deadlines.start(subject, ["first_response"], facts(urgency="urgent"), at=shanghai(MONDAY))
    sweep(now=shanghai("2026-11-16 11:00"))

    deadlines.recompute(subject, facts(), at=shanghai("2026-11-16 11:05"), actor=SYSTEM)
    sweep(now=shanghai("2026-11-17 10:00"))

    assert len(recorded(subject, events.BREACHED)) == 1
    assert deadlines.open_for(subject)[0].breached_at == shanghai("2026-11-16 11:00")


@pytest.mark.req("SLA-08")
def test_a_due_time_set_by_hand_survives_a_change_of_priority(subject, facts, shanghai):
    head = actor_with("department_head")
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    with clock.at(shanghai("2026-11-18 10:00")):
        deadlines.set_due(deadline.id, shanghai("2026-11-24 18:00"), actor=head, reason="等待配件到货")

    deadlines.recompute(subject, facts(urgency="critical"), at=shanghai("2026-11-18 11:00"), actor=SYSTEM)

    (moved,) = deadlines.open_for(subject)
    assert (moved.due_at, moved.is_by_hand, moved.hand_by) == (shanghai("2026-11-24 18:00"), True, head.label)
    assert moved.policy.code == "resolution"
    (event,) = recorded(subject, events.SET_BY_HAND)
    assert (event.reason, event.actor_id) == ("等待配件到货", head.user_id)


def test_waiting_after_it_moves_a_due_time_set_by_hand(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    deadlines.pause(subject, at=shanghai("2026-11-16 15:00"))
    with clock.at(shanghai("2026-11-17 15:00")):
        deadlines.set_due(deadline.id, shanghai("2026-11-20 10:00"), actor=SYSTEM, reason="…")

    (moved,) = deadlines.resume(subject, at=shanghai("2026-11-17 17:00"))

    assert moved.due_at == shanghai("2026-11-20 12:00")  # two working hours of waiting since it was set


@pytest.mark.parametrize(
    ("roles", "due", "reason", "code"),
    [
        (["department_handler"], "2026-11-24 18:00", "…", "core.not_allowed"),
        (["department_head"], "2026-11-24 18:00", "  ", "core.required"),
        (["department_head"], "2026-11-17 09:59", "…", "sla.due_in_past"),
    ],
)
def test_a_due_time_is_not_set_by_hand_just_so(subject, facts, shanghai, roles, due, reason, code):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    actor = actor_with(*roles)

    with clock.at(shanghai("2026-11-17 10:00")), pytest.raises(DomainError) as error:
        deadlines.set_due(deadline.id, shanghai(due), actor=actor, reason=reason)

    assert error.value.code == code
    assert deadlines.open_for(subject)[0].due_at == deadline.due_at


def test_an_ended_deadline_is_not_moved(subject, facts, shanghai):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    deadlines.meet(subject, "resolution", at=shanghai(MONDAY))

    with clock.at(shanghai(MONDAY)), pytest.raises(DomainError) as error:
        deadlines.set_due(deadline.id, shanghai("2026-11-24 18:00"), actor=SYSTEM, reason="…")

    assert error.value.code == "sla.not_open"


# Reading -------------------------------------------------------------------------------------------------------------


def test_what_is_due_next(subject, facts, shanghai):
    deadlines.start(subject, ["resolution", "acceptance", "survey_send"], facts(), at=shanghai(MONDAY))

    assert [d.metric for d in deadlines.open_for(subject)] == ["acceptance", "survey_send", "resolution"]
    assert deadlines.next_due(subject).metric == "acceptance"
    deadlines.meet(subject, "acceptance", at=shanghai(MONDAY))
    assert deadlines.next_due(subject).metric == "resolution"
    deadlines.cancel(subject, ["resolution"], at=shanghai(MONDAY))
    assert deadlines.next_due(subject) is None


def test_lists_read_many_subjects_at_once(facts, shanghai, django_assert_num_queries):
    subjects = [Ref("feedback.ticket", uuid4()) for _ in range(3)]
    for each in subjects[:2]:
        deadlines.start(each, ["acceptance", "resolution", "survey_send"], facts(), at=shanghai(MONDAY))
    deadlines.pause(subjects[1], at=shanghai(MONDAY))

    with django_assert_num_queries(1):
        found = selectors.open_by_subject([s.id for s in subjects])
    with django_assert_num_queries(1):
        annotated = Pause.objects.annotate(next_due=selectors.next_due_at("subject_id")).get()

    assert {key: [d.metric for d in value] for key, value in found.items()} == {
        s.id: ["acceptance", "resolution"] for s in subjects[:2]
    }
    assert annotated.next_due == shanghai("2026-11-16 12:00")


def test_the_application_s_role_may_do_all_this(subject, facts, shanghai, as_app_role):
    (deadline,) = deadlines.start(subject, ["resolution"], facts(), at=shanghai(MONDAY))
    deadlines.pause(subject, at=shanghai("2026-11-16 11:00"))
    deadlines.resume(subject, at=shanghai("2026-11-16 14:00"))
    sweep(now=shanghai("2026-11-30 10:00"))

    assert deadlines.meet(subject, "resolution", at=shanghai("2026-11-30 11:00")).pk == deadline.pk
