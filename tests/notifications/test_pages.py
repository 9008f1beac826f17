"""The outbox, the templates and the notices as staff see them; what is shown to whom (INT-06, ADM-04, ADM-05)."""

import re

import pytest
from django.contrib import admin
from django.urls import reverse

from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage, Template
from apps.notifications.services import desk, dispatch, outbox
from apps.notifications.states import MessageState
from apps.notifications.templatetags.notifications_text import own_links
from tests.factories import UserFactory

READ, CLEAR, AGAIN = "notifications.view_outbox", "crm.view_personal_data", "notifications.change_outgoingmessage"


@pytest.fixture
def sign_in(client, rights):
    def enter(*names, **user):
        actor = rights(*names)
        for field, value in user.items():
            setattr(actor.user, field, value)
        actor.user.save()
        client.force_login(actor.user)
        return client

    return enter


def page_of(message):
    return reverse("admin:notifications_outgoingmessage_change", args=[message.pk])


def looks():
    return [e.data["clear"] for e in Event.objects.filter(kind="personal_data.revealed").order_by("id")]


@pytest.mark.req("INT-06", "ADM-04")
def test_a_reader_with_the_right_sees_the_clear_message_and_is_recorded(send, sign_in, event):
    message = send(context={"solution": "张三先生，更换电池"})

    answer = sign_in(READ, CLEAR).get(page_of(message))

    text = answer.content.decode()
    assert "zhang@example.com" in text
    assert "张三先生，更换电池" in text
    assert "no-store" in answer["Cache-Control"]
    look = Event.objects.get(kind="personal_data.revealed")
    assert (look.subject_type, look.subject_id) == (event.subject_type, event.subject_id)
    assert look.data == {"field": "message", "message": str(message.pk), "clear": True}


@pytest.mark.req("INT-06", "ADM-04")
def test_a_reader_without_the_right_sees_masks_and_is_recorded_too(send, sign_in):
    message = send(context={"solution": "张三先生（zhang@example.com），更换电池"})

    text = sign_in(READ).get(page_of(message)).content.decode()

    assert "zhang@example.com" not in text
    assert "张三" not in text
    assert "张*先生（z***@example.com），更换电池" in text
    assert looks() == [False]


@pytest.mark.req("ADM-04")
@pytest.mark.parametrize("view", ["changelist", "change"])
def test_nobody_else_gets_in(send, sign_in, view):
    message = send()
    args = [message.pk] if view == "change" else []

    answer = sign_in(CLEAR, AGAIN).get(reverse(f"admin:notifications_outgoingmessage_{view}", args=args))

    assert answer.status_code == 403
    assert looks() == []


def test_reading_needs_the_right_in_the_service_too(send, rights):
    with pytest.raises(DomainError) as caught:
        desk.open_message(send().pk, actor=rights(CLEAR))
    assert caught.value.code == "core.not_allowed"


def test_who_makes_the_call_may_read_what_to_say(send, rights):
    message = send(channel="phone")

    assert "免费更换电池" in desk.open_message(message.pk, actor=rights("feedback.handle_ticket")).body


@pytest.mark.req("SUR-03", "ADM-04")
@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:8000/s/01a20070-3073-706a-ab90-4ced2a12d506/2fbWo_anmq5eGfA54jNG__YL/", "https://f.cn/t/202405-001/VE4dFyJoBTlfYEaU33XGvlmm/"]
)  # fmt: skip
def test_staff_cannot_use_the_customers_private_link(send, rights, link):
    """Whoever has the survey's link is the customer: "satisfied" must not be a click of whoever handled the ticket."""
    message, token = send(context={"link": link}), link.split("/")[-2]
    OutgoingMessage.objects.filter(pk=message.pk).update(provider="mail server")

    for reader in (rights(READ, CLEAR, AGAIN), rights(READ)):
        body = desk.open_message(message.pk, actor=reader).body
        assert token not in body and "/…/" in body

    OutgoingMessage.objects.filter(pk=message.pk).update(provider="local outbox")
    assert link in desk.open_message(message.pk, actor=rights(READ, CLEAR)).body, "nobody else gets this one"


