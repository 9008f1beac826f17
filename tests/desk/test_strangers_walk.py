"""What a stranger stumbled over on the way through the desk, and must not again."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from apps.accounts.models import Department
from apps.core import actors
from apps.feedback.models import Message, Ticket
from apps.feedback.services import assignment, conversation, merging
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from tests import factories
from tests.casework.conftest import api_with, fresh_limits  # noqa: F401
from tests.desk.pages import at, do, now_of

pytestmark = pytest.mark.django_db
LONG = "核对地址，" * 101  # 505 characters
LOOKED = ("personal_data.revealed", "investigation.interviewee_revealed")


def nobody_looked():
    return not Event.objects.filter(kind__in=LOOKED).exists()


# A reason that is too long is said to be, everywhere, and nothing is shown or cut -------------------------------------


@pytest.mark.req("INT-06")
@pytest.mark.parametrize("field", ["phone", "given_email"])
def test_a_reason_of_more_than_500_characters_is_refused_in_the_workspace(signed_in, field):
    factories.ticket(name="欧阳娜娜", phone="13812345678", email="ouyang@example.com")
    made = factories.ticket(name="李雷", phone="13812345678", email="lilei@example.com")
    address = reverse("admin:desk_reveal", args=[made.number])

    answer = signed_in().post(address, {"field": field, "reason": LONG}, HTTP_HX_REQUEST="true")

    words = answer.content.decode()
    assert answer.status_code == 422 and "最多 500 个字，您输入了 505 个字" in words and LONG[:20] in words
    assert "13812345678" not in words and "lilei@example.com" not in words and nobody_looked()


@pytest.mark.req("INT-06")
def test_a_reason_of_more_than_500_characters_is_refused_on_the_customers_page(signed_in):
    made = factories.ticket(phone="13812345678")
    address = f"/admin/crm/customer/{made.customer_id}/reveal/"

    answer = signed_in("service_lead").post(address, {"field": "phone", "reason": LONG})

    assert "500" in answer.content.decode() and "13812345678" not in answer.content.decode() and nobody_looked()


@pytest.mark.req("INT-06")
def test_a_reason_of_more_than_500_characters_is_refused_by_the_api(signed_in, api_with):  # noqa: F811
    made = factories.ticket(phone="13812345678")
    address = f"/api/v1/tickets/{made.number}/?personal_data=clear&reason={LONG}"
    key = api_with("tickets:read", "personal_data:read")

    for answer in (signed_in().get(address), key.client.get(address, headers=key.headers)):
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/reason"
        assert answer.json()["errors"][0]["code"] == "core.too_long" and "13812345678" not in answer.content.decode()
    assert nobody_looked()


@pytest.mark.req("INT-06")
def test_what_was_given_this_time_is_as_restricted_as_the_record(signed_in):
    factories.ticket(name="欧阳娜娜", phone="13812345678", email="ouyang@example.com")
    made = factories.ticket(name="李雷", phone="13812345678", email="lilei@example.com")
    type(made.customer).objects.filter(pk=made.customer_id).update(restricted_at=made.received_at)
    address = reverse("admin:desk_reveal", args=[made.number])

    answer = signed_in().post(address, {"field": "given_email", "reason": "回信"}, HTTP_HX_REQUEST="true")

    assert answer.status_code == 422 and "lilei@example.com" not in answer.content.decode() and nobody_looked()


# Merging into what one may not see ------------------------------------------------------------------------------------


@pytest.mark.req("ADM-02")
def test_nobody_merges_into_a_hidden_ticket_by_way_of_one_they_see(signed_in):
    lead = factories.staff_actor("administrator")
    quality, logistics = (Department.objects.get(code=code) for code in ("quality", "logistics"))
    hidden, bridge, mine = (factories.ticket("客户的保险柜密码问题"), factories.ticket(), factories.ticket())
    Ticket.objects.filter(pk__in=[bridge.pk, mine.pk]).update(customer=hidden.customer_id)
    for each, department in ((hidden, quality), (bridge, logistics), (mine, logistics)):
        assignment.assign(now_of(each), actor=lead, department=department)
    merging.merge(now_of(bridge), now_of(hidden), actor=lead, reason="同一问题")
    client = signed_in("department_handler", "logistics")

    looked = client.get(reverse("admin:desk_find_ticket", args=[mine.number]), {"for": "merge", "into": bridge.number})
    refused = do(client, mine, "merge", into=bridge.number, reason="同一问题")

    assert hidden.title not in looked.content.decode() and "what-happens" not in looked.content.decode()
    assert refused.status_code == 422 and "没有这个编号" in refused.content.decode()
    assert now_of(mine).state == "assigned"


# By which way it goes -------------------------------------------------------------------------------------------------


@pytest.mark.req("HND-07")
@pytest.mark.parametrize(
    ("contact", "way"),
    [
        ({"phone": "13812345678", "email": ""}, "短信 138****5678"),
        ({"phone": "", "email": "li@example.com"}, "邮件 l***@example.com"),
        ({"phone": "13812345678", "email": "li@example.com", "preferred_channel": "email"}, "邮件 l***@example.com"),
        # Wants e-mail and gave none: what happens is said, not what was wished for.
        ({"phone": "13812345678", "email": "", "wants": "email"}, "短信 138****5678"),
    ],
)
def test_the_composer_says_by_which_way_and_the_message_goes_there(signed_in, contact, way):
    client = signed_in()
    wants = contact.get("wants", "")
    made = factories.ticket(contact=factories.contact(**{k: v for k, v in contact.items() if k != "wants"}))
    if wants:
        Ticket.objects.filter(pk=made.pk).update(contact_channel=wants)

    before = client.get(at(made)).content.decode()
    after = do(client, made, "message", kind="reply", body="明天上午给您回电。", htmx=True).content.decode()
    deliveries.drain()

    assert f"将通过{way}告知客户。" in before
    assert f"已发送，将通过{way}告知客户。" in after
    sent = OutgoingMessage.objects.get(template="staff_reply")
    assert str(sent.get_channel_display()) in ("SMS", "短信") if "短信" in way else sent.channel == "email"


@pytest.mark.req("HND-07")
def test_a_customer_who_wants_a_call_gets_a_call_to_make(signed_in):
    client = signed_in()
    made = factories.ticket(contact=factories.contact(phone="13812345678", preferred_channel="phone"))

    after = do(client, made, "message", kind="progress", body="配件明天到，11月25日上门。", htmx=True).content.decode()
    note = do(client, made, "message", kind="note", body="配件在途", htmx=True).content.decode()

    assert "已保存，并生成电话任务：138****5678。" in after
    assert "已保存，并生成电话任务" not in note and "已保存。" in note


@pytest.mark.req("HND-11")
def test_the_composer_of_a_child_leads_to_the_whole(signed_in):
    lead = factories.staff_actor("administrator")
    client = signed_in("administrator")
    whole = factories.ticket_in("in_progress", actor=lead)
    do(client, whole, "part", title="检测电池", department=Department.objects.get(code="quality").pk)
    part = Ticket.objects.get(parent=whole)

    assert f"请在 {whole.number} 上回复客户。" in client.get(at(part)).content.decode()


# A text message is a text message -------------------------------------------------------------------------------------


@pytest.mark.req("INT-01", "SUR-02")
def test_a_text_message_from_a_customer_says_sms(signed_in):
    from apps.core import clock
    from apps.feedback.services import survey_sms

    cache.clear()
    made = factories.ticket(phone="13912340001")
    survey_sms.take(survey_sms.Incoming("MO9", "13912340001", "师傅什么时候来？", clock.now()))

    assert Message.objects.get(ticket=made).channel == "sms"
    page = signed_in().get(at(made)).content.decode()
    assert "短信 ·" in page[page.index("师傅什么时候来？") - 900 : page.index("师傅什么时候来？")]


# Small things ---------------------------------------------------------------------------------------------------------


def test_one_entry_of_the_sidebar_is_the_present_one(signed_in):
    client = signed_in()
    for query, label in (("", "新建工单"), ("?channel=store", "门店受理")):
        navigation = client.get(reverse("admin:desk_new") + query).context["sidebar_navigation"]
        here = [str(item["title"]) for group in navigation for item in group["items"] if item["active"]]
        assert here == [label]


def test_an_interview_asks_when_not_for_a_condition(signed_in):
    made = factories.ticket_in("in_progress")
    address = reverse("admin:desk_form", args=[made.number, "interview"])

    assert "谈话时间" in signed_in().get(address, HTTP_HX_REQUEST="true").content.decode()


@pytest.mark.parametrize("kind", ["note", "call", "test_report"])
@pytest.mark.django_db(transaction=True)
def test_what_stays_inside_is_said_to_stay_inside(kind, live_site, page, signed_in):
    from playwright.sync_api import expect

    made, client = factories.ticket_in("in_progress"), signed_in()
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_site.url}])
    page.goto(live_site.url + at(made))
    page.locator(f"#composer [name=kind][value={kind}]").check(force=True)

    expect(page.locator("#composer .hint.inside")).to_be_visible()
    expect(page.locator("#composer .hint.to-customer")).to_be_hidden()


def test_customers_words_go_on_being_shown_with_their_door(signed_in):
    made = factories.ticket()
    conversation.customer_says(made, "还要等多久？", actor=actors.CUSTOMER, channel="wechat")

    assert "微信 ·" in signed_in().get(at(made)).content.decode()
