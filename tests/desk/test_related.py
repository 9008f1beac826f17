"""The workspace on how tickets hang together: the card, the forms with their search and preview, tags, marks."""

import pytest
from django.urls import reverse

from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.core import actors
from apps.feedback.models import Tag, Ticket, TicketLink
from apps.feedback.services import conversation, merging, nudges, parts, relations, tagging
from apps.feedback.services.parts import PartDraft
from tests import factories
from tests.desk.pages import at, do, now_of

pytestmark = pytest.mark.django_db
TEXT = "吸尘器用了两天就无法开机了，要求换货。"


@pytest.fixture
def lead():
    return factories.staff_actor(Role.ADMINISTRATOR)


def find(client, ticket, **query):
    return client.get(reverse("admin:desk_find_ticket", args=[ticket.number]), query).content.decode()


@pytest.mark.req("INT-08")
def test_a_repeat_is_shown_on_both_and_taken_apart_with_a_reason(signed_in):
    client = signed_in()
    first = factories.ticket(TEXT)
    again = factories.beside(first, TEXT)
    for one, other in ((first, again), (again, first)):
        page = client.get(at(one)).content.decode()
        assert f'href="{at(other)}"' in page[page.index('id="related"') :]
    assert do(client, again, "not_repeat", reason="").status_code == 422
    assert do(client, again, "not_repeat", reason="第二台机器").status_code == 302
    assert now_of(again).repeat_of_id is None
    assert "不是同一问题" in client.get(at(first)).content.decode()


@pytest.mark.req("INT-08")
def test_looking_for_a_ticket_to_merge_into_shows_what_would_happen(signed_in):
    client = signed_in()
    target = factories.ticket(TEXT, urgency="urgent")
    ticket = factories.beside(target)
    assert target.number in find(client, ticket, into="", **{"for": "merge"})
    assert target.number in find(client, ticket, into="吸尘器", **{"for": "merge"})
    preview = find(client, ticket, into=target.number, **{"for": "merge"})
    assert "由" in preview and target.number in preview
    chosen = find(client, ticket, choose=target.number, **{"for": "merge"})
    assert 'hx-swap-oob="true"' in chosen and f'value="{target.number}"' in chosen
    stranger = factories.ticket()
    assert "另一位客户" in find(client, ticket, into=stranger.number, **{"for": "merge"})
    assert do(client, ticket, "merge", into=stranger.number, reason="").status_code == 422
    assert now_of(ticket).state == "pending"


@pytest.mark.req("INT-08")
def test_merging_and_taking_out_again_on_the_page(signed_in):
    client = signed_in()
    target = factories.ticket(TEXT)
    ticket = factories.beside(target, "充电灯也不亮，一直没人联系。")
    said = do(client, ticket, "merge", into=target.number, reason="同一台机器", htmx=True)
    assert said.status_code == 200 and now_of(ticket).merged_into_id == target.pk
    conversation.customer_says(ticket, "还要等多久？", actor=actors.CUSTOMER, channel="online")
    page = client.get(at(target)).content.decode()
    assert "还要等多久？" in page and "充电灯也不亮" in page and 'class="origin"' in page
    assert "已合并" in client.get(at(ticket)).content.decode()
    assert do(client, ticket, "unmerge", reason="两台机器").status_code == 302
    assert now_of(ticket).state == "pending"


@pytest.mark.req("HND-08")
def test_a_stale_page_does_not_merge(signed_in):
    client = signed_in()
    target = factories.ticket(TEXT)
    ticket = factories.beside(target)
    assert do(client, ticket, "merge", into=target.number, version=99).status_code == 422
    assert now_of(ticket).state == "pending"


@pytest.mark.req("HND-11")
def test_a_child_holds_back_with_a_link_to_it(signed_in, lead):
    client = signed_in("administrator")
    whole = factories.ticket_in("in_progress", actor=lead)
    factories.plan(whole, lead)
    department = Department.objects.get(code="quality")
    assert do(client, whole, "part", title="检测电池", department=department.pk).status_code == 302
    part = Ticket.objects.get(parent=whole)
    page = client.get(at(whole)).content.decode()
    assert f'<a href="{at(part)}">{part.number}</a>' in page, "the step that is held back leads to what holds it"
    assert do(client, whole, "resolve", result="好了").status_code == 422
    assert now_of(whole).state == "in_progress"
    assert whole.number in client.get(at(part)).content.decode()