@pytest.mark.parametrize(
    ("gateway", "shown"), [("http://127.0.0.1:47883", True), ("https://sms.example.com", False), ("", False)]
)
def test_a_link_that_only_the_simulated_gateway_got_can_be_followed(send, rights, settings, gateway, shown):
    link = "http://127.0.0.1:8000/s/01a20070-3073-706a-ab90-4ced2a12d506/2fbWo_anmq5eGfA54jNG__YL/"
    message = send(channel="sms", context={"link": link})
    OutgoingMessage.objects.filter(pk=message.pk).update(provider="sms gateway")
    settings.SMS_GATEWAY_URL = gateway
    assert (link in desk.open_message(message.pk, actor=rights(READ, CLEAR)).body) is shown


@pytest.mark.req("INT-06")
def test_the_list_shows_masks_only_and_opens_nothing(send, sign_in):
    send()
    send(channel="sms")

    text = sign_in(READ, CLEAR).get(reverse("admin:notifications_outgoingmessage_changelist")).content.decode()

    assert "z***@example.com" in text
    assert "138****5678" in text
    assert "zhang@example.com" not in text
    assert looks() == []


@pytest.mark.parametrize(
    ("term", "found"), [("202405-001", 2), ("zhang@example.com", 1), ("138 1234 5678", 1), ("x@y.cn", 0)]
)
def test_messages_are_found_by_number_and_by_whole_address(send, sign_in, term, found):
    send()
    send(channel="sms")

    answer = sign_in(READ).get(reverse("admin:notifications_outgoingmessage_changelist"), {"q": term})

    assert len(answer.context["cl"].result_list) == found


def test_the_private_link_is_clickable_and_foreign_links_are_not(send, sign_in, settings):
    settings.PUBLIC_URL = "http://testserver"
    message = send(context={"solution": "http://evil.example.com/x <script>alert(1)</script>"})

    text = sign_in(READ).get(page_of(message)).content.decode()

    assert re.findall(r'<a class="message-link" href="([^"]+)"', text) == ["http://testserver/t/202405-001/abc"]
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("看http://testserver/t/1/a_b-c=，谢谢", "http://testserver/t/1/a_b-c="),
        ("See http://testserver/t/1/abc. Bye", "http://testserver/t/1/abc"),
        ("(http://testserver/s/x?y=1&z=2)", "http://testserver/s/x?y=1&amp;z=2"),
    ],
)
def test_links_end_where_the_words_go_on(settings, text, link):
    settings.PUBLIC_URL = "http://testserver"

    assert f'href="{link}"' in own_links(text)


@pytest.mark.parametrize(
    "text", ["http://testserver.evil.com/t/1", 'http://testserver/"onclick="x', "<b>http://other</b>"]
)
def test_odd_links_do_no_harm(settings, text):
    settings.PUBLIC_URL = "http://testserver"

    shown = own_links(text)
    assert "evil.com/t/1<" not in shown
    assert '"onclick' not in shown
    assert "<b>" not in shown


def test_buttons_send_again_and_record_calls(send, sign_in, smtp):
    smtp.rcpt_replies = ["550 no"]
    failed, call = send(), send(channel="phone")
    dispatch.dispatch()
    client = sign_in(READ, AGAIN, "feedback.handle_ticket")
    assert "send-again" in client.get(page_of(failed)).content.decode()
    act = "admin:notifications_outgoingmessage_act"

    client.post(reverse(act, args=[failed.pk, "send-again"]))
    client.post(reverse(act, args=[call.pk, "reached"]))
    again = client.post(reverse(act, args=[call.pk, "reached"]), follow=True)

    assert OutgoingMessage.objects.get(pk=failed.pk).state == MessageState.QUEUED
    assert OutgoingMessage.objects.get(pk=call.pk).state == MessageState.SENT
    assert "已发送" in again.content.decode()
    assert client.get(reverse(act, args=[call.pk, "reached"])).status_code == 405
    assert client.post(reverse(act, args=[call.pk, "explode"])).status_code == 404


