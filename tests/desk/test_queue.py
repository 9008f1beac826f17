from datetime import timedelta

import pytest
from django.urls import reverse

from apps.accounts.models import Department
from apps.casework.models import SavedView
from apps.core import actors, clock
from apps.desk import navigation
from apps.feedback.models import Ticket
from apps.feedback.selectors import queue
from apps.feedback.selectors.queue import COUNT_LIMIT, Filters, Tab
from apps.journal.models import Event
from apps.triage.models import Category
from tests.factories import UserFactory, contact, staff, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db

QUEUE = "/admin/queue/"


def move(one: Ticket, **fields: object) -> None:
    Ticket.objects.filter(pk=one.pk).update(**fields)


def shown(tab: str, actor: actors.Actor, filters: Filters | None = None, **place: str) -> list[str]:
    return [t.number for t in queue.page(tab, filters or Filters(), actor, now=clock.now(), **place).tickets]


@pytest.mark.req("CLS-06")
def test_the_queue_is_ordered_by_the_next_deadline_moved_forward_by_priority():
    calm, urgent = ticket("请问保修期多久？", kind="inquiry"), ticket("漏电，手被麻了一下！", urgency="critical")
    actor = staff_actor("administrator")

    assert shown(Tab.ALL, actor) == [urgent.number, calm.number]


def test_each_tab_holds_what_it_says():
    lead = staff("service_lead")
    actor, now = actors.staff(lead), clock.now()
    made = {
        state: ticket_in(state)
        for state in ("pending", "in_progress", "waiting", "solution_approval", "second_follow_up", "closed")
    }
    move(made["pending"], department_id=lead.department_id)
    move(
        made["in_progress"],
        assignee_id=lead.pk,
        next_due_at=now - timedelta(hours=1),
        queue_at=now - timedelta(hours=2),
    )
    move(made["pending"], next_due_at=now + timedelta(hours=1), queue_at=now)
    numbers = {state: each.number for state, each in made.items()}

    assert shown(Tab.MINE, actor) == [numbers["in_progress"]]
    assert numbers["pending"] in shown(Tab.DEPARTMENT, actor)
    assert shown(Tab.UNACCEPTED, actor) == [numbers["pending"]]
    assert shown(Tab.SOON, actor) == [numbers["pending"]]
    assert shown(Tab.LATE, actor) == [numbers["in_progress"]]
    assert shown(Tab.WAITING, actor) == [numbers["waiting"]]
    assert shown(Tab.APPROVAL, actor) == [numbers["solution_approval"]]
    assert shown(Tab.FOLLOW_UP, actor) == [numbers["second_follow_up"]]
    assert set(shown(Tab.ALL, actor)) == set(numbers.values()) - {numbers["closed"]}
    assert set(shown(Tab.ANY, actor)) == set(numbers.values())


def test_counts_agree_with_the_tabs():
    for state in ("pending", "pending", "in_progress", "waiting", "closed"):
        ticket_in(state)
    actor = staff_actor("administrator")

    counts = queue.counts(actor, clock.now())

    assert counts == {tab.value: len(shown(tab, actor)) for tab in queue.COUNTED}
    assert counts[Tab.ALL] == 4


def test_counts_stop_at_their_limit(monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 2)
    for _ in range(4):
        ticket()

    assert queue.counts(staff_actor("administrator"), clock.now())[Tab.ALL] == 2
    assert COUNT_LIMIT == 100


def test_pages_go_by_key_forward_and_back():
    moments = [clock.now() + timedelta(hours=n // 2) for n in range(7)]  # pairs share a moment: the id decides
    for moment in moments:
        move(ticket(), queue_at=moment)
    actor, everything = staff_actor("administrator"), []

    first = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), size=3)
    second = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), size=3, after=first.next)
    third = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), size=3, after=second.next)
    back = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), size=3, before=third.previous)

    for page in (first, second, third):
        everything += [t.pk for t in page.tickets]
    assert everything == list(Ticket.objects.order_by("queue_at", "id").values_list("pk", flat=True))
    assert (first.previous, third.next) == ("", "")
    assert [t.pk for t in back.tickets] == [t.pk for t in second.tickets]


