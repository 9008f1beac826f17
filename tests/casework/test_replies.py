import json
import re

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from apps.casework import placeholders
from apps.casework.models import ReplyTemplate
from apps.casework.selectors import replies as reads
from apps.casework.services import replies
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.journal.models import Event
from apps.triage.models import Category
from tests.desk.pages import at
from tests.factories import plan, staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db


def template(body: str, **given: object) -> ReplyTemplate:
    return ReplyTemplate.objects.create(**{"title": "测试话术", "body": body, **given})


def angry(one: Ticket, sentiment: float = -0.9) -> Ticket:
    Ticket.objects.filter(pk=one.pk).update(sentiment=sentiment)
    return Ticket.objects.select_related("customer", "category").get(pk=one.pk)


@pytest.mark.req("HND-06")
def test_shipped_templates_are_sound_and_many():
    shipped = ReplyTemplate.objects.filter(active=True)

    assert shipped.filter(language="zh-hans").count() >= 25 and shipped.filter(language="en").count() >= 5
    assert shipped.filter(tone="calming", language="zh-hans").count() >= 5
    assert all(placeholders.check(each.body) == [] for each in shipped)


@pytest.mark.req("HND-06")
def test_placeholders_are_filled_from_ticket_and_customer(clerk):
    one = ticket_in("in_progress", actor=clerk, serial_number="SN-7", order_number="DD9")
    made = template("{customer}您好，单号{number}，序列号{serial_number}，订单{order_number}，{department}处理。")

    text = replies.filled(made, one, actor=clerk)

    assert text == f"张三您好，单号{one.number}，序列号SN-7，订单DD9，{one.department}处理。"


@pytest.mark.req("HND-06", "INT-06")
def test_the_clear_name_needs_the_right_and_each_look_is_recorded(clerk):
    one = ticket_in("in_progress", actor=clerk)
    made, quality = template("{customer}您好"), staff_actor("quality", "quality")

    masked = replies.filled(made, one, actor=quality)
    assert masked == "张*您好" and not Event.objects.filter(kind="crm.personal_data_revealed").exists()

    assert replies.filled(made, one, actor=clerk) == "张三您好"
    look = Event.objects.get(subject_id=one.customer_id, reason="测试话术")
    assert look.actor_id == clerk.user_id and "张三" not in json.dumps(look.data, ensure_ascii=False)


@pytest.mark.req("HND-06")
def test_a_preview_shows_the_mask_and_records_no_look(clerk):
    one = ticket_in("in_progress", actor=clerk)
    before = Event.objects.count()

    assert reads.preview("{customer}您好", one, clerk) == "张*您好"
    assert Event.objects.count() == before


@pytest.mark.req("HND-06")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("您好{nmae}", "reply.unknown_placeholder"),
        ("您好{customer.phone}", "reply.stray_brace"),
        ("您好{ customer }", "reply.stray_brace"),
        ("您好{{customer}}", "reply.stray_brace"),
        ("您好}", "reply.stray_brace"),
        ("", "core.required"),
        ("啊" * 4001, "core.too_long"),
        ("您好\x00", "core.control_characters"),
    ],
)
def test_what_cannot_be_filled_is_refused_when_it_is_saved(body, code, lead):
    with pytest.raises(DomainErrors) as refused:
        replies.save(ReplyTemplate(title="新话术", body=body), actor=lead)

    assert code in {e.code for e in refused.value.errors}
    if "placeholder" in code:
        assert "{customer}" in refused.value.errors[0].words  # it names what is known


def test_a_line_whose_placeholders_are_all_empty_is_left_out(clerk):
    one = ticket_in("in_progress", actor=clerk)

    assert reads.preview("第一行\n发票 {invoice_number}\n末行", one, clerk) == "第一行\n末行"


def test_a_plan_lends_its_measures(clerk):
    one = ticket_in("in_progress", actor=clerk)
    plan(one, clerk)

    assert reads.preview("办法：{measures}", one, clerk) == "办法：3个工作日内完成配件更换"


@given(value=st.text(min_size=1, max_size=40), rest=st.text(alphabet="ab {}cu", max_size=20))
def test_a_filled_in_value_is_never_looked_at_again(value, rest):
    assert placeholders.fill("x{customer}y", {"customer": value}) == f"x{value}y"
    assert isinstance(placeholders.check(rest), list)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in placeholders.used(rest))