def test_buttons_refuse_who_may_not(send, sign_in):
    message = send(channel="phone")
    client = sign_in(READ)

    for act in ("send-again", "reached"):
        url = reverse("admin:notifications_outgoingmessage_act", args=[message.pk, act])
        assert client.post(url).status_code == 403


def test_several_failed_messages_are_sent_again_at_once(send, sign_in, smtp):
    smtp.rcpt_replies = ["550 no", None]
    failed, sent = send(), send(to=outbox.Recipient(email="li@example.com"))
    dispatch.dispatch()

    answer = sign_in(READ, AGAIN).post(
        reverse("admin:notifications_outgoingmessage_changelist"),
        {"action": "send_selected_again", "_selected_action": [str(failed.pk), str(sent.pk)]},
        follow=True,
    )

    assert "已将 1 条消息重新排队发送" in answer.content.decode()
    assert OutgoingMessage.objects.get(pk=failed.pk).state == MessageState.QUEUED


# Templates ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def template(db):
    return Template.objects.get(code="acknowledgement", channel="email", language="zh-hans")


@pytest.fixture
def editor(sign_in):
    return sign_in("notifications.change_template", "notifications.view_template")


def change_page(template):
    return reverse("admin:notifications_template_change", args=[template.pk])


@pytest.mark.req("ADM-05")
def test_staff_change_a_text_and_see_samples_and_placeholders(editor, template):
    before = editor.get(change_page(template)).content.decode()
    answer = editor.post(
        change_page(template),
        {"subject": "收到 {number}", "body": "编号 {number}\r\n{link}", "active": "on"},
        follow=True,
    )

    changed = Template.objects.get(pk=template.pk)
    assert "受理单 202405-001" in before
    assert "{received_at}" in before
    assert answer.status_code == 200
    assert (changed.subject, changed.body, changed.edited) == ("收到 {number}", "编号 {number}\n{link}", True)
    assert Event.objects.get(kind="notifications.template_changed").actor_kind == "staff"


def test_a_wrong_placeholder_is_named_beside_its_field_and_nothing_is_lost(editor, template):
    answer = editor.post(
        change_page(template), {"subject": "{link}", "body": "{nummer} {0.__class__} {number} {link}", "active": "on"}
    )

    form = answer.context["adminform"].form
    assert "{nummer}" in form.errors["body"][0]
    assert "{0.__class__}" in form.errors["body"][1]
    assert "{link}" in form.errors["subject"][0]
    assert "{nummer} {0.__class__} {number} {link}" in answer.content.decode()
    assert Template.objects.get(pk=template.pk).body == template.body


@pytest.mark.parametrize("body", ["", "x" * 5000, "{number}\0{link}", "\ud83d{number}{link}", "{number}{link}<script>"])
def test_odd_texts_never_break_the_form(editor, template, body):
    data = {"subject": "x", "body": body.encode("utf-8", "replace").decode("utf-8", "replace"), "active": "on"}

    assert editor.post(change_page(template), data).status_code in (200, 302)
    assert editor.post(f"{change_page(template)[:-7]}preview/", data).status_code == 200


def test_the_preview_follows_what_is_typed(editor, template):
    url = reverse("admin:notifications_template_preview", args=[template.pk])

    good = editor.post(url, {"subject": "{number}", "body": "{number} {link} <b>"}).content.decode()
    bad = editor.post(url, {"subject": "{number}", "body": "{oops}"}).content.decode()

    assert "202405-001" in good
    assert "&lt;b&gt;" in good
    assert "{oops}" in bad
    assert editor.get(url).status_code == 405
    assert Template.objects.get(pk=template.pk).body == template.body


