"""Complaints at WeChat Pay, against a platform on loopback that signs, encrypts and misbehaves (INT-14)."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
import requests
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from apps.channels.adapters.base import Unreachable
from apps.channels.management.commands import simulate_wechat_complaints
from apps.channels.models import Door, DoorKind, Inbound, PayComplaint, PayStep
from apps.channels.pay.simulated import Complaints, Fault, Keys
from apps.channels.services import doors, inbound, pay, pay_steps
from apps.core import clock, uploads
from apps.core.actors import CUSTOMER, SYSTEM
from apps.core.errors import DomainError
from apps.feedback.models import Message, Ticket
from apps.feedback.services import assignment, closure, conversation, planning
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla.models import Deadline
from apps.sla.services.sweep import sweep
from tests.channels.test_chat import picture
from tests.factories import staff_actor

KEYS = Keys.new()
LATER = timedelta(hours=2)  # every pause between attempts is over by then

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform():
    """We ask it by HTTP; its callbacks are given to the site directly, so that they stand in the test's transaction."""
    cache.clear()
    with Complaints(KEYS, delay=0.2) as running:
        door = Door(kind=DoorKind.WECHAT_PAY, name="微信支付投诉", active=True)
        doors.save(door, *KEYS.settings(running.url), actor=SYSTEM)

        def send(body: bytes, headers: dict[str, str]) -> int:
            answer = Client().post(f"/doors/{door.pk}/", body, content_type="application/json", headers=headers)
            running.callbacks.append(answer.status_code)
            return answer.status_code

        running.send = send
        yield running


@pytest.fixture
def agent():
    return staff_actor("administrator", display_name="李娜")


def beat() -> None:
    """What the workers do between two callbacks."""
    inbound.handle()
    deliveries.drain()
    pay_steps.send_due()
    deliveries.drain()


def beat_later() -> None:
    with time_machine.travel(clock.now() + LATER):
        beat()


def deadline(metric: str, state: str = "open") -> Deadline | None:
    return Deadline.objects.filter(metric=metric, state=state).order_by("-started_at").first()


def resolve(ticket: Ticket, agent, result: str = "已为您办理全额退款，1至3个工作日到账。") -> None:
    assignment.accept(Ticket.objects.get(pk=ticket.pk), actor=agent)
    draft = planning.PlanDraft(
        steps="核对订单与物流", measures="今天18点前办理退款", promised_at=clock.now() + timedelta(days=1)
    )
    planning.write_plan(Ticket.objects.get(pk=ticket.pk), draft, actor=agent)
    closure.resolve(Ticket.objects.get(pk=ticket.pk), result, actor=agent)


# In -----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-14")
def test_a_complaint_becomes_a_ticket_with_its_pictures_and_facts(platform):
    number = platform.complain("收到的吸尘器不能用，要求退款。", pictures=2, amount=19900)
    beat()

    ticket, complaint = Ticket.objects.get(), PayComplaint.objects.get()
    assert platform.callbacks == [204]
    assert (ticket.channel, ticket.kind, ticket.demand) == ("pay", "complaint", "refund")
    assert ticket.description == "收到的吸尘器不能用，要求退款。"
    assert ticket.customer.phone == "+8613812345678"
    assert (complaint.complaint_id, complaint.remote_state, complaint.ticket_id) == (number, "PENDING", ticket.pk)
    assert (complaint.amount, complaint.refund_asked) == (Decimal("199.00"), Decimal("199.00"))
    platform.expired = True
    kept = [a.upload for a in ticket.attachments.all()]
    assert len(kept) == 2
    assert all(upload.file.size for upload in kept)  # copied: theirs have expired
    assert Inbound.objects.get().state == "handled"


@pytest.mark.req("INT-14")
def test_repeated_callbacks_are_one_ticket(platform):
    platform.fail_next("callback", Fault.DUPLICATE)
    number = platform.complain("少发了一件，要求补发。")
    beat()
    platform.notify(number, "COMPLAINT.CREATE", "CREATE_COMPLAINT")  # another notice of the same
    beat()

    assert platform.callbacks == [204] * 4
    assert Ticket.objects.count() == PayComplaint.objects.count() == 1
    assert Message.objects.count() == 0


def test_what_the_user_adds_follows_with_its_pictures(platform):
    number = platform.complain("少发了一件，要求补发。")
    beat()
    platform.user_says(number, "还是没有人联系我。", pictures=1)
    beat()
    beat()

    said = Message.objects.get()
    assert (said.kind, said.body, said.channel) == ("customer", "还是没有人联系我。", "pay")
    assert said.attachments.count() == 1


