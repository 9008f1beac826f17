import pytest
from django.contrib import admin
from django.forms import model_to_dict
from django.urls import reverse
from django.utils import translation

from apps.desk import navigation
from apps.feedback.models import DeskRules, VaguePhrase
from apps.feedback.selectors import rules
from apps.journal.models import Event
from tests.factories import make_customer, staff, ticket

pytestmark = pytest.mark.django_db

LABELS = [label for _group, items in navigation.LISTS for label, _icon in items]


def lists() -> list[str]:
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
    ]


@pytest.mark.req("ADM-05")
def test_every_list_opens_for_an_administrator_and_speaks_chinese(signed_in):
    ticket()
    client = signed_in("administrator")

    for address in lists():
        page = client.get(address, follow=True)
        assert page.status_code == 200, address
        assert "客户反馈工作台" in page.content.decode(), address


def test_every_list_stands_in_the_sidebar_or_is_reached_from_one():
    aside = {"axes.accessattempt", "axes.accesslog", "axes.accessfailurelog"}

    assert {m._meta.label_lower for m in admin.site._registry} - aside == {label.lower() for label in LABELS}


@pytest.mark.req("ADM-01")
@pytest.mark.parametrize(
    ("role", "offered", "withheld"),
    [
        ("administrator", ["规则", "人员与权限", "存证", "新建工单"], []),
        ("auditor", ["存证", "队列"], ["新建工单"]),
        ("service_staff", ["新建工单", "队列"], ["人员与权限"]),
        ("finance_officer", ["队列"], ["新建工单", "人员与权限"]),
    ],
)
def test_the_sidebar_offers_what_a_role_may_open(role, offered, withheld, signed_in):
    client = signed_in(role)

    page = client.get("/admin/queue/")
    body = page.content.decode()

    for words in offered:
        assert words in body
    for words in withheld:
        assert words not in body
    for group in page.context["sidebar_navigation"]:
        for item in group["items"]:
            assert client.get(item["link"], follow=True).status_code == 200, item["link"]


def test_nobody_gets_in_without_signing_in(client):
    for name, arguments in (("index", []), ("desk_queue", []), ("desk_new", []), ("desk_ticket", ["202611-001"])):
        answer = client.get(reverse(f"admin:{name}", args=arguments))
        assert answer.status_code == 302
        assert "/admin/login/" in answer.url
    customer_like = staff(is_staff=False)
    client.force_login(customer_like, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/queue/").status_code == 302


def test_staff_pages_speak_chinese_whatever_the_browser_asks_for_unless_somebody_chose(client, signed_in):
    login = client.get("/admin/login/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    plain = signed_in().get("/admin/queue/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    english = signed_in(staff(language="en")).get("/admin/queue/").content.decode()
    chooser = signed_in(staff(language="en"))
    chooser.post("/i18n/setlang/", {"language": "zh-hans", "next": "/admin/"})
    chosen = chooser.get("/admin/queue/").content.decode()

    assert "登录" in login
    assert "未受理" in plain
    assert "Not accepted" in english
    assert "未受理" in chosen
    assert translation.get_language() == "zh-hans"  # nothing of it is left behind in this thread


def test_the_palette_finds_a_ticket_by_its_number_and_a_caller_by_phone(signed_in):
    made = ticket(phone="13812345678")
    client = signed_in()
    search = reverse("admin:search")

    by_number = client.get(search, {"s": made.number, "extended": "1"}).content.decode()
    by_phone = client.get(search, {"s": "13812345678", "extended": "1"}).content.decode()

    for answer in (by_number, by_phone):
        assert reverse("admin:desk_ticket", args=[made.number]) in answer


@pytest.mark.req("ADM-05")
def test_the_desks_rules_are_one_row_changed_with_a_record(signed_in):
    client = signed_in("administrator")
    change = reverse("admin:feedback_deskrules_change", args=[1])
    values = {**model_to_dict(DeskRules.objects.get()),
              "queue_minutes_per_point": 9, "due_soon_hours": 2, "free_cost": "50.00", "repeat_days": 30,
              "satisfied_from": 4, "supervisor_below": 3, "reopen_days": 15, "hotline": "400-100-2000"}  # fmt: skip

    to_the_row = client.get(reverse("admin:feedback_deskrules_changelist"))
    client.post(change, values)

    assert to_the_row.url == change
    row = DeskRules.objects.get()
    assert (row.queue_minutes_per_point, row.due_soon_hours, row.hotline) == (9, 2, "400-100-2000")
    event = Event.objects.get(kind="feedback.rules_changed")
    assert event.actor == client.user
    assert event.data["changes"]["due_soon_hours"] == ["4", "2"]
    assert rules() is not None


@pytest.mark.req("HND-02", "ADM-05")
def test_a_promise_wording_is_added_and_taken_away_with_a_record(signed_in):
    client = signed_in("administrator")

    client.post(reverse("admin:feedback_vaguephrase_add"),
                {"text": "改天再说", "effect": "vague", "language": "zh-hans", "active": "on"})  # fmt: skip
    added = VaguePhrase.objects.get(text="改天再说")
    client.post(reverse("admin:feedback_vaguephrase_delete", args=[added.pk]), {"post": "yes"})

    assert not VaguePhrase.objects.filter(text="改天再说").exists()
    assert Event.objects.filter(kind="feedback.promise_wording_changed").count() == 2
    assert signed_in("service_staff").get(reverse("admin:feedback_vaguephrase_add")).status_code == 403


def test_customers_lead_to_the_list_of_their_tickets(signed_in):
    known = make_customer(name="张三")

    page = signed_in().get("/admin/queue/", {"tab": "any", "customer": str(known.pk)}).content.decode()

    assert "客户：张*" in page
    assert "没有符合筛选条件的工单" in page


@pytest.mark.parametrize(("address", "status"), [("/admin/triage/keyword/", 403), ("/admin/tickets/209901-001/", 404)])
def test_from_a_page_that_is_not_theirs_staff_come_back_to_the_desk(signed_in, address, status):
    page = signed_in().get(address)
    words = page.content.decode()

    assert page.status_code == status
    assert reverse("admin:desk_queue") in words and "回到工作台" in words
    assert "专属链接" not in words and "前往反馈表单" not in words  # said to customers


def test_a_customer_is_not_led_to_the_desk(client):
    words = client.get("/t/209901-001/nothing/").content.decode()

    assert "专属链接" in words
    assert reverse("admin:desk_queue") not in words