def test_the_preview_of_an_sms_counts_its_parts(editor):
    sms = Template.objects.get(code="acknowledgement", channel="sms", language="zh-hans")
    url = reverse("admin:notifications_template_preview", args=[sms.pk])

    shown = editor.post(url, {"body": "{number}{link}" + "好" * 200}).content.decode()

    assert "计 4 条短信" in shown


def test_the_preview_is_for_those_who_see_templates(sign_in, template):
    url = reverse("admin:notifications_template_preview", args=[template.pk])

    assert sign_in().post(url, {"body": "x"}).status_code == 403


@pytest.mark.req("ADM-05")
def test_the_shipped_text_is_put_back(editor, template):
    editor.post(change_page(template), {"subject": "x", "body": "{number}{link}", "active": "on"})
    answer = editor.post(
        reverse("admin:notifications_template_changelist"),
        {"action": "restore_shipped", "_selected_action": [str(template.pk)]},
        follow=True,
    )

    assert "已将 1 条文本恢复为出厂内容" in answer.content.decode()
    assert Template.objects.get(pk=template.pk).body == template.body


def test_every_list_and_page_of_the_room_opens(send, admin_client, event):
    message = send()
    [notice] = outbox.notify_many(
        [UserFactory()],
        "customer_replied",
        event=event,
        link="/admin/",
        context={"number": "1", "kind": "投诉", "category": "产品", "customer": "张*", "due_at": ""},
    )
    for model, row in ((Template, Template.objects.first()), (OutgoingMessage, message), (Notice, notice)):
        name = f"admin:notifications_{model._meta.model_name}"
        assert admin_client.get(reverse(f"{name}_changelist")).status_code == 200
        assert admin_client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
        assert not admin.site.get_model_admin(model).has_add_permission(None)


# Notices --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reader(client, event):
    user = UserFactory()
    client.force_login(user)
    for code in ("deadline_warned", "deadline_breached"):
        outbox.notify_many(
            [user], code, event=event, link="/admin/",
            context={"number": "<202405-001>", "metric": "首次响应", "due_at": "x", "urgency": "", "category": "",
                     "department": "", "responsible": ""},
        )  # fmt: skip
    return client


def test_the_bell_counts_and_the_list_shows_ones_notices(reader):
    bell = reader.get(reverse("notifications:bell")).content.decode()
    page = reader.get(reverse("notifications:notices")).content.decode()

    assert "2 条未读通知" in bell
    assert "&lt;202405-001&gt;" in bell
    assert "&lt;202405-001&gt;" in page
    assert "全部标为已读" in page


def test_following_a_notice_reads_it_and_leads_on(reader):
    notice = Notice.objects.first()

    answer = reader.get(reverse("notifications:follow", args=[notice.pk]))

    assert (answer.status_code, answer.url) == (302, "/admin/")
    assert "1 条未读通知" in reader.get(reverse("notifications:bell")).content.decode()


def test_nobody_follows_or_sees_anothers_notices(reader, client):
    notice = Notice.objects.first()
    client.force_login(UserFactory())

    assert client.get(reverse("notifications:follow", args=[notice.pk])).status_code == 404
    assert "202405-001" not in client.get(reverse("notifications:notices")).content.decode()
    assert Notice.objects.get(pk=notice.pk).read_at is None


def test_all_are_read_up_to_the_newest_seen(reader):
    newest = Notice.objects.order_by("-id").first()

    reader.post(reverse("notifications:read_all"), {"up_to": str(newest.pk)})

    assert "没有未读通知" in reader.get(reverse("notifications:bell")).content.decode()
    assert reader.post(reverse("notifications:read_all"), {"up_to": "rubbish"}).status_code == 302


def test_customers_and_strangers_are_sent_to_the_log_in(client, db):
    assert client.get(reverse("notifications:bell")).status_code == 302
    client.force_login(UserFactory(is_staff=False))
    assert client.get(reverse("notifications:notices")).status_code == 302


def test_a_bad_page_key_shows_the_first_page(reader):
    assert reader.get(reverse("notifications:notices"), {"before": "rubbish"}).status_code == 200
