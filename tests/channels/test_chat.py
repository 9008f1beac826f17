"""The website chat as its widget uses it (INT-01)."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from apps.channels.chat import options, tokens
from apps.channels.models import Chat
from apps.channels.services import doors
from apps.core import actors, clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainErrors
from apps.crm.models import Customer
from apps.feedback.models import Message, Ticket
from apps.feedback.services import assignment, closure, conversation
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.notifications.services.dispatch import dispatch
from tests.channels.chats import FIRST, KEY, SHOP, Visitor, chat_door, codes
from tests.factories import answer as answered
from tests.factories import call_back, resolve, staff, staff_actor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


def picture() -> SimpleUploadedFile:
    data = BytesIO()
    Image.new("RGB", (40, 30), "red").save(data, "PNG")
    return SimpleUploadedFile("灯.png", data.getvalue(), "image/png")


def reply(ticket: Ticket, text: str = "请按住电源键十秒再试。", actor=None) -> Message:
    return conversation.add(ticket, MessageKind.REPLY, text, actor=actor or staff_actor(display_name="李娜"))


# Opening ----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-01")
def test_the_first_message_opens_a_ticket_with_the_channel_kept():
    visitor = Visitor(chat_door())

    answer = visitor.start()

    assert answer.status_code == 201
    made = Ticket.objects.get()
    assert (made.channel, made.kind, made.description) == ("chat", "inquiry", FIRST["text"])
    assert made.customer.phone == "+8613912345678"
    assert made.customer.name == "王芳"
    assert [m["text"] for m in answer.json()["messages"]] == [FIRST["text"]]


def test_consent_is_kept_word_for_word_and_the_page_without_its_query():
    Visitor(chat_door(consent="我同意用于处理本次咨询。")).start()

    chat = Chat.objects.get()

    assert chat.consent == "我同意用于处理本次咨询。"
    assert chat.page == f"{SHOP}/robots/x1"
    assert Event.objects.get(kind="chat.opened").data == {"door": "官网客服"}


def test_what_is_missing_is_named_and_nothing_is_made():
    visitor = Visitor(chat_door())

    refused = visitor.start(text=" ", phone="12", consent="", key="short")

    assert refused.status_code == 422
    assert codes(refused) >= {
        ("text", "ticket.text_missing"),
        ("phone", "crm.phone_invalid"),
        ("consent", "chat.consent_missing"),
    }
    assert ("", "chat.key") in codes(refused)
    assert not Ticket.objects.exists()
    assert not Customer.objects.exists()


def test_without_a_contact_where_the_door_asks_for_none():
    needed, free = chat_door(), chat_door
    assert ("phone", "crm.contact_missing") in codes(Visitor(needed).start(phone=""))
    needed.delete()

    visitor = Visitor(free(contact="optional"))
    assert visitor.start(phone="", name="").status_code == 201

    customer = Customer.objects.get()
    assert (customer.phone, customer.email) == ("", "")
    assert customer.external_id.startswith("chat:")


def test_the_same_opening_sent_twice_is_one_chat_with_one_key():
    door = chat_door()
    one, two = Visitor(door), Visitor(door)

    one.start()
    two.start()

    assert one.token == two.token
    assert Ticket.objects.count() == Chat.objects.count() == 1
    assert KEY not in (Ticket.objects.get().external_ref or "")  # whoever reads tickets must not learn the key


def test_a_closed_door_opens_nothing():
    door = chat_door()
    door.active = False
    door.save()

    assert Visitor(door).start().status_code == 404
    assert Visitor(door).client.get(f"/chat/{door.pk}/").status_code == 404


# Talking ----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-01")
def test_what_follows_is_the_tickets_story_in_both_directions():
    visitor = Visitor(chat_door())
    visitor.start()
    agent = staff_actor(display_name="李娜", staff_number="S100")

    visitor.say("红灯一直闪。")
    reply(visitor.ticket, actor=agent)
    conversation.add(visitor.ticket, MessageKind.NOTE, "可能是电池", actor=agent)

    seen = visitor.client_state()["messages"]
    assert [m["text"] for m in seen] == [FIRST["text"], "红灯一直闪。", "请按住电源键十秒再试。"]
    assert [bool(m["who"]) for m in seen] == [False, False, True]
    assert "李*" in seen[2]["who"]
    assert "S100" in seen[2]["who"]
    said = Message.objects.get(kind="customer")
    assert (said.channel, said.body) == ("chat", "红灯一直闪。")


def test_a_message_sent_twice_is_one():
    visitor = Visitor(chat_door())
    visitor.start()

    first, second = visitor.say("红灯一直闪。"), visitor.say("红灯一直闪。")

    assert (first.status_code, second.status_code) == (201, 201)
    assert Message.objects.count() == 1


def test_nothing_new_is_a_304_and_every_change_is_not():
    visitor = Visitor(chat_door())
    visitor.start()

    assert visitor.look().status_code == 200
    assert visitor.look().status_code == 304
    reply(visitor.ticket)
    assert visitor.look().status_code == 200
    closure.reject(Ticket.objects.get(), actor=SYSTEM, why="spam")
    assert visitor.look().json()["may_write"] is False


def test_an_unchanged_chat_costs_little(count_queries):
    visitor = Visitor(chat_door())
    visitor.start()
    visitor.look()

    with count_queries("chat.unchanged"):
        assert visitor.look().status_code == 304


def test_files_go_both_ways_and_are_checked():
    visitor, stranger = Visitor(door := chat_door()), Visitor(door)
    visitor.start(files=[picture()])
    stranger.start(key="s" * 30, phone="13800000001")

    refused = visitor.say("看", files=[SimpleUploadedFile("x.exe", b"MZ\x90\x00")], key="n" * 24)
    visitor.say("", files=[picture()], key="o" * 24)

    assert codes(refused) == {("files", "upload.type")}
    files = [file for m in visitor.client_state()["messages"] for file in m["files"]]
    assert [(file["name"], file["picture"]) for file in files] == [("灯.png", True), ("灯.png", True)]
    got = visitor.file(files[0]["id"])
    assert got.status_code == 200
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert stranger.file(files[0]["id"]).status_code == 404


def test_files_of_internal_notes_stay_inside():
    visitor = Visitor(chat_door())
    visitor.start()
    from apps.core import uploads

    kept = uploads.store([picture()], actor=SYSTEM)
    conversation.add(visitor.ticket, MessageKind.NOTE, "内部", actor=staff_actor(), uploads=kept)

    hidden = visitor.ticket.attachments.get()

    assert [m["files"] for m in visitor.client_state()["messages"]] == [[]]
    assert visitor.file(str(hidden.pk)).status_code == 404


# Who may read it --------------------------------------------------------------------------------------------------------


def test_a_visitor_reads_only_the_own_chat():
    door = chat_door()
    one, two = Visitor(door), Visitor(door)
    one.start()
    two.start(key="z" * 30, phone="13800000001", text="发票抬头写错了，想改。")
    mixed = Visitor(door)
    mixed.token = f"{one.token.split('.')[0]}.{two.token.split('.')[1]}"

    assert one.client_state()["number"] != two.client_state()["number"]
    for token in ("", "x", mixed.token, one.token[:-1], f"{one.token}0", "%00", "é" * 40):
        mixed.token = token
        assert mixed.look().status_code == 401, token
        assert mixed.say("?").status_code == 401


def test_withdrawing_the_private_link_withdraws_the_chat():
    visitor = Visitor(chat_door())
    visitor.start()
    ticket = Ticket.objects.get()
    ticket.link_version += 1
    ticket.save(update_fields=["link_version"])

    assert visitor.look().status_code == 401


def test_the_key_is_derived_and_long():
    Visitor(chat_door()).start()

    token = tokens.token_of(Chat.objects.select_related("ticket").get())

    assert len(token.partition(".")[2]) == 32  # 192 bits


# Limits -----------------------------------------------------------------------------------------------------------------


def test_one_network_opens_only_so_many_chats(settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "chat_open": "2/hour"}
    door = chat_door()

    answers = [Visitor(door).start(key=f"{n}" * 30, phone=f"1380000000{n}") for n in range(3)]
    elsewhere = Visitor(door, address="203.0.113.99").start(key="e" * 30)

    assert [a.status_code for a in answers] == [201, 201, 429]
    assert "分钟" in answers[2].json()["errors"][0]["words"]
    assert elsewhere.status_code == 201


def test_one_visitor_says_only_so_much(settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "chat_message": "2/hour"}
    door = chat_door()
    visitor, other = Visitor(door), Visitor(door)
    visitor.start()
    other.start(key="o" * 30, phone="13800000001")

    said = [visitor.say(f"第{n}句", key=f"{n}" * 24).status_code for n in range(3)]

    assert said == [201, 201, 429]
    assert other.say("我只说一句").status_code == 201


def test_one_network_says_only_so_much(settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "chat_address": "1/hour"}
    door = chat_door()
    visitor, other = Visitor(door), Visitor(door)
    visitor.start()
    other.start(key="o" * 30, phone="13800000001")

    assert [visitor.say("一").status_code, other.say("二").status_code] == [201, 429]


# The end, and what may follow -------------------------------------------------------------------------------------------


def brought_to(visitor: Visitor, *steps) -> None:
    admin = staff_actor("administrator")
    assignment.accept(visitor.ticket, actor=admin)
    for step in steps:
        step(visitor.ticket, admin)


def test_a_result_is_shown_and_can_be_rated():
    visitor = Visitor(chat_door())
    visitor.start()
    brought_to(visitor, resolve, call_back)

    seen = visitor.client_state()

    assert seen["messages"][-1]["text"] == "已更换电池，机器恢复正常。"
    assert "/s/" in seen["rate"]
    assert seen["may_write"] is True


def test_a_closed_chat_offers_to_be_taken_up_again():
    visitor = Visitor(chat_door())
    visitor.start()
    brought_to(visitor, resolve, call_back, answered(5))
    assert (seen := visitor.client_state())["may_write"] is False
    assert seen["may_reopen"] is True
    refused = visitor.say("又坏了")
    assert codes(refused) == {("", "ticket.not_waiting")}

    again = visitor.reopen("又坏了")

    assert again.status_code == 200
    assert (again.json()["may_write"], Ticket.objects.get().state) == (True, "reopened")


def test_after_the_days_of_grace_only_a_new_chat_is_offered():
    visitor = Visitor(chat_door())
    visitor.start()
    brought_to(visitor, resolve, call_back, answered(5))

    with time_machine.travel(clock.now() + timedelta(days=16)):
        seen, refused = visitor.client_state(), visitor.reopen("又坏了")

    assert (seen["may_write"], seen["may_reopen"]) == (False, False)
    assert codes(refused) == {("", "ticket.reopen_too_late")}


# Hours and languages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "open_", "words"),
    [
        ("2026-11-18T10:00:00+08:00", True, "客服在线"),
        ("2026-11-18T12:30:00+08:00", False, "今天 13:30"),
        ("2026-11-18T20:00:00+08:00", False, "明天 09:00"),
        ("2026-11-20T20:00:00+08:00", False, "11-23 09:00"),  # a Friday evening
    ],
)
def test_outside_the_hours_it_says_when_somebody_is_back(moment, open_, words):
    visitor = Visitor(chat_door())
    with time_machine.travel(moment):
        seen = visitor.start().json()

    assert (seen["open"], words in seen["status"]) == (open_, True), seen["status"]


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", "您的留言"), ("zh-hant", "您的留言"), ("en", "Your message"), ("xx", "您的留言")],
)
def test_the_frame_speaks_the_sites_language(language, words):
    door = chat_door()

    page = Visitor(door).client.get(f"/chat/{door.pk}/?lang={language}", headers={"Accept-Language": "zh-CN"})

    assert words in page.content.decode()


# Who may frame it -------------------------------------------------------------------------------------------------------


def policy(response) -> dict[str, list[str]]:
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


def test_only_the_doors_sites_frame_the_chat_and_nobody_anything_else(settings):
    settings.CHAT_DEMO = False
    door = chat_door(origins=f"{SHOP} https://www.example.cn:8443/ http://evil.example *")
    client = Visitor(door).client

    frame = client.get(f"/chat/{door.pk}/")

    assert policy(frame)["frame-ancestors"] == [SHOP, "https://www.example.cn:8443"]
    assert "X-Frame-Options" not in frame.headers
    for path in ("/", "/admin/login/", "/chat/widget.js", "/chat/talk/"):
        other = client.get(path)
        assert policy(other)["frame-ancestors"] == ["'none'"]
        assert other.headers["X-Frame-Options"] == "DENY"


def test_a_door_without_sites_is_framed_by_nobody(settings):
    settings.CHAT_DEMO = False
    door = chat_door(origins="")

    assert policy(Visitor(door).client.get(f"/chat/{door.pk}/"))["frame-ancestors"] == ["'none'"]


def test_the_demo_page_exists_only_where_it_is_switched_on(settings, client):
    door = chat_door()
    settings.CHAT_DEMO = False
    assert client.get("/chat/demo/").status_code == 404
    settings.CHAT_DEMO = True

    page = client.get("/chat/demo/").content.decode()

    assert f'data-door="{door.pk}"' in page


def test_the_script_keeps_its_address_and_is_cached(client):
    first = client.get("/chat/widget.js")

    again = client.get("/chat/widget.js", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Type"] == "text/javascript"
    assert b"data-door" in first.content
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"origins": ""}, "channels.key_missing"),
        ({"origins": "shop.example.com"}, "chat.origin"),
        ({"origins": "http://shop.example.com"}, "chat.origin"),
        ({"origins": "https://*.example.com"}, "chat.origin"),
        ({"origins": "https://a.example;frame-ancestors"}, "chat.origin"),
        ({"origins": f"{SHOP}/path"}, "chat.origin"),
        ({"origins": SHOP, "colour": "#ffff00"}, "chat.colour"),
        ({"origins": SHOP, "contact": "perhaps"}, "core.invalid_choice"),
        ({"origins": SHOP, "department": "nobody"}, "core.invalid_choice"),
        ({"origins": SHOP, "privacy_url": "javascript:alert(1)"}, "channels.bad_address"),
    ],
)
def test_a_doors_settings_are_checked(settings, code):
    door = chat_door()

    with pytest.raises(DomainErrors) as found:
        doors.check(door, settings, {})

    assert [error.code for error in found.value.errors] == [code]


def test_good_settings_pass():
    good = {
        "origins": f"{SHOP}, http://localhost:3000",
        "contact": "optional",
        "colour": "#1a56b4",
        "department": "service",
    }

    values, keys = doors.check(chat_door(), good, {})

    assert (values["contact"], keys) == ("optional", {})
    assert options.origin("http://localhost:3000") == "http://localhost:3000"


# The desk's side --------------------------------------------------------------------------------------------------------


def test_a_new_chat_tells_everybody_who_may_answer():
    visitor = Visitor(chat_door())
    visitor.start()
    department = visitor.ticket.department.code
    agent, auditor = staff(department=department), staff("auditor", department)
    elsewhere = staff(department="quality" if department != "quality" else "service")

    deliveries.drain()

    told = set(Notice.objects.filter(kind="chat_waiting").values_list("user_id", flat=True))
    assert agent.pk in told
    assert not told & {auditor.pk, elsewhere.pk}
    assert "王*" in Notice.objects.filter(kind="chat_waiting").first().text


def test_a_look_says_that_the_customer_is_there():
    visitor = Visitor(chat_door())
    visitor.start()
    chat = Chat.objects.get()
    assert chat.is_here

    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        gone = Chat.objects.get().is_here
        visitor.look()
        unseen = Chat.objects.get().is_here
        visitor.look(here="1")
        back = Chat.objects.get().is_here

    assert (gone, unseen, back) == (False, False, True)


def test_actors_are_customers():
    visitor = Visitor(chat_door())
    visitor.start()
    visitor.say("在吗？")

    assert set(Event.objects.filter(subject_id=visitor.ticket.pk).values_list("actor_kind", flat=True)) == {
        actors.CUSTOMER.kind
    }


@pytest.mark.req("HND-07")
def test_who_is_there_gets_no_text_message_and_who_has_left_does():
    visitor = Visitor(chat_door())
    visitor.start()
    reply(visitor.ticket)
    deliveries.drain()
    there = OutgoingMessage.objects.get(template="staff_reply").channel

    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        reply(visitor.ticket, "还有一点：请用原装充电座。")
        deliveries.drain()

    away = OutgoingMessage.objects.filter(template="staff_reply").order_by("-id").first().channel
    assert (there, away) == ("door", "sms")


def test_who_left_no_address_is_answered_in_the_chat_alone():
    visitor = Visitor(chat_door(contact="optional"))
    visitor.start(phone="")

    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        reply(visitor.ticket)
        deliveries.drain()
        dispatch()

    sent = OutgoingMessage.objects.get(template="staff_reply")
    assert (sent.channel, sent.state) == ("door", "sent")