def test_callbacks_out_of_order_end_the_same(platform):
    platform.fail_next("callback", Fault.OUT_OF_ORDER)
    number = platform.complain("少发了一件，要求补发。")
    platform.user_says(number, "请回复我。")  # arrives first
    beat()
    beat()

    assert Ticket.objects.get().description == "少发了一件，要求补发。"
    assert [m.body for m in Message.objects.all()] == ["请回复我。"]


def test_a_forged_callback_makes_nothing(platform):
    platform.fail_next("callback", Fault.BAD_SIGNATURE)
    platform.complain("伪造的投诉")
    beat()

    assert platform.callbacks == [401]
    assert not Ticket.objects.exists()
    assert not Inbound.objects.exists()
    assert Door.objects.get().refused_at is not None


def test_a_callback_that_never_came_is_found_by_asking(platform):
    platform.fail_next("callback", Fault.DROP, Fault.DROP)
    number = platform.complain("没有人告诉你们的投诉")
    pay.sync_all()
    platform.user_says(number, "有人吗？")
    pay.sync_all()

    assert platform.callbacks == []
    assert Ticket.objects.get().description == "没有人告诉你们的投诉"
    assert [m.body for m in Message.objects.all()] == ["有人吗？"]


def test_what_was_over_before_we_came_opens_nothing(platform):
    platform.fail_next("callback", Fault.DROP, Fault.DROP)
    platform.done_elsewhere(platform.complain("早已办完"))

    pay.sync_all()

    assert not Ticket.objects.exists()


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR, Fault.BAD_SIGNATURE])
def test_when_asking_fails_the_callback_is_kept_and_tried_again(platform, fault):
    platform.fail_next("api", fault)
    platform.complain("要求退款")
    beat()
    assert Inbound.objects.get().state == "received"
    assert not Ticket.objects.exists()
    assert Door.objects.get().failures == 1

    beat_later()

    assert Ticket.objects.count() == 1
    assert Inbound.objects.get().state == "handled"


def test_a_picture_that_is_gone_is_told_and_holds_up_nothing(platform):
    platform.expired = True
    platform.complain("看图", pictures=1)
    beat()

    ticket = Ticket.objects.get()
    assert ticket.attachments.count() == 0
    assert ticket.description.startswith("看图\n\n[")


def test_pictures_are_fetched_only_from_the_platform(platform, monkeypatch):
    asked = []
    number = platform.complain("看图")
    platform.known[number].pictures = ["http://169.254.169.254/latest/meta-data/"]
    monkeypatch.setattr(requests.Session, "request", _spied(asked))
    beat()

    assert Ticket.objects.get().attachments.count() == 0
    assert asked
    assert all(url.startswith(platform.url) for url in asked)


def _spied(asked: list[str]):
    real = requests.Session.request

    def request(self, method, url, **how):
        asked.append(url)
        assert how["timeout"]
        assert how["allow_redirects"] is False
        return real(self, method, url, **how)

    return request


def test_the_same_payer_is_the_same_customer_also_without_a_phone(platform):
    platform.complain("第一次投诉", phone="")
    for complaint in platform.known.values():
        complaint.phone = ""
    beat()

    customer = Ticket.objects.get().customer
    assert customer.phone == ""
    assert customer.external_id.startswith("wechat-pay:")
    assert "oUpF8uMuAJO" not in customer.external_id


# Back ---------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-14")
def test_a_reply_in_the_workspace_answers_the_user_there(platform, agent):
    number = platform.complain("要求退款")
    beat()

    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，我们正在核对订单。", actor=agent)
    beat()

    assert platform.answers(number) == ["您好，我们正在核对订单。"]
    complaint = PayComplaint.objects.get()
    assert complaint.remote_state == "PROCESSING"
    assert complaint.replied_at is not None
    beat()
    platform.notify(number, "COMPLAINT.STATE_CHANGE", "MERCHANT_RESPONSE")  # our own answer comes back as news
    beat()
    assert Message.objects.count() == 1


def test_a_long_reply_goes_in_parts_and_notes_stay_inside(platform, agent):
    number = platform.complain("要求退款")
    beat()
    text = "。".join(f"第{n}点说明：请您保留好商品的外包装和全部配件" for n in range(1, 16)) + "。"

    conversation.add(Ticket.objects.get(), MessageKind.NOTE, "内部：疑似职业投诉", actor=agent)
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, text, actor=agent)
    beat()

    assert "".join(platform.answers(number)) == text
    assert all(1 <= len(part) <= 200 for part in platform.answers(number))


