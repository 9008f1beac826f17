from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.casework.models import Checklist, ChecklistItem, ChecklistTemplate
from apps.casework.services import checklists, rules
from apps.core import actors, clock
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.feedback.services import closure, reclassification
from apps.feedback.services.reclassification import Correction
from apps.journal import deliveries
from apps.journal.models import Event
from apps.triage.models import Category
from tests.factories import plan, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db
RESULT = "已更换电池，机器恢复正常。"


def items_of(one: Ticket) -> list[ChecklistItem]:
    return list(ChecklistItem.objects.filter(checklist__ticket=one, checklist__removed_at=None).order_by("position"))


@pytest.mark.req("HND-11")
def test_a_required_item_holds_the_ticket_until_it_is_ticked(template, clerk):
    one = ticket_in("in_progress", actor=clerk)
    plan(one, clerk)
    checklists.add(one, template("*核对序列号", "拍照"), actor=clerk)

    with pytest.raises(DomainError) as refused:
        closure.resolve(one, RESULT, actor=clerk)
    assert refused.value.code == "checklist.items_open"
    assert "核对序列号" in refused.value.words and "拍照" not in refused.value.words

    checklists.tick(items_of(one)[0], actor=clerk)
    assert closure.resolve(one, RESULT, actor=clerk).state == "resolved"


@pytest.mark.req("HND-11")
def test_who_ticked_and_when_is_kept(template, clerk):
    one = ticket_in("in_progress", actor=clerk)
    checklists.add(one, template("*核对"), actor=clerk)

    checklists.tick(items_of(one)[0], actor=clerk)

    ticked = items_of(one)[0]
    assert (ticked.settled_by_id, ticked.not_applicable) == (clerk.user_id, False)
    event = Event.objects.get(kind="checklist.item_settled", subject_id=one.pk)
    assert event.data == {"item": str(ticked.pk), "name": "核对", "applies": True}


def test_unticking_opens_again_and_says_so_in_the_journal(template, clerk):
    one = ticket_in("in_progress", actor=clerk)
    checklists.add(one, template("*核对"), actor=clerk)
    checklists.tick(items_of(one)[0], actor=clerk)

    checklists.untick(items_of(one)[0], actor=clerk)

    assert items_of(one)[0].settled_at is None
    assert Event.objects.filter(kind="checklist.item_reopened", subject_id=one.pk).count() == 1


@pytest.mark.req("HND-11")
def test_not_applicable_needs_its_reason_and_frees_the_ticket(template, clerk):
    one = ticket_in("in_progress", actor=clerk)
    plan(one, clerk)
    checklists.add(one, template("*取回样品"), actor=clerk)
    item = items_of(one)[0]

    with pytest.raises(DomainError) as refused:
        checklists.not_applicable(item, actor=clerk, reason="  ")
    assert refused.value.code == "reason.missing"

    checklists.not_applicable(item, actor=clerk, reason="客户已丢弃")
    assert items_of(one)[0].reason == "客户已丢弃"
    assert closure.resolve(one, RESULT, actor=clerk).state == "resolved"


def test_the_database_refuses_not_applicable_without_a_reason(template, clerk):
    one = ticket_in("in_progress", actor=clerk)
    checklists.add(one, template("*核对"), actor=clerk)

    with pytest.raises(IntegrityError), transaction.atomic():
        ChecklistItem.objects.filter(pk=items_of(one)[0].pk).update(not_applicable=True, settled_at=clock.now())


def test_a_settled_item_is_not_settled_twice(template, clerk):
    one = ticket_in("in_progress", actor=clerk)
    checklists.add(one, template("*核对"), actor=clerk)
    checklists.tick(items_of(one)[0], actor=clerk)

    with pytest.raises(DomainError) as refused:
        checklists.tick(items_of(one)[0], actor=clerk)
    assert refused.value.code == "checklist.settled"


@pytest.mark.req("HND-11")
def test_a_rule_puts_its_check_list_on_when_feedback_comes_in(template, only):
    only()
    template("*问清故障", name="报修", kind="fault", automatic=True)
    template("*致歉", name="投诉单", kind="complaint", automatic=True)

    one = ticket(kind="fault")
    deliveries.drain()

    assert [c.name for c in Checklist.objects.filter(ticket=one)] == ["报修"]
    assert Checklist.objects.get(ticket=one).by_rule


@pytest.mark.req("HND-11")
def test_a_ticket_that_is_resolved_before_the_rule_ran_is_held_too(template, only):
    """The rule runs a moment after the intake; whoever is quicker than that slips past nothing."""
    only()
    admin = staff_actor("administrator")
    template("*问清故障", name="报修", kind="fault", automatic=True, ruled_since=clock.now() - timedelta(days=1))
    one = ticket_in("in_progress", actor=admin, kind="fault")
    plan(one, admin)

    with pytest.raises(DomainError) as refused:
        closure.resolve(one, RESULT, actor=admin)

    assert refused.value.code == "checklist.not_added_yet"
    deliveries.drain()
    assert [item.text for item in items_of(one)] == ["问清故障"]


@pytest.mark.req("HND-11")
def test_a_rule_made_later_holds_no_older_ticket(template, only, clerk):
    only()
    one = ticket_in("in_progress", actor=clerk, kind="fault")
    plan(one, clerk)
    deliveries.drain()
    template("*问清故障", name="报修", kind="fault", automatic=True)

    assert closure.resolve(one, RESULT, actor=clerk).state == "resolved"


