"""Merging and taking out again (INT-08, LAW-03): nothing is lost, whatever the states were and whoever was quicker."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Merge, Message, Solution, Ticket
from apps.feedback.selectors import workspace
from apps.feedback.services import conversation, merging
from apps.feedback.states import OPEN_STATES, WORKING_STATES, MessageKind
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.sla.models import Deadline
from apps.sla.services import deadlines
from tests import factories

MONDAY = datetime(2026, 5, 11, 1, 0, tzinfo=UTC)  # 9:00 in Shanghai
TEXT = "吸尘器用了两天就无法开机了，要求换货。"


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def code_of(call):
    with pytest.raises(DomainError) as refused:
        call()
    return refused.value.code


def clocks_of(ticket):
    """What runs, by metric: due, standing still since."""
    return {d.metric: (d.due_at, d.paused_at) for d in Deadline.objects.filter(subject_id=ticket.pk, state="open")}


@pytest.fixture
def lead(db):
    return factories.staff_actor(Role.ADMINISTRATOR)


@pytest.mark.req("INT-08", "LAW-03")
@pytest.mark.django_db
@pytest.mark.parametrize("state", OPEN_STATES)
def test_whatever_the_state_taking_out_again_restores_it_with_its_clocks_and_messages(state, lead):
    target = factories.ticket("请问说明书在哪里下载？")
    ticket = factories.ticket_in(state, actor=lead, text=TEXT)
    Ticket.objects.filter(pk=target.pk).update(customer=ticket.customer)
    before, running, said = fresh(ticket), clocks_of(ticket), Message.objects.filter(ticket=ticket).count()
    merged = merging.merge(ticket, target, actor=lead, reason="同一问题")
    assert (merged.state, merged.merged_into_id, merged.repeat_of_id) == ("merged", target.pk, target.pk)
    assert clocks_of(ticket) == {} and fresh(ticket).next_due_at is None
    assert fresh(ticket).closed_at is not None
    back = merging.unmerge(ticket, actor=lead, reason="不是同一问题")
    after = fresh(ticket)
    assert (back.state, after.state) == (state, state)
    same = (
        "merged_into_id",
        "repeat_of_id",
        "closed_at",
        "assignee_id",
        "result",
        "accepted_at",
        "resolved_at",
        "next_due_at",
    )
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
    assert clocks_of(ticket) == running
    assert Message.objects.filter(ticket=ticket).count() == said
    kinds = list(Event.objects.filter(subject_id=ticket.pk).order_by("id").values_list("kind", flat=True))
    assert kinds[-2:] == [events.TICKET_MERGED, events.TICKET_UNMERGED]
    target_kinds = set(Event.objects.filter(subject_id=target.pk).values_list("kind", flat=True))
    assert {events.MERGED_IN, events.MERGED_OUT} <= target_kinds


@pytest.mark.req("INT-08")
@pytest.mark.django_db
@pytest.mark.parametrize("state", OPEN_STATES)
def test_any_open_ticket_takes_another_one_in(state, lead):
    target = factories.ticket_in(state, actor=lead, text=TEXT)
    ticket = factories.beside(target)
    merging.merge(ticket, target, actor=lead)
    reopened = state not in WORKING_STATES
    assert fresh(target).state == ("reopened" if reopened else state), "it has its result already, and this one has not"
    assert ("resolution" in clocks_of(target)) is True


@pytest.mark.req("INT-08")
@pytest.mark.django_db
@pytest.mark.parametrize("state", ["closed", "rejected"])
def test_what_is_over_neither_goes_nor_takes(state, lead):
    over = factories.ticket_in(state, actor=lead, text=TEXT)
    ticket = factories.beside(over)
    assert code_of(lambda: merging.merge(ticket, over, actor=lead)) == "merge.target_over"
    assert code_of(lambda: merging.merge(over, ticket, actor=lead)) == "transition.impossible"
    assert code_of(lambda: merging.merge(ticket, ticket, actor=lead)) == "merge.itself"
    assert code_of(lambda: merging.unmerge(ticket, actor=lead, reason="x")) == "merge.none"
    assert not Merge.objects.exists()


@pytest.mark.req("INT-08", "SLA-01")
@pytest.mark.django_db
def test_the_stricter_of_two_promises_holds_and_goes_back(lead):
    with clock.at(MONDAY):
        urgent = factories.ticket(TEXT, urgency="urgent")
    with clock.at(MONDAY + timedelta(minutes=10)):
        calm = factories.beside(urgent)
        loose, strict = clocks_of(calm), clocks_of(urgent)
        merging.merge(urgent, calm, actor=lead)
        taken = clocks_of(calm)
        for metric in ("first_response", "resolution"):
            assert strict[metric][0] < loose[metric][0]
            assert taken[metric] == (strict[metric][0], None)
        assert fresh(calm).next_due_at == min(due for due, _ in taken.values())
        row = Deadline.objects.get(subject_id=calm.pk, metric="resolution", state="open")
        assert any(f"{urgent.number} → {calm.number}" in line for line in deadlines.explain(row))
        moved = Event.objects.filter(subject_id=calm.pk, kind="deadline.changed").values_list("data", flat=True)
        assert {"first_response", "resolution"} <= {data["metric"] for data in moved}
        merging.unmerge(urgent, actor=lead, reason="两件事")
        assert clocks_of(calm) == loose
        assert clocks_of(urgent) == strict


@pytest.mark.req("INT-08")
@pytest.mark.django_db
def test_a_due_time_set_since_is_not_taken_back(lead):
    with clock.at(MONDAY):
        urgent = factories.ticket(TEXT, urgency="urgent")
        calm = factories.beside(urgent)
        merging.merge(urgent, calm, actor=lead)
        row = Deadline.objects.get(subject_id=calm.pk, metric="resolution", state="open")
        by_hand = MONDAY + timedelta(days=1)
        deadlines.set_due(row.pk, by_hand, actor=actors.SYSTEM, reason="约好了")
        merging.unmerge(urgent, actor=lead, reason="两件事")
        assert clocks_of(calm)["resolution"][0] == by_hand


@pytest.mark.req("INT-08", "SLA-04")
@pytest.mark.django_db
def test_a_deadline_missed_before_merging_stays_missed(lead):
    with clock.at(MONDAY):
        late = factories.ticket(TEXT, urgency="critical")
    with clock.at(MONDAY + timedelta(hours=2)):
        calm = factories.beside(late)
        merging.merge(late, calm, actor=lead)
        assert Deadline.objects.get(subject_id=late.pk, metric="first_response").breached_at is not None
        assert Event.objects.filter(subject_id=late.pk, kind="deadline.breached").exists()


@pytest.mark.req("INT-08")
@pytest.mark.django_db
def test_the_story_shows_both_and_new_words_reach_the_one_that_answers(lead):
    handler = factories.staff()
    target = factories.ticket_in("in_progress", actor=actors.staff(handler), text=TEXT)
    ticket = factories.beside(target, "补充一下，充电灯也不亮。")
    first = conversation.customer_says(ticket, "在吗？", actor=actors.CUSTOMER, channel="online")
    merging.merge(ticket, target, actor=lead)
    said = conversation.customer_says(ticket, "还要等多久？", actor=actors.CUSTOMER, channel="online")
    note = conversation.add(target, MessageKind.NOTE, "等配件", actor=lead)
    assert (said.ticket_id, note.ticket_id) == (ticket.pk, target.pk)
    told = [(m.body, m.origin) for m in workspace.story(fresh(target))]
    assert told == [
        ("补充一下，充电灯也不亮。", ticket.number), ("在吗？", ticket.number), ("还要等多久？", ticket.number), ("等配件", ""),
    ]  # fmt: skip
    deliveries.drain()
    notice = Notice.objects.get(user=handler, kind="customer_replied", event__data__message=str(said.pk))
    assert target.number in notice.text
    merging.unmerge(ticket, actor=lead, reason="两件事")
    assert [m.body for m in workspace.story(fresh(target))] == ["等配件"]
    assert [m.body for m in workspace.story(fresh(ticket))] == ["在吗？", "还要等多久？"]
    assert first.ticket_id == ticket.pk


@pytest.mark.req("INT-08", "SLA-03")
@pytest.mark.django_db
def test_an_answer_to_either_wakes_the_one_that_waits(lead):
    target = factories.ticket_in("waiting", actor=lead, text=TEXT)
    ticket = factories.ticket_in("waiting", actor=lead)
    Ticket.objects.filter(pk=ticket.pk).update(customer=target.customer)
    merging.merge(ticket, target, actor=lead)
    conversation.customer_says(ticket, "红灯", actor=actors.CUSTOMER, channel="online")
    assert fresh(target).state == "in_progress"
    back = merging.unmerge(ticket, actor=lead, reason="两件事")
    assert back.state == "in_progress", "it waited for an answer, and the customer has answered"
    assert all(paused is None for _due, paused in clocks_of(ticket).values())


@pytest.mark.req("INT-08")
@pytest.mark.django_db
def test_staff_are_led_to_the_one_that_answers(lead):
    target = factories.ticket_in("in_progress", actor=lead, text=TEXT)
    ticket = factories.beside(target)
    merging.merge(ticket, target, actor=lead)
    with pytest.raises(DomainError) as refused:
        conversation.add(ticket, MessageKind.REPLY, "您好", actor=lead)
    assert refused.value.code == "merge.write_there"
    assert target.number in refused.value.words
    assert conversation.add(ticket, MessageKind.NOTE, "内部", actor=lead).ticket_id == ticket.pk


@pytest.mark.req("INT-08", "ADM-01")
@pytest.mark.django_db
def test_two_customers_tickets_are_merged_only_by_whoever_may(lead):
    mine, theirs = factories.ticket(TEXT), factories.ticket(TEXT)
    clerk = factories.staff_actor(Role.SERVICE_STAFF)
    assert code_of(lambda: merging.merge(mine, theirs, actor=clerk)) == "merge.other_customer"
    chief = factories.staff_actor(Role.SERVICE_LEAD)
    merged = merging.merge(mine, theirs, actor=chief)
    assert (merged.merged_into_id, merged.repeat_of_id) == (theirs.pk, None), "two people count as two"
    reply = conversation.add(mine, MessageKind.REPLY, "您的问题已和另一反馈一并处理", actor=chief)
    deliveries.drain()
    sent = OutgoingMessage.objects.filter(subject_id=mine.pk, template="staff_reply")
    assert (reply.ticket_id, sent.count()) == (mine.pk, 1)
    assert Ticket.objects.counted().count() == 2


@pytest.mark.req("INT-08", "RPT-01")
@pytest.mark.django_db
def test_merged_counts_once_and_taken_out_twice(lead):
    first = factories.ticket(TEXT)
    second = factories.beside(first)
    third = factories.beside(second)  # repeats the second
    assert fresh(third).repeat_of_id == second.pk
    merging.merge(second, first, actor=lead)
    assert {fresh(t).repeat_of_id for t in (second, third)} == {first.pk}
    assert (Ticket.objects.real().count(), Ticket.objects.counted().count()) == (3, 1)
    merging.unmerge(second, actor=lead, reason="两件事")
    assert (fresh(second).repeat_of_id, fresh(third).repeat_of_id) == (None, second.pk)
    assert Ticket.objects.counted().count() == 2


@pytest.mark.req("INT-08")
@pytest.mark.django_db
def test_what_was_merged_before_comes_along_and_goes_back_along(lead):
    a = factories.ticket(TEXT)
    b, c, d = (factories.beside(a, f"第{i}件完全不同的事情：{'甲乙丙'[i]}号门店排队太久") for i in range(3))
    merging.merge(d, c, actor=lead)
    merging.merge(c, b, actor=lead)
    merging.merge(b, a, actor=lead)
    assert {fresh(t).merged_into_id for t in (b, c, d)} == {a.pk}
    merging.unmerge(b, actor=lead, reason="分开")
    assert [fresh(t).merged_into_id for t in (b, c, d)] == [None, b.pk, b.pk]
    merging.unmerge(c, actor=lead, reason="分开")
    assert [fresh(t).merged_into_id for t in (b, c, d)] == [None, None, c.pk]
    again = merging.merge(a, d, actor=lead)
    assert again.merged_into_id == c.pk, "merging into a merged one means the one that answers for it"


@pytest.mark.req("INT-08")
@pytest.mark.django_db
def test_a_preview_says_what_would_happen_and_does_nothing(lead):
    with clock.at(MONDAY):
        urgent = factories.ticket(TEXT, urgency="urgent")
        calm = factories.beside(urgent)
        found = merging.preview(urgent, calm, actor=lead)
        assert (found.refusal, found.reopens, found.other_customer, found.undecided) == (None, False, False, False)
        assert {"first_response", "resolution"} <= set(found.earlier)
        assert merging.preview(urgent, urgent, actor=lead).refusal.code == "merge.itself"
    assert not Merge.objects.exists()


@pytest.mark.req("INT-08")
@pytest.mark.django_db
def test_an_undecided_solution_waits_and_is_decided_after(lead):
    ticket = factories.ticket_in("solution_approval", actor=lead, text=TEXT)
    target = factories.beside(ticket)
    assert merging.preview(ticket, target, actor=lead).undecided
    merging.merge(ticket, target, actor=lead)
    assert Solution.objects.get(ticket=ticket).decided_at is None
    assert merging.unmerge(ticket, actor=lead, reason="分开").state == "solution_approval"


@pytest.mark.req("HND-08")
@pytest.mark.django_db
def test_a_stale_page_merges_nothing(lead):
    ticket = factories.ticket(TEXT)
    target = factories.beside(ticket)
    conversation.add(ticket, MessageKind.NOTE, "x", actor=lead)
    assert code_of(lambda: merging.merge(ticket, target, actor=lead, expected_version=99)) == "core.stale"
    assert fresh(ticket).state == "pending"


@pytest.mark.req("INT-08", "LAW-03", "INT-13")
@pytest.mark.django_db
def test_repeat_reports_of_one_complainant_are_merged(lead):
    first = factories.ticket(TEXT, kind="complaint", channel="regulator")
    again = factories.beside(first, TEXT, channel="regulator")
    assert again.repeat_of_id == first.pk
    merging.merge(again, first, actor=lead, reason="重复举报")
    assert fresh(again).merged_into_id == first.pk
    assert Ticket.objects.counted().count() == 1


# Races ------------------------------------------------------------------------------------------------------------------


def at_once(*works):
    barrier, done, refused = threading.Barrier(len(works)), [], []

    def run(work):
        try:
            connection.ensure_connection()
            barrier.wait(timeout=300)
            done.append(work())
        except DomainError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert len(done) + len(refused) == len(works)
    return done, refused


@pytest.mark.req("INT-08")
@pytest.mark.django_db(transaction=True)
def test_each_into_the_other_at_once_leaves_one_of_them_open():
    lead = factories.staff_actor(Role.ADMINISTRATOR)
    for _ in range(5):
        a = factories.ticket(TEXT)
        b = factories.beside(a)
        done, refused = at_once(
            lambda a=a, b=b: merging.merge(a, b, actor=lead), lambda a=a, b=b: merging.merge(b, a, actor=lead)
        )
        assert (len(done), len(refused)) == (1, 1)
        assert sorted([fresh(a).state == "merged", fresh(b).state == "merged"]) == [False, True]
        assert set(refused) <= {"merge.target_over", "merge.itself", "transition.impossible"}


@pytest.mark.req("INT-08", "HND-08")
@pytest.mark.django_db(transaction=True)
def test_merging_while_both_sides_write_loses_no_word():
    lead = factories.staff_actor(Role.ADMINISTRATOR)
    a = factories.ticket_in("in_progress", actor=lead, text=TEXT)
    b = factories.beside(a)
    _done, refused = at_once(
        lambda: merging.merge(b, a, actor=lead),
        *[
            lambda i=i: conversation.customer_says(b, f"第{i}句", actor=actors.CUSTOMER, channel="online")
            for i in range(4)
        ],
        *[lambda i=i: conversation.add(b, MessageKind.REPLY, f"回复{i}", actor=lead) for i in range(3)],
    )
    assert set(refused) <= {"merge.write_there"}
    bodies = {m.body for m in workspace.story(fresh(a))}
    assert {f"第{i}句" for i in range(4)} <= bodies
    assert Message.objects.filter(ticket=b, kind="reply").count() == 3 - len(refused)


@pytest.mark.req("INT-08")
@pytest.mark.django_db(transaction=True)
def test_eight_merge_one_and_eight_take_it_out():
    lead = factories.staff_actor(Role.ADMINISTRATOR)
    a = factories.ticket(TEXT)
    b = factories.beside(a)
    done, _ = at_once(*[lambda: merging.merge(b, a, actor=lead)] * 8)
    assert len(done) == 1
    done, _ = at_once(*[lambda: merging.unmerge(b, actor=lead, reason="分开")] * 8)
    assert len(done) == 1
    assert fresh(b).state == "pending"
    assert Merge.objects.filter(undone_at=None).count() == 0
