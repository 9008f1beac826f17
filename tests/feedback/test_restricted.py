"""Tickets of a customer whose data is restricted stand in no ordinary list (LAW-05)."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.retention import people
from apps.core import actors, clock
from apps.feedback.models import SearchText, Ticket
from apps.feedback.selectors import queue, relations
from apps.feedback.selectors.queue import Filters, Listing, Tab
from apps.feedback.services import conversation, erasure
from apps.feedback.states import MessageKind
from apps.journal.models import Event
from apps.triage import sources
from tests.api.conftest import api, api_with  # noqa: F401
from tests.desk.conftest import signed_in  # noqa: F401
from tests.factories import UserFactory, staff, staff_actor, ticket, ticket_in

pytestmark = [pytest.mark.django_db, pytest.mark.req("LAW-05")]
SEES_ALL = ("feedback.view_ticket", "feedback.view_all_tickets", "feedback.handle_ticket")


@pytest.fixture
def mine():
    """A restricted customer's open ticket, in work."""
    made = ticket_in("in_progress", name="欧阳若兰", phone="13912345678")
    people.restrict(made.customer, actor=staff_actor(Role.ADMINISTRATOR), reason="本人申请删除")
    return Ticket.objects.get(pk=made.pk)


@pytest.fixture
def other():
    return ticket_in("in_progress", name="王小明", phone="13800138000")


def holding(*rights):
    user = UserFactory(staff_number=f"H{len(rights)}")
    user.user_permissions.set(Permission.objects.filter(codename__in=[right.partition(".")[2] for right in rights]))
    return actors.staff(user)


@pytest.fixture
def handler():
    return holding(*SEES_ALL)


@pytest.fixture
def keeper():
    return holding(*SEES_ALL, "billing.handle_data_request")


def listed(actor, tab=Tab.ALL, **filters):
    return {row.pk for row in queue.page(tab, Filters(**filters), actor, now=clock.now()).tickets}


def test_lists_counts_and_searches_leave_them_out(mine, other, handler):
    everything = Listing(Tab.ALL)

    assert listed(handler) == listed(handler, Tab.ANY) == {other.pk}
    assert queue.counts(handler, clock.now(), {"view": everything})["view"] == 1
    assert listed(handler, Tab.ANY, customer=mine.customer_id) == set()
    assert listed(handler, Tab.ANY, number=mine.number) == set()
    assert listed(handler, Tab.ANY, words="吸尘器") == {other.pk}
    assert queue.chosen(handler, [mine.number, other.number]) == [other]
    assert {found.pk for found in relations.find(other, mine.number, handler)} == set()


def test_whoever_works_on_data_requests_goes_on_seeing_them(mine, other, keeper):
    assert listed(keeper) == {mine.pk, other.pk}
    assert queue.chosen(keeper, [mine.number]) == [mine]


def test_the_page_opens_by_its_number_and_says_so(mine, signed_in):  # noqa: F811
    client = signed_in(staff(Role.SERVICE_STAFF))
    Ticket.objects.filter(pk=mine.pk).update(assignee=client.user)

    page = client.get(reverse("admin:desk_ticket", args=[mine.number])).content.decode()

    assert "已限制：仅保存" in page
    assert 'name="kind" value="reply"' not in page
    assert mine.number not in client.get(reverse("admin:desk_queue")).content.decode()


def test_the_customers_page_says_so(mine, signed_in):  # noqa: F811
    client = signed_in(staff(Role.SERVICE_LEAD))

    page = client.get(reverse("admin:crm_customer_change", args=[mine.customer_id])).content.decode()

    assert f"自 {clock.local(clock.now()):%Y-%m-%d} 起限制处理" in page


def test_no_key_of_the_api_lists_them(mine, other, api):  # noqa: F811
    rows = api.get("tickets/").json()["results"]

    assert [row["number"] for row in rows] == [other.number]
    assert api.get("tickets/", customer=str(mine.customer_id)).json()["results"] == []


def test_nothing_is_learned_from_them(mine, other, keeper):
    found = sources.current().waiting(actor=keeper, limit=10)

    assert [row.name for row in found] == [other.number]


def test_a_note_does_not_make_them_found_again(mine, handler):
    conversation.add(mine, MessageKind.NOTE, "等待数据申请处理", actor=handler)

    assert not SearchText.objects.filter(ticket=mine).exists()


def test_they_come_back_when_the_restriction_ends(mine, handler):
    people.lift(mine.customer, actor=staff_actor(Role.ADMINISTRATOR), reason="误操作")

    assert listed(handler) == listed(handler, Tab.ANY, words="吸尘器") == {mine.pk}


def test_an_erased_ticket_names_nobody_and_is_listed_for_its_figures(mine, handler):
    erasure.erase_ticket(mine, actor=staff_actor(Role.ADMINISTRATOR), reason="期限届满")

    assert listed(handler) == {mine.pk}
    assert Event.objects.filter(kind="ticket.erased", subject_id=mine.pk).exists()


@pytest.mark.usefixtures("rules_at_hand")
def test_no_query_more_and_the_queues_index_still_answers(mine, handler, django_assert_num_queries):
    """The flag stands on the ticket: no join, and what the index orders is only looked at once more."""
    for _ in range(3):
        ticket()
    assert handler.can("feedback.view_ticket")  # the rights are read
    with django_assert_num_queries(3):  # the page, its categories, its departments
        queue.page(Tab.ALL, Filters(), handler, now=clock.now())
    sql, params = queue.in_tab(Tab.ALL, handler, clock.now()).order_by("queue_at", "id")[:50].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")  # three rows are soon sorted; can the index do it?
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ticket_queue" in plan and "Sort" not in plan and "crm_customer" not in plan
