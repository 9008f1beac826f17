"""The same customer, the same issue again (INT-08): linked to the first, counted once, and people have the last word."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.feedback import events, likeness
from apps.feedback.models import DeskRules, Ticket, TicketLink
from apps.feedback.selectors import desk_rules
from apps.feedback.services import intake, repeats
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from tests import factories

TEXT = "吸尘器用了两天就无法开机了，按住电源键没有任何反应，要求换货。"
AGAIN = "你好，我的吸尘器用了两天就无法开机了，按住电源键没有任何反应，要求换货！"
OTHER = "发票抬头开错了，请重新开一张，税号在附件里。"


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def code_of(call):
    with pytest.raises(DomainError) as refused:
        call()
    return refused.value.code


@pytest.fixture
def who(db):
    return factories.contact()


@pytest.mark.req("INT-08")
def test_the_same_issue_in_other_words_is_linked_to_the_first(who):
    first = factories.ticket(TEXT, contact=who)
    again = factories.ticket(AGAIN, contact=who)
    third = factories.ticket(TEXT, contact=who)
    assert (fresh(first).repeat_of_id, fresh(again).repeat_of_id) == (None, first.pk)
    assert fresh(third).repeat_of_id == first.pk, "chains point to the first"
    found = Event.objects.get(subject_id=again.pk, kind=events.REPEAT_FOUND)
    assert found.data["first"] == str(first.pk)
    assert found.data["why"] == "text"
    assert found.data["likeness"] >= 60
    assert Event.objects.filter(subject_id=first.pk, kind=events.REPEATED).count() == 2


@pytest.mark.req("INT-08")
def test_two_issues_of_one_customer_stay_apart_and_so_do_two_customers(who):
    first = factories.ticket(TEXT, contact=who)
    other = factories.ticket(OTHER, contact=who)
    stranger = factories.ticket(TEXT)
    assert [fresh(t).repeat_of_id for t in (first, other, stranger)] == [None, None, None]


@pytest.mark.req("INT-08")
@pytest.mark.parametrize(
    ("field", "one", "two"),
    [("order_number", "DD20240501-17", "dd 20240501－17"), ("serial_number", "SN-00A17", "sn00a17")],
)
def test_the_same_order_or_machine_is_the_same_issue_whatever_the_words(who, field, one, two):
    first = factories.ticket(TEXT, contact=who, **{field: one})
    again = factories.ticket("都一个星期了，怎么还没有人联系我？", contact=who, **{field: two})
    assert fresh(again).repeat_of_id == first.pk
    why = Event.objects.get(subject_id=again.pk, kind=events.REPEAT_FOUND).data["why"]
    assert why == field.removesuffix("_number")


@pytest.mark.req("INT-08")
def test_clearly_another_category_on_the_same_order_is_another_issue(who, monkeypatch):
    monkeypatch.setattr(repeats, "CLEAR", 0.2)
    first = factories.ticket(TEXT, contact=who, order_number="DD1")
    other = factories.ticket("发票开错了，要求重开发票", contact=who, order_number="DD1")
    assert first.category_id != other.category_id
    assert fresh(other).repeat_of_id is None


@pytest.mark.req("INT-08")
def test_after_the_desks_days_it_is_new(who):
    with clock.at(clock.now() - timedelta(days=31)):
        factories.ticket(TEXT, contact=who)
    late = factories.ticket(TEXT, contact=who)
    DeskRules.objects.filter(pk=1).update(repeat_days=40)
    desk_rules._rules = None
    again = factories.ticket(TEXT, contact=who)
    desk_rules._rules = None
    assert fresh(late).repeat_of_id is None
    assert fresh(again).repeat_of_id is not None


@pytest.mark.req("INT-08", "ADM-05")
def test_the_likeness_is_the_desks_to_set(who):
    factories.ticket(TEXT, contact=who)
    DeskRules.objects.filter(pk=1).update(repeat_similarity=100)
    desk_rules._rules = None
    strict = factories.ticket(AGAIN, contact=who)
    desk_rules._rules = None
    assert fresh(strict).repeat_of_id is None


@pytest.mark.req("INT-08")
def test_spam_and_drills_are_nobodys_first(who):
    spam = factories.ticket(TEXT, contact=who)
    Ticket.objects.filter(pk=spam.pk).update(rejected_as="spam")
    drill = factories.ticket(TEXT, contact=who)
    Ticket.objects.filter(pk=drill.pk).update(is_drill=True)
    assert fresh(factories.ticket(TEXT, contact=who)).repeat_of_id is None


@pytest.mark.req("INT-08", "CLS-05")
def test_the_firsts_handler_hears_of_it_and_the_first_weighs_more(who):
    handler = factories.staff()
    first = factories.ticket_in("in_progress", actor=actors.staff(handler), text=TEXT, contact=who)
    before = first.priority_score
    again = factories.ticket(TEXT, contact=who)
    deliveries.drain()
    notice = Notice.objects.get(user=handler, kind="repeat_received")
    assert first.number in notice.text and again.number in notice.text
    assert fresh(first).priority_score > before


@pytest.mark.req("INT-08")
def test_staff_say_it_is_not_the_same_and_it_counts_for_itself(who):
    actor = factories.staff_actor()
    first = factories.ticket(TEXT, contact=who)
    again = factories.ticket(TEXT, contact=who)
    assert code_of(lambda: repeats.unlink(again, actor=actor, reason=" ")) == "reason.missing"
    repeats.unlink(again, actor=actor, reason="第二台机器")
    assert fresh(again).repeat_of_id is None
    kept = TicketLink.objects.get()
    assert (kept.kind, kept.reason, {kept.source_id, kept.target_id}) == (
        "distinct",
        "第二台机器",
        {first.pk, again.pk},
    )
    event = Event.objects.get(kind=events.REPEAT_UNLINKED)
    assert (event.reason, event.data) == ("第二台机器", {"first": first.number})
    assert code_of(lambda: repeats.unlink(again, actor=actor, reason="x")) == "repeat.none"


@pytest.mark.req("INT-08")
def test_staff_link_a_repeat_that_was_not_found(who):
    actor = factories.staff_actor()
    first, second = factories.ticket(TEXT, contact=who), factories.ticket(OTHER, contact=who)
    follower = factories.ticket(OTHER, contact=who)
    assert fresh(follower).repeat_of_id == second.pk
    repeats.link(second, first, actor=actor, reason="同一件事")
    assert {fresh(t).repeat_of_id for t in (second, follower)} == {first.pk}
    assert code_of(lambda: repeats.link(first, follower, actor=actor)) == "repeat.itself"
    stranger = factories.ticket()
    assert code_of(lambda: repeats.link(stranger, first, actor=actor)) == "repeat.other_customer"
    nobody = factories.staff_actor(Role.AUDITOR)
    assert code_of(lambda: repeats.link(follower, first, actor=nobody)) == "core.not_allowed"


@pytest.mark.req("INT-08", "RPT-01")
def test_statistics_count_people_and_say_both_figures(who):
    factories.ticket(TEXT, contact=who)
    factories.ticket(AGAIN, contact=who)
    factories.ticket(OTHER, contact=who)
    factories.ticket(TEXT)
    drill = factories.ticket(TEXT)
    Ticket.objects.filter(pk=drill.pk).update(is_drill=True)
    assert (Ticket.objects.real().count(), Ticket.objects.counted().count()) == (4, 3)


@pytest.mark.req("INT-08")
@pytest.mark.django_db(transaction=True)
def test_two_equal_reports_at_once_have_exactly_one_first():
    who = factories.contact()
    factories.ticket(OTHER, contact=who)  # a customer we know
    made = at_once(8, lambda i: intake.receive(factories.report(TEXT, contact=who), actor=actors.CUSTOMER).pk)
    rows = Ticket.objects.filter(pk__in=made)
    first = rows.get(repeat_of=None)
    assert rows.filter(repeat_of=first).count() == 7


@pytest.mark.req("INT-08")
@pytest.mark.django_db(transaction=True)
def test_a_new_customer_who_sends_twice_at_once_has_one_first():
    who = factories.contact()
    made = at_once(4, lambda i: intake.receive(factories.report(TEXT, contact=who), actor=actors.CUSTOMER).pk)
    assert Ticket.objects.filter(pk__in=made, repeat_of=None).count() == 1


def at_once(n, work):
    barrier, done = threading.Barrier(n), []

    def run(i):
        try:
            barrier.wait(timeout=300)
            done.append(work(i))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert len(done) == n
    return done


# Likeness ---------------------------------------------------------------------------------------------------------------

WORDS = st.text(alphabet="冰箱不制冷了要换货 ，。abcXYZ１２３", max_size=60)


@given(WORDS, WORDS)
@settings(max_examples=200, deadline=None)
def test_likeness_is_even_handed_and_keeps_its_bound(one, other):
    a, b = likeness.pieces(one), likeness.pieces(other)
    assert 0 <= likeness.percent(a, b) == likeness.percent(b, a) <= max(likeness.at_most(a, b), 0) <= 100
    assert likeness.percent(a, a) == (100 if a else 0)


def test_spaces_punctuation_width_and_script_do_not_count():
    same = likeness.percent(likeness.pieces("冰箱  不製冷，ＡＢＣ！"), likeness.pieces("冰箱不制冷abc"))
    assert same == 100
    assert not likeness.same_code("", "")