def test_pictures_of_a_reply_are_given_to_the_platform(platform, agent):
    number = platform.complain("要求退款")
    beat()
    kept = uploads.store([picture(), SimpleUploadedFile("说明.txt", "文字".encode())], actor=SYSTEM)

    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "见图。", actor=agent, uploads=kept)
    beat()

    assert platform.answers(number) == ["见图。"]
    assert len(platform.uploaded) == 1
    assert len(platform.known[number].logs[-1]["complaint_media_list"]["media_url"]) == 1


@pytest.mark.req("INT-14")
def test_when_the_ticket_is_resolved_the_complaint_is_reported_as_done(platform, agent):
    number = platform.complain("要求退款")
    beat()

    resolve(Ticket.objects.get(), agent)
    beat()

    assert platform.answers(number) == ["已为您办理全额退款，1至3个工作日到账。"]
    assert platform.known[number].state == "PROCESSED"
    complaint = PayComplaint.objects.get()
    assert (complaint.remote_state, complaint.completed_at is not None) == ("PROCESSED", True)
    assert deadline("platform_done", "met") is not None


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.BAD_SIGNATURE])
def test_an_answer_that_may_have_arrived_is_looked_for_before_it_is_sent_again(platform, agent, fault):
    number = platform.complain("要求退款")
    beat()
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，已收到。", actor=agent)
    platform.fail_next("api", fault)
    beat()
    assert PayStep.objects.get().state == "unknown"

    beat_later()

    assert platform.answers(number) == ["您好，已收到。"]  # once
    assert PayStep.objects.get().state == "done"


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.ERROR])
def test_an_answer_that_did_not_arrive_is_sent_again(platform, agent, fault):
    number = platform.complain("要求退款")
    beat()
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，已收到。", actor=agent)
    platform.fail_next("api", fault)
    beat()
    assert platform.answers(number) == []

    beat_later()

    assert platform.answers(number) == ["您好，已收到。"]


def test_steps_go_in_order_even_when_the_first_one_fails(platform, agent):
    number = platform.complain("要求退款")
    beat()
    platform.fail_next("api", Fault.DROP)

    resolve(Ticket.objects.get(), agent)
    beat()
    assert platform.known[number].state == "PENDING"  # "done" waits for the answer before it
    beat_later()

    assert [log["operate_type"] for log in platform.known[number].logs][1:] == [
        "MERCHANT_RESPONSE",
        "MERCHANT_CONFIRM_COMPLETE",
    ]


def test_a_worker_that_died_in_the_middle_leaves_no_doubt(platform, agent):
    number = platform.complain("要求退款")
    beat()
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，已收到。", actor=agent)
    deliveries.drain()
    step, unsure = pay_steps._claim()
    pay_steps._send(step)  # and here the worker is killed
    assert unsure is False

    assert pay_steps.send_due() == 0  # its lease still runs
    beat_later()

    assert platform.answers(number) == ["您好，已收到。"]
    assert PayStep.objects.get().state == "done"


def test_what_the_platform_refuses_is_told_and_can_be_sent_again_or_left_out(platform, agent):
    number = platform.complain("要求退款")
    beat()
    ticket = Ticket.objects.get()
    assignment.accept(ticket, actor=agent)
    conversation.add(ticket, MessageKind.REPLY, "您好，已收到。", actor=agent)
    del platform.known[number]  # the platform answers 404
    beat()
    step = PayStep.objects.get()
    assert (step.state, step.error) == ("failed", "HTTP 404 NOT_FOUND")
    notice = Notice.objects.get(kind="platform_refused")
    assert notice.user_id == agent.user_id
    assert "HTTP 404" in notice.text

    with pytest.raises(DomainError):
        pay_steps.leave_out(step.pk, actor=CUSTOMER)
    pay_steps.leave_out(step.pk, actor=agent)

    assert PayStep.objects.get().state == "dropped"
    with pytest.raises(DomainError) as found:
        pay_steps.try_again(step.pk, actor=agent)
    assert found.value.code == "pay.not_failed"


# What happens there -------------------------------------------------------------------------------------------------


def test_a_user_who_goes_on_opens_the_ticket_and_the_clocks_again(platform, agent):
    number = platform.complain("要求退款")
    beat()
    resolve(Ticket.objects.get(), agent)
    beat()
    assert deadline("platform_reply") is deadline("platform_done") is None

    platform.user_says(number, "钱没有到账！")
    beat()

    ticket = Ticket.objects.get()
    assert ticket.state == "reopened"
    assert Message.objects.filter(kind="customer").get().body == "钱没有到账！"
    assert PayComplaint.objects.get().remote_state == "PROCESSING"
    assert deadline("platform_reply") is not None
    assert deadline("platform_done") is not None