@pytest.mark.req("HND-06")
def test_an_upset_customer_brings_guidance_and_calming_templates_first(clerk):
    calm = ticket_in("in_progress", actor=clerk, text="请问保修期多久？", kind="inquiry")
    upset = angry(ticket_in("in_progress", actor=clerk))

    assert reads.guidance(angry(calm, 0.2)) is None
    assert reads.guidance(upset).level == "angry"
    assert 3 <= len(reads.guidance(upset).lines) <= 6
    assert reads.guidance(angry(upset, -0.3)).level == "upset"
    assert {t.tone for t in reads.offered(upset)[:4]} == {"calming"}
    assert reads.offered(angry(calm, 0.2))[0].tone != "calming"


@pytest.mark.req("HND-06")
def test_the_composer_shows_the_guidance(signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))

    assert "tone-angry" in client.get(at(angry(one))).content.decode()
    assert "tone-angry" not in client.get(at(angry(one, 0.4))).content.decode()


def test_templates_of_other_categories_and_languages_are_not_offered(clerk):
    one = ticket_in("in_progress", actor=clerk)
    other = Category.objects.exclude(pk=one.category_id).exclude(slug="other").first()
    template("A", title="别类", category=other)
    template("B", title="English", language="en")
    template("C", title="热线专用", channel="hotline")
    template("D", title="停用的", active=False)

    titles = {t.title for t in reads.offered(one)}

    assert not titles & {"别类", "English", "热线专用", "停用的"}
    assert "别类" in {t.title for t in reads.offered(one, search="别类")}


@pytest.mark.req("HND-06")
def test_the_picker_finds_shows_and_inserts(signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=actors.staff(client.user))
    made = template("{customer}您好，水质报告已附上。", title="水质报告")

    found = client.get(reverse("admin:desk_replies", args=[one.number]), {"q": "水质"}).content.decode()
    text = client.post(reverse("admin:desk_reply", args=[one.number, made.pk]))

    assert f'data-pick="{made.pk}"' in found and "张*您好" in found
    assert text.content.decode() == "张三您好，水质报告已附上。" and "no-store" in text["Cache-Control"]


@pytest.mark.req("ADM-02")
def test_who_works_on_no_tickets_gets_no_templates(signed_in):
    one = ticket()
    client = signed_in("auditor")

    assert client.get(reverse("admin:desk_replies", args=[one.number])).status_code == 404
    address = reverse("admin:desk_reply", args=[one.number, ReplyTemplate.objects.first().pk])
    assert client.post(address).status_code == 404


def test_only_who_may_keeps_templates_and_every_change_is_recorded(lead, clerk):
    made = template("旧文字")
    made.body = "新文字"
    with pytest.raises(DomainError) as refused:
        replies.save(made, actor=clerk)
    replies.save(made, actor=lead)

    assert refused.value.code == "core.not_allowed"
    event = Event.objects.get(kind="casework.rule_changed", subject_id=made.pk)
    assert event.data["changes"] == {"body": ["旧文字", "新文字"]}


def test_a_title_stands_once_in_a_language(lead):
    template("甲")

    with pytest.raises(DomainErrors) as refused:
        replies.save(ReplyTemplate(title=" 测试话术 ", body="乙"), actor=lead)
    assert refused.value.errors[0].code == "reply.title_taken"
    replies.save(ReplyTemplate(title="测试话术", body="B", language="en"), actor=lead)


@pytest.mark.req("HND-06", "ADM-05")
def test_the_admin_previews_and_refuses_with_the_known_placeholders(signed_in):
    client = signed_in("service_lead")
    add = reverse("admin:casework_replytemplate_add")
    typed = {"title": "新话术", "language": "zh-hans", "tone": "plain", "position": "10", "active": "on"}

    shown = client.post(reverse("admin:casework_replytemplate_preview"), {"body": "{customer}您好"}).content.decode()
    refused = client.post(add, {**typed, "body": "{nmae}您好"})
    saved = client.post(add, {**typed, "body": "{customer}您好"})

    assert "张三您好" in shown
    assert refused.status_code == 200 and "{nmae}" in refused.content.decode()
    assert saved.status_code == 302 and ReplyTemplate.objects.filter(title="新话术").exists()
