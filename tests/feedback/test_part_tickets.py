"""An existing ticket becomes a part of another one and stands for itself again (HND-11)."""

import pytest
from django.urls import reverse

from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.core import actors
from apps.core.errors import DomainError
from apps.desk.actions import offered
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, closure, conversation, links, part_tickets, parts, repeats
from apps.feedback.services.parts import PartDraft
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla.models import Deadline
from tests import factories
from tests.desk.conftest import signed_in  # noqa: F401
from tests.desk.pages import at, do

pytestmark = [pytest.mark.django_db, pytest.mark.req("HND-11")]


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def runs(ticket):
    return {d.metric: d.due_at for d in Deadline.objects.filter(subject_id=ticket.pk, state="open")}


def code_of(call):
    with pytest.raises(DomainError) as refused:
        call()
    return refused.value.code


@pytest.fixture
def lead():
    return factories.staff_actor(Role.ADMINISTRATOR)


@pytest.fixture
def pair(lead):
    """A ticket in work, and another one of the same customer with an earlier due time."""
    whole = factories.ticket_in("in_progress", actor=lead)
    return whole, factories.beside(whole, "冰箱冷藏室漏水，地板泡坏了。", urgency="urgent")


def test_an_attached_ticket_holds_the_whole_which_is_due_when_the_part_was(pair, lead):
    whole, part = pair
    earlier, later = runs(part), runs(whole)
    assert earlier["resolution"] < later["resolution"]

    [attached] = part_tickets.attach(whole, [part], actor=lead, reason="同一次上门解决")

    assert attached.parent_id == whole.pk and fresh(whole).is_open
    assert runs(whole)["resolution"] == earlier["resolution"]
    assert set(runs(part)) == {"acceptance", "resolution"}, "a part owes its customer nothing: the whole does"
    factories.plan(whole, lead)
    assert code_of(lambda: closure.resolve(fresh(whole), "上门更换", actor=lead)) == "part.open"
    assignment.accept(fresh(part), actor=lead)
    assert closure.resolve(fresh(part), "已更换密封条", actor=lead).state == "closed"
    assert fresh(part).closed_as == "part" and not part.surveys.exists()
    assert list(Event.objects.filter(kind="ticket.part_attached").values_list("reason", "data__whole")) == [
        ("同一次上门解决", whole.number)
    ]


def test_an_issue_still_counts_once(pair, lead):
    whole, part = pair
    third = factories.beside(whole, "还是漏水。")
    repeats.link(fresh(third), fresh(part), actor=lead)
    repeats.link(fresh(whole), fresh(part), actor=lead)
    before = Ticket.objects.counted().count()

    part_tickets.attach(fresh(whole), [fresh(part)], actor=lead)

    assert Ticket.objects.counted().count() == before
    assert (fresh(whole).repeat_of_id, fresh(third).repeat_of_id) == (None, whole.pk)


def test_what_cannot_be_a_part_says_why(pair, lead):
    whole, part = pair
    department = Department.objects.get(code="quality")
    below = parts.create(whole, PartDraft("检测", department), actor=lead)
    stranger, over = factories.ticket(), factories.beside(whole)
    closure.reject(over, actor=lead, why="spam", reason="广告")
    waiting = factories.ticket_in("waiting", actor=lead)
    Ticket.objects.filter(pk=waiting.pk).update(customer=whole.customer_id)
    authority = factories.beside(whole)
    Ticket.objects.filter(pk=authority.pk).update(kind="regulator")
    reader = factories.staff_actor(Role.AUDITOR)
    for other, into, code in (
        (whole, whole, "part.itself"),
        (stranger, whole, "part.other_customer"),
        (over, whole, "part.over"),
        (waiting, whole, "part.waits"),
        (below, whole, "part.has_whole"),
        (whole, below, "part.above"),
        (authority, whole, "part.regulator"),
    ):
        assert code_of(lambda o=other, i=into: part_tickets.attach(fresh(i), [fresh(o)], actor=lead)) == code
    assert code_of(lambda: part_tickets.attach(whole, [part], actor=reader)) == "core.not_allowed"
    assert code_of(lambda: part_tickets.attach(whole, [part, stranger], actor=lead)) == "part.other_customer"
    assert fresh(part).parent_id is None, "all of them or none"
    assert (
        fresh(stranger).parent_id is None
        and code_of(lambda: part_tickets.detach(fresh(stranger), actor=lead, reason="x")) == "ticket.not_a_part"
    )