@pytest.mark.req("HND-11")
def test_reclassifying_brings_the_list_of_the_new_sort_and_takes_an_untouched_one_off(template, only, clerk):
    only()
    template("*问清故障", name="报修", kind="fault", automatic=True)
    template("*致歉", name="投诉单", kind="complaint", automatic=True)
    one = ticket_in("in_progress", actor=clerk, kind="fault")
    deliveries.drain()

    reclassification.reclassify(one, Correction(kind="complaint"), actor=clerk, reason="客户要投诉")
    deliveries.drain()

    assert [c.name for c in Checklist.objects.filter(ticket=one, removed_at=None)] == ["投诉单"]


def test_a_list_somebody_has_begun_stays_after_reclassifying(template, only, clerk):
    only()
    template("*问清故障", "拍照", name="报修", kind="fault", automatic=True)
    one = ticket_in("in_progress", actor=clerk, kind="fault")
    deliveries.drain()
    checklists.tick(items_of(one)[0], actor=clerk)

    reclassification.reclassify(one, Correction(kind="complaint"), actor=clerk, reason="客户要投诉")
    deliveries.drain()

    assert Checklist.objects.get(ticket=one).removed_at is None


def test_a_category_stands_for_those_under_it(template, only, clerk):
    only()
    top = Category.objects.get(slug="product_quality")
    below = Category.objects.create(slug="battery", name="电池", parent=top)
    template("*检查电池", name="电池单", category=top, automatic=True)

    one = ticket_in("in_progress", actor=clerk)
    reclassification.reclassify(one, Correction(category=below), actor=clerk, reason="是电池")
    deliveries.drain()

    assert [c.name for c in Checklist.objects.filter(ticket=one)] == ["电池单"]


def test_one_list_is_on_a_ticket_once(template, clerk):
    one, made = ticket_in("in_progress", actor=clerk), template("*核对")
    checklists.add(one, made, actor=clerk)

    with pytest.raises(DomainError) as refused:
        checklists.add(one, made, actor=clerk)
    assert refused.value.code == "checklist.there_already"


def test_a_list_added_by_hand_can_be_taken_off_with_a_reason_and_put_on_again(template, clerk):
    one, made = ticket_in("in_progress", actor=clerk), template("*核对")
    added = checklists.add(one, made, actor=clerk)

    with pytest.raises(DomainError):
        checklists.remove(added, actor=clerk, reason="")
    checklists.remove(added, actor=clerk, reason="选错了")
    with pytest.raises(DomainError) as refused:
        checklists.tick(ChecklistItem.objects.get(checklist=added), actor=clerk)

    assert refused.value.code == "checklist.taken_off"
    assert checklists.add(one, made, actor=clerk).pk != added.pk


@pytest.mark.req("HND-11")
def test_what_a_rule_demands_is_answered_not_taken_off(template, only, lead):
    only()
    template("*问清故障", name="报修", kind="fault", automatic=True)
    one = ticket(kind="fault")
    deliveries.drain()

    with pytest.raises(DomainError) as refused:
        checklists.remove(Checklist.objects.get(ticket=one), actor=lead, reason="不想做")
    assert refused.value.code == "checklist.required_stays"


def test_changing_a_template_leaves_lists_on_tickets_as_they_are(template, clerk, lead):
    one, made = ticket_in("in_progress", actor=clerk), template("*核对", "拍照")
    checklists.add(one, made, actor=clerk)

    rules.save_checklist_template(made, list(made.items.all())[:1], actor=lead)

    assert [item.text for item in items_of(one)] == ["核对", "拍照"]
    assert [item.text for item in ChecklistTemplate.objects.get(pk=made.pk).items.all()] == ["核对"]


def test_a_template_without_items_is_refused(lead):
    with pytest.raises(DomainErrors) as refused:
        rules.save_checklist_template(ChecklistTemplate(name="空"), [], actor=lead)
    assert [e.code for e in refused.value.errors] == ["checklist.empty"]


@pytest.mark.req("ADM-02")
def test_who_only_looks_ticks_nothing(template, clerk, auditor):
    one = ticket_in("in_progress", actor=clerk)
    checklists.add(one, template("*核对"), actor=clerk)

    for act in (checklists.tick, checklists.untick):
        with pytest.raises(DomainError) as refused:
            act(items_of(one)[0], actor=auditor)
        assert refused.value.code == "core.not_allowed"
    with pytest.raises(DomainError):
        checklists.tick(items_of(one)[0], actor=actors.CUSTOMER)


def test_a_ticket_that_is_over_takes_no_ticks(template):
    admin = staff_actor("administrator")
    one = ticket_in("in_progress", actor=admin)
    added = checklists.add(one, template("核对"), actor=admin)
    plan(one, admin)
    closure.resolve(one, RESULT, actor=admin)
    closure.start_callback(one, actor=admin)
    closure.answer_survey(one.surveys.get(), score=5, comment="", actor=actors.CUSTOMER)

    with pytest.raises(DomainError) as refused:
        checklists.tick(added.items.get(), actor=admin)
    assert refused.value.code == "casework.ticket_over"