def test_with_closed_tickets_the_newest_stands_first_and_pages_go_on():
    made = [ticket().number for _ in range(5)]
    actor = staff_actor("administrator")

    first = queue.page(Tab.ANY, Filters(), actor, now=clock.now(), size=2)
    second = queue.page(Tab.ANY, Filters(), actor, now=clock.now(), size=2, after=first.next)
    back = queue.page(Tab.ANY, Filters(), actor, now=clock.now(), size=2, before=second.previous)

    assert [t.number for t in (*first.tickets, *second.tickets)] == made[:0:-1]
    assert [t.number for t in back.tickets] == [t.number for t in first.tickets]


@pytest.mark.parametrize("key", ["x", "~", "2026-13-01~z", "a~b~c", "\x00"])
def test_a_mangled_key_begins_at_the_beginning(key, signed_in):
    ticket()

    assert signed_in("administrator").get(QUEUE, {"tab": "all", "after": key}).status_code == 200


def test_filters_narrow_and_can_be_combined():
    actor = staff_actor("administrator")
    fault = ticket("空调制热效果差", kind="fault", channel="hotline")
    wanted = ticket("物流延迟，一直没有收到货", kind="complaint", channel="hotline", urgency="urgent")
    ticket("物流延迟，一直没有收到货", kind="complaint")
    today = clock.local(clock.now()).date()

    assert shown(Tab.ALL, actor, Filters(kind=("complaint",), channel=("hotline",))) == [wanted.number]
    assert shown(Tab.ALL, actor, Filters(urgency=("urgent", "critical"))) == [wanted.number]
    assert shown(Tab.ALL, actor, Filters(customer=fault.customer_id)) == [fault.number]
    assert shown(Tab.ALL, actor, Filters(category=(fault.category_id,), kind=("complaint",))) == []
    assert len(shown(Tab.ALL, actor, Filters(received=(today, today), number=wanted.number[:6]))) == 3
    assert shown(Tab.ALL, actor, Filters(received=(today - timedelta(3), today - timedelta(1)))) == []


@pytest.mark.req("ADM-02")
def test_a_department_sees_its_own_tickets_as_lead_and_as_helper():
    handler = staff_actor("department_handler", "logistics")
    logistics = handler.user.department_id
    own, helping, other = ticket(), ticket(), ticket()
    move(own, department_id=logistics)
    elsewhere = Department.objects.exclude(pk=logistics).first()
    move(helping, department_id=elsewhere.pk, collaborator_ids=[logistics])
    move(other, department_id=elsewhere.pk, collaborator_ids=[])

    assert set(shown(Tab.ALL, handler)) == {own.number, helping.number}
    assert shown(Tab.DEPARTMENT, handler) == [own.number]
    assert queue.counts(handler, clock.now())[Tab.ALL] == 2


def test_the_page_shows_masked_customers_and_why_a_priority_is_high(signed_in):
    made = ticket("漏电，手被麻了一下！", urgency="critical", name="欧阳娜娜", phone="13812345678")

    page = signed_in("service_lead").get(QUEUE, {"tab": "all"}).content.decode()

    assert made.number in page
    assert "欧***" in page
    assert "欧阳娜娜" not in page
    assert "特急" in page
    assert f"why-{made.number}" in page


def test_without_the_right_to_tickets_the_queue_is_empty(signed_in):
    ticket()
    nobody = UserFactory(roles=[])

    page = signed_in(nobody).get(QUEUE, {"tab": "any"})

    assert page.context["rows"] == []