@pytest.mark.req("HND-11", "ADM-02")
def test_who_may_not_open_a_child_sees_its_number_only(signed_in, lead):
    after_sales = Department.objects.get(code="after_sales")
    whole = factories.ticket_in("in_progress", actor=lead)
    Ticket.objects.filter(pk=whole.pk).update(department=after_sales, collaborator_ids=[])
    part = parts.create(whole, PartDraft("只给质量部看", Department.objects.get(code="quality")), actor=lead)
    page = signed_in("department_handler", "after_sales").get(at(whole)).content.decode()
    assert part.number in page and "只给质量部看" not in page and at(part) not in page


@pytest.mark.req("HND-09")
def test_several_tickets_are_linked_at_once_and_unlinked_one_by_one(signed_in):
    client = signed_in()
    problem, *others = (factories.ticket() for _ in range(3))
    numbers = f"{others[0].number}， {others[1].number}"
    assert do(client, problem, "link", relation="causes", others=numbers, reason="批次").status_code == 302
    assert TicketLink.objects.filter(target=problem, kind="caused_by").count() == 2
    assert do(client, problem, "link", relation="related", others="202401-999").status_code == 422
    row = TicketLink.objects.first()
    assert do(client, problem, "unlink", row=row.pk).status_code == 302
    assert TicketLink.objects.count() == 1


@pytest.mark.req("CLS-08")
def test_tags_are_put_on_completed_suggested_and_lead_to_the_queue(signed_in):
    client = signed_in()
    ticket, other = factories.ticket(), factories.ticket()
    Tag.objects.create(name="批次b2605", uses=3)
    assert do(client, ticket, "tag", tag="批次B2605， 电池").status_code == 302
    assert now_of(ticket).tags == ["批次b2605", "电池"]
    options = client.get(reverse("admin:desk_tags"), {"tag": "电池, 批次"}).content.decode()
    assert 'value="电池, 批次b2605"' in options
    page = client.get(reverse("admin:desk_queue"), {"tab": "any", "tag": "批次b2605"}).content.decode()
    assert ticket.number in page and other.number not in page and "标签：批次b2605" in page
    assert do(client, ticket, "untag", tag="电池").status_code == 302
    assert now_of(ticket).tags == ["批次b2605"]
    assert do(client, ticket, "tag", tag="13812345678").status_code == 422


@pytest.mark.req("HND-11")
def test_a_nudge_taken_on_the_phone_is_seen_on_ticket_and_queue(signed_in):
    client = signed_in()
    ticket = factories.ticket()
    assert do(client, ticket, "nudge", reason="客户来电催促").status_code == 302
    nudges.nudge(now_of(ticket), actor=factories.staff_actor())
    assert "催单 2 次" in client.get(at(ticket)).content.decode()
    assert "催单 2 次" in client.get(reverse("admin:desk_queue"), {"tab": "all"}).content.decode()


@pytest.mark.req("ADM-02")
def test_whoever_only_looks_sees_the_card_without_its_steps(signed_in):
    first = factories.ticket(TEXT)
    again = factories.beside(first, TEXT)
    page = signed_in("auditor").get(at(again)).content.decode()
    assert first.number in page and "do/not_repeat/" not in page
    assert do(signed_in("auditor"), again, "not_repeat", reason="x").status_code in (403, 409, 422)
    assert now_of(again).repeat_of_id == first.pk


def test_the_story_tells_each_of_it_in_words(signed_in, lead):
    first = factories.ticket(TEXT)
    again = factories.beside(first, TEXT)
    other = factories.beside(first, "发票开错了，请重开。")
    relations.link(first, [other], "related", actor=lead, reason="同一客户")
    tagging.add(first, "电池", actor=lead)
    merging.merge(again, first, actor=lead)
    merging.unmerge(again, actor=lead, reason="分开")
    nudges.nudge(first, actor=lead)
    page = signed_in().get(at(first)).content.decode()
    for words in ("同一问题再次反馈", "并入其他工单", "建立关联", "标签变更", "客户催单", again.number):
        assert words in page, words
    assert "ticket.merged_in" not in page[: page.index("evidence")]
