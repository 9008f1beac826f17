import pytest
from django.urls import reverse

from apps.casework.models import StateDemand
from apps.casework.selectors import holding
from apps.casework.services import investigations, rules
from apps.casework.services.investigations import Draft
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, closure, conversation, facts
from apps.journal.models import Event
from tests.desk.pages import at, do, now_of
from tests.factories import plan, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db
RESULT = "已更换电池，机器恢复正常。"


def demand(state: str, needs: str, **about: object) -> StateDemand:
    return StateDemand.objects.create(state=state, needs=needs, **about)


@pytest.mark.req("HND-11")
def test_a_missing_field_holds_the_ticket_and_is_named(only, clerk):
    only()
    one = ticket_in("in_progress", actor=clerk, kind="fault")
    plan(one, clerk)
    demand("resolved", "serial_number", kind="fault")
    demand("resolved", "order_number", kind="fault")

    with pytest.raises(DomainError) as refused:
        closure.resolve(one, RESULT, actor=clerk)
    assert refused.value.code == "casework.fields_missing"
    assert refused.value.data["missing"] == ["serial_number", "order_number"]

    facts.correct(one, {"serial_number": "SN1", "order_number": "DD1"}, actor=clerk)
    assert closure.resolve(one, RESULT, actor=clerk).state == "resolved"


@pytest.mark.req("HND-11")
@pytest.mark.parametrize("about", [{"kind": "complaint"}, {"demand": "apology"}, {"risk": "legal"}, {"active": False}])
def test_tickets_of_another_sort_are_not_held(about, only, clerk):
    only()
    one = ticket_in("in_progress", actor=clerk, kind="fault")
    plan(one, clerk)
    demand("resolved", "serial_number", **about)

    assert closure.resolve(one, RESULT, actor=clerk).state == "resolved"


@pytest.mark.req("HND-11")
def test_every_state_staff_take_a_ticket_to_can_demand(only, clerk):
    only()
    demand("in_progress", "serial_number")
    one = ticket()

    with pytest.raises(DomainError) as refused:
        assignment.accept(one, actor=clerk)

    assert refused.value.code == "casework.fields_missing"
    assert now_of(one).state == "pending"


def test_the_customers_own_answer_never_fails_for_a_missing_field(only, clerk):
    """Otherwise whoever answers a question, or a survey, would be turned away for what staff left out."""
    only()
    one = ticket_in("waiting", actor=clerk)
    demand("in_progress", "serial_number")

    conversation.customer_says(one, "蓝色的灯", actor=actors.CUSTOMER, channel="online")

    assert now_of(one).state == "in_progress"


@pytest.mark.req("HND-11")
def test_a_bulk_step_slips_past_nothing(only, signed_in):
    only()
    demand("in_progress", "serial_number")
    held, free = ticket(), ticket(serial_number="SN9")
    client = signed_in("service_staff")

    page = client.post(
        reverse("admin:desk_bulk"), {"ticket": [held.number, free.number], "step": "accept"}, HTTP_HX_REQUEST="true"
    )

    assert (now_of(held).state, now_of(free).state) == ("pending", "in_progress")
    assert "序列号" in page.content.decode()


@pytest.mark.req("HND-11", "LNK-04")
def test_the_api_is_held_like_everybody(only, api, clerk):
    only()
    one = ticket_in("in_progress", actor=clerk)
    plan(one, clerk)
    demand("resolved", "invoice_number")

    refused = api.post(f"tickets/{one.number}/transitions/", {"name": "resolve", "result": RESULT})

    assert refused.status_code == 409
    assert refused.json()["code"] == "casework.fields_missing"
    assert now_of(one).state == "in_progress"


@pytest.mark.req("HND-11")
def test_the_page_names_what_is_missing_with_a_link_to_supply_it(only, signed_in):
    only()
    client = signed_in("administrator")
    one = ticket_in("in_progress", actor=actors.staff(client.user))
    demand("resolved", "serial_number", hint="统计批次故障率")
    demand("resolved", "investigation")

    page = client.get(at(one)).content.decode()

    assert 'href="?act=facts#do-facts"' in page and "统计批次故障率" in page
    assert f'hx-get="{reverse("admin:desk_form", args=[one.number, "investigation"])}"' in page


def test_facts_are_completed_on_the_page(only, signed_in):
    only()
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))

    do(
        client,
        one,
        "facts",
        serial_number=" SN 77 ",
        product_text="QC-10",
        order_number="",
        ship_date="",
        reason="来电补充",
    )

    assert (now_of(one).serial_number, now_of(one).product_text) == ("SN 77", "QC-10")


def test_facts_that_make_no_sense_are_refused_beside_their_field(clerk):
    one = ticket_in("in_progress", actor=clerk)

    with pytest.raises(DomainErrors) as refused:
        facts.correct(one, {"serial_number": "x" * 61, "defect_quantity": -1, "state": "closed"}, actor=clerk)

    assert {(e.field, e.code) for e in refused.value.errors} == {
        ("serial_number", "core.too_long"), ("defect_quantity", "core.invalid"), ("state", "core.unknown_field"),
    }  # fmt: skip


def test_the_event_of_completed_facts_names_fields_not_values(clerk):
    one = ticket_in("in_progress", actor=clerk)

    facts.correct(one, {"place": "杭州市西湖区某小区"}, actor=clerk)

    event = one_event(one, "ticket.facts_corrected")
    assert event.data == {"fields": ["place"]}


@pytest.mark.req("HND-04", "HND-11")
def test_a_signed_investigation_can_be_demanded(only, clerk, lead):
    only()
    one = ticket_in("in_progress", actor=clerk)
    plan(one, clerk)
    demand("resolved", "investigation")
    draft = Draft("电池鼓包", "电芯批次不良", one.department, "批次隔离")
    investigations.write(one, draft, actor=clerk)

    with pytest.raises(DomainError):
        closure.resolve(one, RESULT, actor=clerk)

    investigations.sign(one, actor=lead)
    assert closure.resolve(one, RESULT, actor=clerk).state == "resolved"


@pytest.mark.parametrize("needs", ["plan", "solution", "attachment", "call", "test_report", "root_cause", "time"])
def test_papers_that_are_not_there_are_missing(needs, only, clerk):
    only()
    one = ticket_in("in_progress", actor=clerk)
    demand("resolved", needs)

    assert [each.code for each in holding.missing(one, "resolved")] == [needs]


def test_shipped_a_safety_ticket_asks_for_a_signed_investigation():
    admin = staff_actor("administrator")
    one = ticket_in("in_progress", actor=admin, text="冰箱漏电，孩子被电到了", urgency="critical")

    assert [each.code for each in holding.missing(one, "resolved")] == ["investigation"]


def test_only_known_needs_are_saved_and_only_by_who_may(lead, clerk):
    good = StateDemand(state="resolved", needs="serial_number")
    rules.save_demand(good, actor=lead)

    with pytest.raises(DomainErrors) as unknown:
        rules.save_demand(StateDemand(state="resolved", needs="password"), actor=lead)
    with pytest.raises(DomainError) as refused:
        rules.save_demand(StateDemand(state="resolved", needs="serial_number"), actor=clerk)

    assert unknown.value.errors[0].code == "casework.unknown_need"
    assert refused.value.code == "core.not_allowed"


def one_event(one: Ticket, kind: str) -> Event:
    return Event.objects.get(kind=kind, subject_id=one.pk)