def test_an_answer_given_in_the_platforms_own_pages_counts_and_is_noted(platform):
    number = platform.complain("要求退款")
    beat()
    platform.answered_elsewhere(number, "已电话联系。")
    beat()
    platform.done_elsewhere(number)
    beat()

    note = Message.objects.get()
    assert (note.kind, "已电话联系。" in note.body) == ("note", True)
    assert deadline("platform_reply", "met") is not None
    assert PayComplaint.objects.get().remote_state == "PROCESSED"
    changes = Event.objects.filter(kind="pay_complaint.changed").order_by("id")
    assert [(e.data["was"], e.data["now"]) for e in changes] == [("PENDING", "PROCESSING"), ("PROCESSING", "PROCESSED")]


@pytest.mark.req("INT-14")
def test_the_platforms_clocks_run_from_the_complaint_on(platform, agent):
    platform.complain("要求退款")
    beat()

    complaint = PayComplaint.objects.get()
    reply, done = deadline("platform_reply"), deadline("platform_done")
    assert reply.due_at == complaint.complained_at + timedelta(hours=24)
    assert done.due_at == complaint.complained_at + timedelta(hours=72)
    late = complaint.complained_at + timedelta(hours=25)
    with time_machine.travel(late):
        sweep(now=late)
    assert deadline("platform_reply").breached_at is not None
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，已收到。", actor=agent)
    beat()
    assert deadline("platform_reply", "met").breached_at is not None  # met late stays late


def test_a_door_out_of_use_says_nothing(platform, agent):
    number = platform.complain("要求退款")
    beat()
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，已收到。", actor=agent)
    Door.objects.update(active=False)

    beat()

    assert platform.answers(number) == []
    assert PayStep.objects.get().state == "waiting"


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_one_complaint_in_once(platform):
    platform.fail_next("callback", Fault.DROP)
    number = platform.complain("要求退款", pictures=1)
    door, failures = Door.objects.get(), []

    def work():
        try:
            pay.take_in(door, number)
        except Unreachable as error:
            failures.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(failures) <= {"busy"}
    assert Ticket.objects.count() == PayComplaint.objects.count() == 1
    assert Ticket.objects.get().attachments.count() == 1


def test_no_name_number_or_text_of_the_user_is_in_the_journal(platform, agent):
    number = platform.complain("我是王小明，要求退款")
    beat()
    platform.user_says(number, "我的电话13812345678")
    beat()

    told = str(list(Event.objects.values_list("data", "reason")))
    assert "王小明" not in told
    assert "13812345678" not in told


@pytest.mark.django_db(transaction=True)
def test_the_command_plays_the_platform_over_the_wire(live_site, settings, tmp_path):
    """The simulator of `script/server` as it is started: its own process' keys, a door of its own, callbacks by HTTP."""
    settings.LOCAL_DIR = tmp_path
    keys = Keys.kept_in(tmp_path / "keys")
    with Complaints(keys) as running:
        door = simulate_wechat_complaints._door(keys, running.url)
        again = simulate_wechat_complaints._door(Keys.kept_in(tmp_path / "keys"), running.url)
        running.notify_url = f"{live_site.url}/doors/{door.pk}/"
        made = requests.post(f"{running.url}/complaints", json={"detail": "多扣了一笔运费"}, timeout=60).json()
        inbound.handle()
        wrong = requests.post(f"{running.url}/faults", json={"callback": ["bend"]}, timeout=60)

    assert door.pk == again.pk
    assert running.callbacks == [204]
    assert PayComplaint.objects.get().complaint_id == made["complaint"]
    assert wrong.status_code == 422


# In the workspace ---------------------------------------------------------------------------------------------------


def test_the_workspace_shows_the_complaint_and_what_was_told(platform, agent):
    number = platform.complain("要求退款")
    beat()
    conversation.add(Ticket.objects.get(), MessageKind.REPLY, "您好，已收到。", actor=agent)
    del platform.known[number]
    beat()
    ticket, step = Ticket.objects.get(), PayStep.objects.get()
    client = Client()
    client.force_login(agent.user, backend="django.contrib.auth.backends.ModelBackend")

    page = client.get(f"/admin/tickets/{ticket.number}/").content.decode()
    for part in (number, "¥199.00", "您好，已收到。", "HTTP 404 NOT_FOUND", "重新发送"):
        assert part in page
    client.post(f"/admin/tickets/{ticket.number}/do/pay_again/", {"step": str(step.pk)})
    assert PayStep.objects.get().state == "unknown"
    other = client.post(f"/admin/tickets/{ticket.number}/do/pay_leave/", {"step": str(ticket.pk)})
    assert other.status_code == 422