def test_a_number_leads_to_its_ticket_and_a_phone_to_the_customer_without_standing_in_the_address(signed_in):
    made = ticket(phone="13912345678")
    client = signed_in()
    find = reverse("admin:desk_find")

    to_ticket = client.post(find, {"find": made.number})
    to_customer = client.post(find, {"find": " 139 1234 5678 "})
    to_month = client.post(find, {"find": made.number[:6]})
    nothing = client.post(find, {"find": "乱码"}, follow=True)
    unknown = client.post(find, {"find": "13700001111"}, follow=True)

    assert to_ticket.url == f"/admin/tickets/{made.number}/"
    assert to_customer.url == f"{QUEUE}?tab=any&customer={made.customer_id}"
    assert made.number in client.get(to_customer.url).content.decode()
    assert to_month.url == f"{QUEUE}?tab=any&number={made.number[:6]}"
    assert "没有找到" in nothing.content.decode()
    assert unknown.redirect_chain == [(QUEUE, 302)]
    assert "没有客户使用这个电话或邮箱" in unknown.content.decode()


def test_new_arrivals_are_announced_with_the_filters_of_the_list(signed_in):
    client = signed_in("service_lead")
    ticket()
    since = queue.newest_id()
    ticket(kind="complaint")
    ticket(kind="inquiry")

    everything = client.get(reverse("admin:desk_news"), {"tab": "all", "since": since})
    complaints = client.get(reverse("admin:desk_news"), {"tab": "all", "kind": "complaint", "since": since})
    nonsense = client.get(reverse("admin:desk_news"), {"tab": "all", "since": "x"})

    assert "2 件新工单" in everything.content.decode()
    assert "1 件新工单" in complaints.content.decode()
    assert "新工单" not in nonsense.content.decode()


def test_a_bulk_step_tells_what_became_of_each_ticket(signed_in):
    client = signed_in("service_lead")
    pending, closed = ticket(), ticket_in("closed")
    chosen = {"step": "accept", "ticket": [pending.number, closed.number], "back": "tab=all"}

    page = client.post(reverse("admin:desk_bulk"), chosen, HTTP_HX_REQUEST="true").content.decode()

    assert "已受理" in page
    assert "已闭环”状态下不能执行此操作" in page
    assert Ticket.objects.get(pk=pending.pk).state == "in_progress"
    assert Ticket.objects.get(pk=closed.pk).state == "closed"
    assert Event.objects.filter(kind="ticket.accepted", subject_id=pending.pk, actor=client.user).count() == 1


def test_bulk_assignment_goes_by_every_rule(signed_in):
    client = signed_in("service_lead")
    logistics = staff("department_handler", "logistics")
    first, second = ticket(), ticket()
    given = {"step": "assign", "ticket": [first.number, second.number], "department": logistics.department_id,
             "assignee": logistics.pk, "reason": "属于物流", "back": "tab=all"}  # fmt: skip

    answer = client.post(reverse("admin:desk_bulk"), given)

    assert answer.url == f"{QUEUE}?tab=all"
    assert set(Ticket.objects.values_list("assignee", "state")) == {(logistics.pk, "assigned")}


def test_a_bulk_step_passes_over_what_one_may_not_see(signed_in):
    client = signed_in("department_handler", "logistics")
    foreign = ticket()
    move(foreign, department_id=Department.objects.get(code="finance").pk, collaborator_ids=[])

    client.post(reverse("admin:desk_bulk"), {"step": "accept", "ticket": [foreign.number]})

    assert Ticket.objects.get(pk=foreign.pk).state == "pending"


def test_the_queue_costs_the_same_however_many_tickets_it_shows(signed_in, count_queries, steady):
    who = contact()
    for _ in range(12):
        ticket(contact=who)
    ticket_in("waiting")
    client = signed_in("service_lead")
    client.get(QUEUE, {"tab": "all"})

    with count_queries("desk.queue"):
        client.get(QUEUE, {"tab": "all"})
    with count_queries("desk.queue_part"):
        client.get(QUEUE, {"tab": "all"}, HTTP_HX_REQUEST="true")
    with count_queries("desk.news"):
        client.get(reverse("admin:desk_news"), {"tab": "all", "since": queue.newest_id()})


