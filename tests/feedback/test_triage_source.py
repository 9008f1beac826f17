"""Tickets as `triage` learns from them, tries changes on them and reminds of its library."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from apps.core import actors, clock
from apps.feedback.models import Ticket
from apps.feedback.services import reclassification
from apps.feedback.services.reclassification import Correction
from apps.journal import deliveries
from apps.notifications.models import Notice
from apps.triage import sources
from apps.triage.models import Category, KeywordSuggestion, ModelVersion
from apps.triage.services import reviews, suggestions, training
from apps.triage.services.classify import MODEL, classify
from tests import factories

pytestmark = pytest.mark.django_db


def corrected(text, slug, actor):
    made = factories.ticket(text)
    change = Correction(category=Category.objects.get(slug=slug))
    return reclassification.reclassify(made, change, actor=actor, reason="分类不对")


@pytest.fixture
def lead():
    return factories.staff_actor("service_lead")


@pytest.mark.req("CLS-04")
def test_a_correction_is_learned_from_before_what_nobody_touched(lead):
    factories.ticket_in("closed")
    factories.ticket("无法开机")  # open: nothing is decided about it
    mine = corrected("蓝晶徽章对不上", "billing", lead)

    found = list(sources.current().decided(actor=actors.system("test"), limit=10))

    assert (found[0].by_person, found[0].category, found[0].name) == (True, "billing", mine.number)
    assert [p.by_person for p in found] == [True, False]


def test_drills_teach_nothing(lead):
    drill = corrected("蓝晶徽章对不上", "billing", lead)
    Ticket.objects.filter(pk=drill.pk).update(is_drill=True)
    actor = actors.system("test")

    assert list(sources.current().decided(actor=actor, limit=10)) == []
    assert sources.current().waiting(actor=actor, limit=10) == []
    assert sources.current().between(clock.now() - timedelta(days=1), clock.now(), actor=actor) == 0


def test_batches_go_through_all_tickets_once(lead):
    made = {factories.ticket(f"第{i}个问题，无法开机").number for i in range(5)}
    since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(minutes=1)

    seen, after = [], ""
    while batch := sources.current().batch(since, until, after, actor=lead, limit=2):
        seen += [p.name for p in batch]
        after = str(batch[-1].id)

    assert sorted(seen) == sorted(made)


@pytest.mark.req("CLS-05")
def test_waiting_tickets_come_in_the_order_of_the_queue_with_their_score(lead):
    urgent = factories.ticket("插座漏电", urgency="critical")
    calm = factories.ticket("建议增加一个颜色")

    found = sources.current().waiting(actor=lead, limit=10)

    assert [w.name for w in found] == [urgent.number, calm.number]
    for each, ticket in zip(found, (urgent, calm), strict=True):
        assert each.place(ticket.priority_score) == ticket.queue_at


def test_nobody_sees_more_tickets_here_than_in_the_queue():
    factories.ticket("插座漏电")
    stranger = factories.staff_actor("department_handler", "finance")

    assert sources.current().waiting(actor=stranger, limit=10) == []


@pytest.mark.req("CLS-03", "CLS-04")
@pytest.mark.long
def test_corrections_become_a_model_and_suggestions_and_the_next_ticket_says_so(lead):
    for i in range(40):
        corrected(f"跃迁引擎抖个不停，第{i}次", "technical", lead)
        corrected(f"蓝晶徽章对不上数，第{i}次", "billing", lead)

    call_command("train_classifier", verbosity=0)

    ticket = factories.ticket("跃迁引擎又抖了")
    assert ModelVersion.objects.filter(origin="tickets", active=True).exists()
    assert ticket.category.slug == "technical"
    assert any(hit["by"] == MODEL for hit in ticket.hits)
    assert "蓝晶徽章" in " ".join(KeywordSuggestion.objects.values_list("text", flat=True))


@pytest.mark.req("CLS-03")
def test_what_a_person_decided_is_never_overridden(lead):
    chosen = factories.ticket("味道怪怪的，不想再用", category="billing")
    fixed = corrected("味道怪怪的，不想再用", "price", lead)

    assert classify(chosen.description).category != "billing"
    training.retrain(actor=actors.system("test"))
    suggestions.search(actor=actors.system("test"))

    for ticket, slug in ((chosen, "billing"), (fixed, "price")):
        fresh = Ticket.objects.select_related("category").get(pk=ticket.pk)
        assert (fresh.category.slug, fresh.category_by_person) == (slug, True)


@pytest.mark.req("CLS-02")
def test_service_and_product_leads_are_told_of_the_monthly_review_once():
    service = factories.staff("service_lead")
    product = factories.staff("department_head", "product")
    other = factories.staff("department_head", "finance")

    review = reviews.due(clock.now())
    reviews.due(clock.now())
    deliveries.drain()

    told = Notice.objects.filter(kind="library_review")
    assert set(told.values_list("user", flat=True)) == {service.pk, product.pk}
    assert other.pk not in set(told.values_list("user", flat=True))
    assert str(review.pk) in told.first().link
    assert f"{review.month:%Y-%m}" in told.first().text