def test_parts_of_parts_go_three_levels_deep_also_when_they_are_attached(pair, lead):
    whole, part = pair
    department = Department.objects.get(code="quality")
    assignment.accept(part, actor=lead)
    assignment.accept(parts.create(fresh(part), PartDraft("检测", department), actor=lead), actor=lead)
    child = Ticket.objects.get(parent=part)
    parts.create(child, PartDraft("寄样", department), actor=lead)

    assert code_of(lambda: part_tickets.attach(fresh(whole), [fresh(part)], actor=lead)) == "part.too_deep"


def test_taken_out_it_owes_its_customer_again(pair, lead):
    whole, part = pair
    owed = runs(part)
    part_tickets.attach(whole, [part], actor=lead)

    part_tickets.detach(fresh(part), actor=lead, reason="另一台机器")

    assert fresh(part).parent_id is None
    assert {name: runs(part)[name] for name in ("first_response", "answer")} == {
        name: owed[name] for name in ("first_response", "answer")
    }
    assert code_of(lambda: part_tickets.detach(fresh(part), actor=lead, reason=" ")) == "reason.missing"


def test_the_customer_sees_where_the_whole_stands_and_the_whole_hears_what_they_say(pair, lead, client):
    whole, part = pair
    part_tickets.attach(whole, [part], actor=lead)
    address = reverse("portal:track", args=[part.number, links.tracking_token(part)])

    page = client.get(address).content.decode()
    conversation.customer_says(fresh(part), "还要等多久？", actor=actors.CUSTOMER, channel="online")
    deliveries.drain()

    assert whole.number in page
    assert Notice.objects.filter(kind="customer_replied", user=fresh(whole).assignee_id).exists()


def test_attaching_and_taking_out_on_the_page(signed_in, pair):  # noqa: F811
    whole, part = pair
    client = signed_in("administrator")

    unknown = do(client, whole, "attach", others=f"{part.number} 209901-001", reason="", htmx=True)
    said = do(client, whole, "attach", others=part.number, reason="", htmx=True).content.decode()

    assert unknown.status_code == 422 and "209901-001" in unknown.content.decode()
    assert f"已挂为子工单：{part.number}" in said and f'href="{at(part)}"' in said
    assert "从上级工单拆出" in client.get(at(part)).content.decode()
    assert do(client, part, "detach", reason="另一台机器").status_code == 302
    assert fresh(part).parent_id is None
    assert "恢复为独立工单" in client.get(at(part)).content.decode()


def test_the_page_of_a_part_offers_no_reply_and_says_where_to_write(signed_in, pair):  # noqa: F811
    client = signed_in(factories.staff(Role.ADMINISTRATOR))
    actor = actors.staff(client.user)
    whole, part = pair[0], factories.beside(pair[0])
    before = client.get(at(part)).content.decode()
    part_tickets.attach(fresh(whole), [fresh(part)], actor=actor)
    assignment.accept(fresh(part), actor=actor)

    page = client.get(at(part)).content.decode()

    assert 'name="kind" value="reply"' in before
    assert 'name="kind" value="reply"' not in page and 'name="kind" value="progress"' not in page
    assert 'name="kind" value="note"' in page and 'name="then" value="wait"' not in page
    assert f"本工单是 {whole.number} 的子工单" in page and f'{at(whole)}#composer"' in page
    offers = {action.name: why for action, why in offered(fresh(part), actor)}
    assert whole.number in offers["ask_customer"]
    refused = do(client, part, "message", kind="reply", body="您好")
    assert refused.status_code == 422