@pytest.mark.req("HND-09")
def test_words_lead_to_marked_hits_which_cannot_bring_marks_of_their_own(signed_in):
    made = ticket("<script>alert(1)</script>无法开机，要求退货")
    client = signed_in()

    to_words = client.post(reverse("admin:desk_find"), {"find": " 無法開機  退货 "})
    body = client.get(to_words.url).content.decode()

    assert to_words.url == f"{QUEUE}?tab=any&q=%E7%84%A1%E6%B3%95%E9%96%8B%E6%A9%9F+%E9%80%80%E8%B4%A7"
    assert made.number in body
    assert "<mark>无法开机</mark>" in body
    assert "<script>alert" not in body
    assert 'value="無法開機 退货"' in body


@pytest.mark.parametrize("words", ["-退款", '"', "' OR 1=1 --", "a & | !", "\\", "的", "%", "x" * 900])
def test_no_search_breaks_the_page(words, signed_in):
    ticket()
    client = signed_in("service_lead")

    assert client.get(QUEUE, {"tab": "any", "q": words}).status_code == 200
    assert client.post(reverse("admin:desk_find"), {"find": words}, follow=True).status_code == 200


@pytest.mark.req("ADM-02")
def test_the_palette_finds_words_and_tells_nothing_of_what_one_may_not_see(rf):
    handler = staff("department_handler", "logistics")
    own, foreign = ticket("包裹破损，外箱压坏"), ticket("包裹破损，少了配件")
    move(own, department_id=handler.department_id)
    move(foreign, department_id=Department.objects.get(code="finance").pk, collaborator_ids=[])
    request = rf.get("/")
    request.user = handler

    found = [result.title for result in navigation.search(request, "包裹")]

    assert found == [f"{own.number} {own.title}"]
    assert navigation.search(request, "破") == []


def test_a_list_can_be_put_in_another_order_and_pages_go_on():
    actor = staff_actor("administrator")
    made = [ticket() for _ in range(4)]
    for score, one in zip((20, 90, 50, 90), made, strict=True):
        move(one, priority_score=score)

    first = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), size=2, sort=queue.Sort.PRIORITY)
    second = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), size=2, sort=queue.Sort.PRIORITY, after=first.next)
    back = queue.page(
        Tab.ALL, Filters(), actor, now=clock.now(), size=2, sort=queue.Sort.PRIORITY, before=second.previous
    )

    assert [t.pk for t in (*first.tickets, *second.tickets)] == [made[n].pk for n in (1, 3, 2, 0)]
    assert [t.pk for t in back.tickets] == [made[1].pk, made[3].pk]
    newest = queue.page(Tab.ALL, Filters(), actor, now=clock.now(), sort=queue.Sort.NEWEST)
    assert [t.pk for t in newest.tickets] == [t.pk for t in made[::-1]]
    assert queue.sorts(Tab.ANY, Filters()) == [queue.Sort.NEWEST]


# Saved views ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-09")
def test_a_list_is_kept_as_a_view_and_its_address_works_for_whoever_gets_it(signed_in):
    client, colleague = signed_in("service_lead"), signed_in("service_staff")
    ticket("洗衣机漏水", kind="fault")
    ticket("发货太慢", kind="complaint")
    listed = "tab=all&kind=fault&q=漏水&sort=newest&after=~x&junk=1"

    answer = client.post(reverse("admin:desk_save_view"), {"list": listed, "name": "漏水故障"})
    saved = SavedView.objects.get()
    page, theirs = client.get(answer.url), colleague.get(answer.url)

    assert saved.query == "tab=all&kind=fault&q=%E6%BC%8F%E6%B0%B4&sort=newest"
    assert answer.url == f"{QUEUE}?{saved.query}&view={saved.pk}"
    assert [tab.label for tab in page.context["tabs"] if tab.here] == ["漏水故障"]
    assert [tab.count for tab in page.context["tabs"] if tab.name == "view"] == ["1"]
    assert [row.ticket.kind for row in theirs.context["rows"]] == ["fault"]
    assert [tab for tab in theirs.context["tabs"] if tab.name == "view"] == []


