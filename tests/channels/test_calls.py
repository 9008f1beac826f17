"""The hotline while it rings: what the telephone system tells, and what the desk shows and does (INT-12, SLA-01)."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client

from apps.accounts.services import api_keys
from apps.channels.models import Call, CallState, Extension
from apps.channels.services import calls
from apps.channels.services.calls import News
from apps.core import actors, clock
from apps.core.actors import SYSTEM, Actor, system
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla.models import Deadline
from apps.sla.services.sweep import sweep
from tests.factories import make_customer, staff, staff_actor, ticket

pytestmark = pytest.mark.django_db
PBX = Actor("api", "api:PBX", permissions=frozenset({"channels.report_call"}))
NINE = datetime(2026, 11, 18, 1, 0, tzinfo=UTC)  # a Wednesday, 9 in Shanghai


@pytest.fixture
def agent():
    user = staff(staff_number="S801")
    Extension.objects.create(number="8012", user=user)
    return user


def tell(event: str, at: datetime | None = None, call_id: str = "c1", **more: str) -> Call:
    news = {"caller": "13812345678", "line": "4008208210", "agent": "8012", **more}
    return calls.report(News(call_id, event, at=at, **news), actor=PBX)


def deadline(call: Call, metric: str) -> Deadline | None:
    return Deadline.objects.filter(subject_id=call.pk, metric=metric).order_by("-started_at").first()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


# Reports ----------------------------------------------------------------------------------------------------------------


def test_a_call_rings_is_answered_and_ends(agent):
    with time_machine.travel(NINE, tick=False):
        tell("ringing", NINE)
        tell("answered", NINE + timedelta(seconds=8))
        call = tell("ended", NINE + timedelta(minutes=3))

    assert (call.state, call.agent_id, call.line) == ("ended", agent.pk, "4008208210")
    assert (call.rang_at, call.answered_at, call.ended_at) == (
        NINE,
        NINE + timedelta(seconds=8),
        NINE + timedelta(minutes=3),
    )
    kinds = list(Event.objects.filter(subject_id=call.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["call.rang", "call.answered", "call.ended"]


@pytest.mark.parametrize("order", list(itertools.permutations(["ringing", "answered", "ended"])))
def test_reports_in_any_order_and_twice_end_the_same(order, agent):
    moments = {"ringing": NINE, "answered": NINE + timedelta(seconds=8), "ended": NINE + timedelta(minutes=3)}
    with time_machine.travel(NINE + timedelta(minutes=4), tick=False):
        for event in (*order, *order):
            call = tell(event, moments[event])

    assert call.state == CallState.ENDED
    assert (call.answered_at, call.ended_at) == (moments["answered"], moments["ended"])
    assert Call.objects.count() == 1
    assert Deadline.objects.filter(subject_id=call.pk, metric="hotline_pickup", state="open").count() == 1
    assert not Deadline.objects.filter(subject_id=call.pk, metric="call_return", state="open").exists()


def test_whose_desk_it_is_by_extension_or_staff_number(agent):
    assert tell("ringing").agent == agent
    assert tell("ringing", call_id="c2", agent="S801").agent == agent
    assert tell("ringing", call_id="c3", agent="queue-1").agent is None


def test_a_call_passed_on_goes_to_the_colleagues_desk(agent):
    other = staff(staff_number="S802")
    tell("ringing")

    call = tell("answered", agent="S802")

    assert call.agent == other


def test_a_known_number_brings_its_customer_and_is_kept_encrypted(agent):
    known = make_customer(name="欧阳娜娜", phone="13812345678", tier="vip", actor=SYSTEM)

    call = tell("ringing")

    assert call.customer == known
    assert call.caller_masked == "138****5678"
    with connection.cursor() as cursor:
        cursor.execute("SELECT caller FROM channels_call")
        assert "13812345678" not in cursor.fetchone()[0]
    assert "13812345678" not in str(list(Event.objects.values_list("data", flat=True)))


def test_two_telephone_systems_may_use_the_same_ids(agent):
    tell("ringing")

    calls.report(News("c1", "ringing"), actor=Actor("api", "api:OTHER", permissions=PBX.permissions))

    assert Call.objects.count() == 2


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"call_id": " "}, {("call_id", "core.required")}),
        ({"event": "singing"}, {("event", "core.invalid_choice")}),
        ({"caller": "1" * 61}, {("caller", "core.too_long")}),
        ({"line": "a\x00b"}, {("line", "core.control_characters")}),
        ({"at": clock.now() + timedelta(days=3)}, {("at", "call.time")}),
        ({"at": clock.now() - timedelta(days=3)}, {("at", "call.time")}),
    ],
)
def test_nonsense_is_refused_by_field(values, errors):
    with pytest.raises(DomainErrors) as found:
        calls.report(News(**{"call_id": "c1", "event": "ringing", **values}), actor=PBX)

    assert {(e.field, e.code) for e in found.value.errors} == errors
    assert not Call.objects.exists()


def test_only_the_telephone_system_reports():
    with pytest.raises(DomainError) as found:
        calls.report(News("c1", "ringing"), actor=staff_actor())

    assert found.value.code == "core.not_allowed"


@pytest.mark.django_db(transaction=True)
def test_the_same_report_at_the_same_moment_is_one_call(agent):
    failures = []

    def once():
        try:
            tell("answered")
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    call = Call.objects.get()
    assert call.state == "answered"
    assert Event.objects.filter(subject_id=call.pk, kind="call.answered").count() == 1


# The interface ----------------------------------------------------------------------------------------------------------


def test_the_interface_takes_reports_with_a_key_of_its_scope(agent):
    right = api_keys.create("PBX", ["calls:write"], actor=system("test")).clear
    wrong = api_keys.create("ERP", ["tickets:read"], actor=system("test")).clear

    def post(key: str, **body: str):
        body = {"call_id": "c1", "event": "ringing", "caller": "13812345678", "agent": "8012", **body}
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
        return Client().post("/api/v1/calls/", body, content_type="application/json", headers=headers)

    first, again = post(right), post(right)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {
        "call_id": "c1",
        "state": "ringing",
        "agent": "S801",
        "customer_known": False,
        "ticket": None,
    }
    assert post(wrong).status_code == 403
    assert post("x").status_code == 401
    refused = post(right, event="sings", colour="red")
    assert refused.status_code == 422
    assert {row["pointer"] for row in refused.json()["errors"]} == {"/event", "/colour"}
    assert Client().get("/api/v1/calls/", headers={"Authorization": f"Bearer {right}"}).status_code == 405


# On the desk ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-12")
def test_the_agents_open_page_shows_who_is_ringing(agent):
    make_customer(name="欧阳娜娜", phone="13812345678", tier="vip", actor=SYSTEM)
    earlier = ticket(phone="13812345678")
    client = signed_in(agent)
    assert "calls-now" in client.get("/admin/").content.decode()

    tell("ringing")
    card = client.get("/admin/calls/now/")

    words = card.content.decode()
    for part in ("欧***", "VIP", "138****5678", earlier.number, "来电振铃"):
        assert part in words
    assert "欧阳娜娜" not in words
    assert "13812345678" not in words
    call = Call.objects.get()
    assert f"/admin/tickets/new/?call={call.pk}" in words
    again = client.get("/admin/calls/now/", {"stamp": card.context["stamp"]})
    assert again.status_code == 204
    tell("answered")
    assert client.get("/admin/calls/now/", {"stamp": card.context["stamp"]}).status_code == 200


def test_only_who_takes_calls_goes_on_asking(agent):
    other = staff()
    tell("ringing")

    assert signed_in(agent).get("/admin/calls/now/").status_code == 200
    assert signed_in(other).get("/admin/calls/now/").status_code == 286
    assert signed_in(staff("auditor")).get("/admin/calls/now/").status_code == 286


@pytest.mark.req("INT-12", "SLA-01")
def test_the_pick_up_deadline_starts_when_answered_and_is_met_by_logging(agent):
    with time_machine.travel(NINE, tick=False):
        tell("ringing", NINE)
        assert deadline(Call.objects.get(), "hotline_pickup") is None
        call = tell("answered", NINE)
    running = deadline(call, "hotline_pickup")
    assert running.due_at == NINE + timedelta(minutes=5)

    with time_machine.travel(NINE + timedelta(minutes=3), tick=False):
        client = signed_in(agent)
        page = client.get("/admin/tickets/new/", {"call": str(call.pk)})
        assert "138****5678" in page.content.decode()
        sent = client.post(
            "/admin/tickets/new/",
            {
                "channel": "hotline", "text": "洗衣机漏水，要求上门检查", "kind": "fault", "urgency": "normal", "demand": "",
                "category": "", "impact": "single", "contact_name": "王芳", "phone": "",
                "email": "", "preferred_channel": "", "language": "zh-hans",
                "tier": "normal", "token": "t" * 32, "call": str(call.pk),
            },
        )  # fmt: skip

    made = Ticket.objects.get()
    assert sent.url == f"/admin/tickets/{made.number}/"
    assert made.customer.phone == "+8613812345678"  # it came with the call
    assert made.received_at == NINE
    met = deadline(call, "hotline_pickup")
    assert (met.state, met.ended_at, met.breached_at) == ("met", NINE + timedelta(minutes=3), None)
    settled = Call.objects.get()
    assert (settled.outcome, settled.ticket) == ("logged", made)


def test_a_call_that_nobody_logs_in_time_is_told(agent):
    with time_machine.travel(NINE, tick=False):
        call = tell("answered", NINE)
    later = NINE + timedelta(minutes=6)

    with time_machine.travel(later, tick=False):
        sweep(now=later)
        deliveries.drain()

    assert deadline(call, "hotline_pickup").breached_at is not None
    assert Notice.objects.filter(user=agent, kind="call_unlogged").exists()
    assert "138****5678" in Notice.objects.filter(kind="call_unlogged").first().text


@pytest.mark.req("INT-12")
def test_a_missed_call_is_a_task_until_somebody_calls_back(agent):
    with time_machine.travel(NINE, tick=False):
        tell("ringing", NINE)
        call = tell("ended", NINE)
        deliveries.drain()
        assert call.state == "missed"
        assert deadline(call, "call_return").due_at == NINE + timedelta(minutes=30)
        assert Notice.objects.get(kind="missed_call").user == agent
        client = signed_in(agent)
        page = client.get("/admin/calls/").content.decode()
        assert "138****5678" in page
        assert (
            "还没有处理完的来电" in page and "话务系统会通过来电接口上报" not in page
        )  # there is a call: it is only not settled

        client.post(f"/admin/calls/{call.pk}/not-reached/")
        assert Call.objects.get().tries == 1
        assert deadline(call, "call_return").state == "open"
        client.post(f"/admin/calls/{call.pk}/reached/")

    assert Call.objects.get().outcome == "called_back"
    assert deadline(call, "call_return").state == "met"


def test_who_calls_again_and_gets_through_need_not_be_called_back(agent):
    missed = tell("ended", call_id="c1")

    tell("answered", call_id="c2")

    assert Call.objects.get(pk=missed.pk).outcome == "came_through"
    assert deadline(missed, "call_return").state == "met"


def test_a_withheld_number_cannot_be_called_back(agent):
    call = tell("ended", caller="")

    assert (call.state, call.outcome) == ("missed", "nothing")
    assert not Deadline.objects.filter(subject_id=call.pk).exists()


def test_a_missed_call_of_a_queue_is_told_to_all_with_an_extension(agent):
    staff()
    tell("ended", agent="")

    deliveries.drain()

    assert list(Notice.objects.filter(kind="missed_call").values_list("user_id", flat=True)) == [agent.pk]


def test_a_call_about_a_known_ticket_is_logged_there(agent):
    known = ticket(phone="13812345678")
    call = tell("answered")

    answer = signed_in(agent).post(f"/admin/calls/{call.pk}/log/", {"ticket": known.number})

    assert answer.url == f"/admin/tickets/{known.number}/"
    assert Call.objects.get().ticket == known
    assert deadline(call, "hotline_pickup").state == "met"


def test_nothing_to_log_needs_a_reason_and_ends_the_deadline(agent):
    call, client = tell("answered"), signed_in(agent)

    client.post(f"/admin/calls/{call.pk}/nothing/")
    assert Call.objects.get().settled_at is None
    client.post(f"/admin/calls/{call.pk}/nothing/", {"reason": "打错了"})

    assert Call.objects.get().outcome == "nothing"
    assert deadline(call, "hotline_pickup").state == "cancelled"
    assert Event.objects.get(kind="call.settled").reason == "打错了"


def test_a_settled_call_is_not_settled_again(agent):
    call, actor = tell("answered"), actors.staff(agent)
    calls.nothing(call.pk, actor=actor, reason="打错了")

    with pytest.raises(DomainError) as found:
        calls.log(call.pk, ticket(), actor=actor)

    assert found.value.code == "call.settled"


def test_who_may_not_register_feedback_sees_no_calls(agent):
    call, client = tell("answered"), signed_in(staff("auditor"))

    assert client.get("/admin/calls/").status_code == 403
    assert client.post(f"/admin/calls/{call.pk}/nothing/", {"reason": "x"}).status_code == 403


def test_the_page_of_calls_needs_few_queries(agent, count_queries):
    client = signed_in(agent)
    tell("answered", call_id="c1")
    tell("ended", call_id="c2", caller="13900000002")
    client.get("/admin/calls/")

    with count_queries("desk.calls"):
        assert client.get("/admin/calls/").status_code == 200
    with count_queries("desk.calls_now"):
        assert client.get("/admin/calls/now/").status_code == 200
