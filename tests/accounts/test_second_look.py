"""The second factor on the pages: the log-in's second step, the duty to have one, and the look before money moves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyotp
import pytest
import time_machine
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from apps.accounts import second_look
from apps.accounts.models import ApiKey, EnrolmentDuty, SecondLook
from apps.accounts.roles import Role
from apps.accounts.services import api_keys, second_factor
from apps.core import clock
from apps.core.actors import system
from tests.factories import PASSWORD, staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-03")]
NOON = datetime(2026, 5, 6, 4, 0, 10, tzinfo=UTC)
QUEUE, CHECK, MINE = "/admin/queue/", "/admin/second-factor/check/", "/admin/second-factor/"


@pytest.fixture(autouse=True)
def travel(settings):
    settings.SECOND_LOOK = True
    with time_machine.travel(NOON, tick=False) as machine:
        yield machine


@pytest.fixture
def user():
    return staff(Role.FINANCE_OFFICER, "finance", username="peng")


def enrol(user):
    app = pyotp.TOTP(second_factor.begin(user))
    return app, second_factor.confirm(user, app.at(clock.now() - timedelta(seconds=30)))


def log_in(user):
    client = Client()
    client.post(reverse("admin:login"), {"username": user.username, "password": PASSWORD})
    return client


def test_the_password_alone_opens_nothing_to_who_has_a_second_factor(user):
    app, _codes = enrol(user)
    client = log_in(user)

    first = client.get(QUEUE)
    api = client.get("/api/v1/tickets/")
    wrong = client.post(CHECK, {"code": "000000", "next": QUEUE})
    right = client.post(CHECK, {"code": app.at(NOON), "next": QUEUE})

    assert (first.status_code, first.url) == (302, f"{CHECK}?next=%2Fadmin%2Fqueue%2F")
    assert api.status_code == 401
    assert "不正确" in wrong.content.decode()
    assert (right.status_code, right.url) == (302, QUEUE)
    assert client.get(QUEUE).status_code == 200
    assert client.get("/api/v1/tickets/").status_code == 200
    assert log_in(user).get(QUEUE).status_code == 302, "each log-in anew"


def test_the_next_page_is_one_of_ours(user):
    app, _codes = enrol(user)
    client = log_in(user)
    assert client.post(CHECK, {"code": app.at(NOON), "next": "https://evil.example/"}).url == "/admin/"


def test_other_sessions_are_asked_as_soon_as_there_is_a_second_factor(user):
    before = log_in(user)
    assert before.get(QUEUE).status_code == 200

    enrol(user)

    assert before.get(QUEUE).status_code == 302


def test_five_wrong_codes_end_in_a_page_that_says_how_long(user):
    enrol(user)
    client = log_in(user)

    answers = [client.post(CHECK, {"code": "000000"}) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert "15" in answers[-1].content.decode()


def test_after_the_days_of_grace_only_setting_up_is_open(user, travel):
    EnrolmentDuty.objects.create(role=Group.objects.get(name=Role.FINANCE_OFFICER), since=NOON.date(), grace_days=2)
    user.date_joined = NOON
    user.save()

    warned = log_in(user)
    assert "2026" in warned.get("/admin/").content.decode()
    assert warned.get(QUEUE).status_code == 200
    travel.shift(timedelta(days=3))
    late = log_in(user)
    assert late.get(QUEUE).url.startswith(MINE)
    assert late.get("/api/v1/tickets/").status_code == 401
    assert late.get(MINE).status_code == 200
    late.post(MINE, {"do": "begin", "second_password": PASSWORD})
    app = pyotp.TOTP(second_factor.begin(user))
    done = late.post(f"{MINE}?begun=1", {"do": "confirm", "code": app.at(clock.now())})
    assert done.content.decode().count("<li><code>") == 10
    assert late.get(QUEUE).status_code == 200


def test_setting_up_shows_picture_and_key_and_asks_for_the_password_first(user):
    client = log_in(user)

    asked = client.post(MINE, {"do": "begin"})
    begun = client.post(MINE, {"do": "begin", "second_password": PASSWORD}, follow=True)

    assert 'type="password"' in asked.content.decode()
    page = begun.content.decode()
    assert "data:image/svg+xml" in page
    assert second_factor.begin(user)[:4] in page
    assert "no-store" in begun["Cache-Control"]


# Before money moves -----------------------------------------------------------------------------------------------------


def post(user, session, data, *, amount="6000", act="approve", **headers):
    """A view behind the decorator: what it saw, or the page that asks."""
    seen = []

    @second_look.needs_second_factor(act, lambda request, number: Decimal(request.POST["amount"]))
    def view(request, number):
        seen.append((number, request.POST.dict()))
        return HttpResponse("done")

    request = RequestFactory().post("/admin/x/?tab=1", {"amount": amount, **data}, headers=headers)
    request.user, request.session = user, session
    answer = view(request, "S-1")
    if hasattr(answer, "render"):
        answer.render()
    return answer.content.decode(), seen


def test_what_was_posted_is_held_in_the_page_and_goes_on_after_the_code(user):
    app, _codes = enrol(user)
    session = {}
    sent = {"reason": "同意 <b>退款</b>", "second_code": ""}
    login = RequestFactory().get("/")
    login.user, login.session = user, session
    second_look.remember(login)
    session.pop("second_factor_at")

    page, seen = post(user, session, sent)
    assert 'name="reason" value="同意 &lt;b&gt;退款&lt;/b&gt;"' in page
    assert 'action="/admin/x/?tab=1"' in page
    assert seen == []
    page, seen = post(user, session, {**sent, "second_code": "000000"})
    assert "不正确" in page and seen == []
    page, seen = post(user, session, {**sent, "second_code": app.at(NOON)})
    assert (page, seen) == ("done", [("S-1", {"amount": "6000", "reason": "同意 <b>退款</b>"})])
    page, seen = post(user, session, sent)
    assert page == "done", "fresh for ten minutes"


def test_it_is_asked_again_when_the_minutes_are_over_and_not_below_the_amount(user, travel):
    app, _codes = enrol(user)
    login = RequestFactory().get("/")
    login.user, login.session = user, {}
    second_look.remember(login)

    travel.shift(timedelta(minutes=10))
    assert post(user, login.session, {})[0] == "done"
    travel.shift(timedelta(seconds=1))
    assert post(user, login.session, {})[1] == []
    assert post(user, login.session, {}, amount="5000")[0] == "done"
    assert post(user, login.session, {"second_code": app.at(clock.now())})[0] == "done"
    replay = post(user, {**login.session, "second_factor_at": NOON.isoformat()}, {"second_code": app.at(clock.now())})
    assert replay[1] == [] and "用过" in replay[0]


def test_without_a_second_factor_one_sets_it_up_or_gives_the_password_as_the_row_says(user):
    page, seen = post(user, {}, {"reason": "x"})
    assert MINE in page and 'value="x"' in page and seen == []

    SecondLook.objects.filter(act="approve").update(code_only=False)

    assert 'type="password"' in post(user, {}, {})[0]
    assert "密码不正确" in post(user, {}, {"second_password": "nope"})[0]
    assert post(user, {}, {"second_password": PASSWORD})[0] == "done"


def test_a_part_of_a_page_makes_room_for_the_question(user):
    request = RequestFactory().post("/admin/x/", {"amount": "6000"})
    request.user, request.session, request.htmx = user, {}, True
    answer = second_look.stop(request, "approve", Decimal(6000))
    assert (answer["HX-Retarget"], answer["Cache-Control"]) == ("div.desk", "no-store")


# Keys in somebody's name ------------------------------------------------------------------------------------------------


def test_a_key_acts_in_somebody_s_name_only_after_they_agreed(user):
    made = api_keys.create("OA", ["money:approve"], actor=system("test"), acts_for=user)
    client, stranger = log_in(user), log_in(staff(Role.FINANCE_OFFICER, "finance"))

    shown = client.get(MINE).content.decode()
    assert "以已同意者的名义审批资金事项" in shown and "money:approve" not in shown, (
        "to what one agrees is said in words"
    )
    client.post(MINE, {"do": "agree", "key": made.key.prefix})
    assert ApiKey.objects.get().agreed_at is None, "the password is asked for first"
    stranger.post(MINE, {"do": "agree", "key": made.key.prefix, "second_password": PASSWORD})
    assert ApiKey.objects.get().agreed_at is None
    client.post(MINE, {"do": "agree", "key": made.key.prefix, "second_password": PASSWORD})
    assert ApiKey.objects.get().agreed_at == NOON
    client.post(MINE, {"do": "disagree", "key": made.key.prefix})
    assert ApiKey.objects.get().agreed_at is None


def test_an_administrator_resets_it_on_the_person_s_page(user):
    enrol(user)
    boss = staff(Role.ADMINISTRATOR, "management", is_superuser=True)
    client = Client()
    client.force_login(boss)
    address = f"/admin/accounts/user/{user.pk}/second-factor/"

    assert client.get(address).status_code == 200
    client.post(address, {"reason": "手机丢失"})

    assert log_in(user).get(QUEUE).status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 200


def test_after_a_reset_what_was_proved_with_the_lost_phone_moves_no_money(user):
    enrol(user)
    session = RequestFactory().get("/")
    session.user, session.session = user, {}
    second_look.remember(session)
    assert post(user, session.session, {})[0] == "done"

    second_factor.reset(user, actor=system("test"), reason="手机丢失")

    assert post(user, session.session, {})[1] == []


@pytest.mark.parametrize("name", ["secondlook", "enrolmentduty"])
def test_the_rules_are_rows_of_the_administration(name):
    client = Client()
    client.force_login(staff(Role.ADMINISTRATOR, "management", is_superuser=True))
    duty = EnrolmentDuty.objects.create(role=Group.objects.get(name=Role.MANAGEMENT), since=NOON.date())
    row = SecondLook.objects.first() if name == "secondlook" else duty

    assert client.get(reverse(f"admin:accounts_{name}_changelist")).status_code == 200
    values = {"active": "on", "above": "1", "minutes": "4", "since": "2026-05-01", "grace_days": "3"}
    client.post(reverse(f"admin:accounts_{name}_change", args=[row.pk]), values)

    fresh = type(row).objects.get(pk=row.pk)
    assert (fresh.minutes if name == "secondlook" else fresh.grace_days) in (4, 3)