def test_a_changed_view_can_be_saved_by_whoever_may(signed_in):
    client, colleague = signed_in("service_lead"), signed_in("service_staff")
    client.post(reverse("admin:desk_save_view"), {"list": "tab=late", "name": "超时", "audience": "all"})
    saved = SavedView.objects.get()
    changed = {"tab": "late", "kind": "complaint", "view": saved.pk}

    assert "保存到“超时”" in client.get(QUEUE, changed).content.decode()
    assert "保存到“超时”" not in colleague.get(QUEUE, changed).content.decode()
    refused = colleague.post(reverse("admin:desk_save_view"), {"list": "tab=all", "into": saved.pk}, follow=True)
    client.post(reverse("admin:desk_save_view"), {"list": "tab=late&kind=complaint", "into": saved.pk})

    assert "无权" in refused.content.decode() or "没有权限" in refused.content.decode()
    assert SavedView.objects.get().query == "tab=late&kind=complaint"


def test_the_queue_opens_with_the_chosen_view_and_views_are_managed_on_their_page(signed_in):
    client = signed_in("service_lead")
    for name in ("甲", "乙"):
        client.post(reverse("admin:desk_save_view"), {"list": "tab=waiting&kind=fault", "name": name})
    first, second = SavedView.objects.order_by("created_at")

    def step(saved: SavedView, name: str, **typed: str):
        return client.post(reverse("admin:desk_change_view", args=[saved.pk]), {"step": name, **typed})

    assert client.get(QUEUE).status_code == 200
    step(second, "default")
    assert client.get(QUEUE).url == f"{QUEUE}?{second.query}&view={second.pk}"
    step(second, "no_default")
    assert client.get(QUEUE).status_code == 200
    step(first, "up")
    named = step(first, "save", **{f"{first.pk}-name": "丙", f"{first.pk}-audience": "all"})
    twice = step(second, "save", **{f"{second.pk}-name": "丙", f"{second.pk}-audience": "private"})
    page = client.get(reverse("admin:desk_views"))

    assert named.status_code == 302
    assert (twice.status_code, "同名视图" in twice.content.decode()) == (422, True)
    assert [line["view"].name for line in page.context["lines"]] == ["丙", "乙"]
    step(first, "delete")
    assert list(SavedView.objects.all()) == [second]
    assert (
        signed_in("service_staff")
        .post(reverse("admin:desk_change_view", args=[second.pk]), {"step": "delete"})
        .status_code
        == 404
    )


def test_a_view_that_names_what_is_gone_says_so(signed_in):
    client = signed_in("service_lead")
    category = Category.objects.get(slug="logistics")
    client.post(reverse("admin:desk_save_view"), {"list": f"tab=all&category={category.pk}", "name": "物流"})
    saved = SavedView.objects.get()
    Category.objects.filter(pk=category.pk).update(active=False)

    page = client.get(f"{QUEUE}?{saved.query}&view={saved.pk}")

    assert page.context["lost"] == [f"分类: {category.name}"]
    assert "已不存在，未计入本列表" in page.content.decode()
    assert [bool(tab.lost) for tab in page.context["tabs"] if tab.name == "view"] == [True]
    assert "已不存在" in client.get(reverse("admin:desk_views")).content.decode()


def test_a_search_costs_the_same_however_much_it_finds(signed_in, count_queries, steady):
    for _ in range(7):
        ticket("洗衣机漏水")
    client = signed_in("service_lead")
    for n in range(3):
        client.post(
            reverse("admin:desk_save_view"), {"list": f"tab=all&q=漏水&kind=fault&number=20{n}", "name": f"v{n}"}
        )
    client.get(QUEUE, {"tab": "any", "q": "漏水"})

    with count_queries("desk.queue_search"):
        client.get(QUEUE, {"tab": "any", "q": "漏水"})
