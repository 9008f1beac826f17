"""The second factor: set up, asked for, replayed, locked, recovered, reset (ADM-03)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyotp
import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection

from apps.accounts.models import EnrolmentDuty, RecoveryCode, SecondFactor, SecondLook, User
from apps.accounts.roles import Role
from apps.accounts.services import second_factor
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests.factories import UserFactory, staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-03")]
NOON = datetime(2026, 5, 6, 4, 0, 10, tzinfo=UTC)


@pytest.fixture
def travel():
    with time_machine.travel(NOON, tick=False) as machine:
        yield machine


def enrol(user):
    """The person's app, and the recovery codes."""
    app = pyotp.TOTP(second_factor.begin(user))
    return app, second_factor.confirm(user, app.at(clock.now()))


def refusal(user, code):
    with pytest.raises(DomainError) as error:
        second_factor.check(user, code)
    return error.value.code


def test_setting_up_needs_the_right_code_and_keeps_the_secret_encrypted(travel):
    user = UserFactory()

    secret = second_factor.begin(user)
    with pytest.raises(DomainError) as wrong:
        second_factor.confirm(user, "000000")
    codes = second_factor.confirm(user, pyotp.TOTP(secret).now())

    assert wrong.value.code == "second_factor.wrong"
    assert second_factor.begin(user) != secret, "a new phone gets a secret of its own"
    assert user.second_factor_at == NOON
    assert len(set(codes)) == 10
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_secondfactor")
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT digest FROM accounts_recoverycode")
        digests = {row[0] for row in cursor.fetchall()}
    assert secret not in stored
    assert not digests & {code.replace("-", "") for code in codes}
    assert Event.objects.get(kind="second_factor.set_up").data == {"again": False}


def test_a_code_works_once_and_none_before_it(travel):
    user = UserFactory()
    app, _codes = enrol(user)
    used = app.at(NOON)

    assert refusal(user, used) == "second_factor.replayed"
    travel.shift(timedelta(seconds=30))
    second_factor.check(user, app.at(clock.now()))
    assert refusal(user, app.at(clock.now())) == "second_factor.replayed"
    assert refusal(user, used) == "second_factor.replayed"


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_beside_the_clock_is_let_pass(travel, steps, accepted):
    user = UserFactory()
    app, _codes = enrol(user)
    travel.shift(timedelta(minutes=10))

    code = app.at(clock.now() + timedelta(seconds=30 * steps))

    if accepted:
        second_factor.check(user, f"{code[:3]} {code[3:]}")
    else:
        assert refusal(user, code) == "second_factor.wrong"


def test_five_wrong_codes_lock_for_a_quarter_of_an_hour_and_the_right_one_too(travel):
    user = UserFactory()
    app, _codes = enrol(user)
    travel.shift(timedelta(minutes=1))

    seen = [refusal(user, "000000") for _ in range(5)]

    assert seen == ["second_factor.wrong"] * 4 + ["second_factor.locked"]
    assert refusal(user, app.at(clock.now())) == "second_factor.locked"
    travel.shift(timedelta(minutes=14, seconds=59))
    assert refusal(user, app.at(clock.now())) == "second_factor.locked"
    travel.shift(timedelta(seconds=1))
    second_factor.check(user, app.at(clock.now()))
    assert SecondFactor.objects.get(user=user).failures == 0
    assert Event.objects.filter(kind="second_factor.locked").count() == 1


def test_a_recovery_code_works_once_however_it_is_typed(travel):
    user, other = UserFactory(), UserFactory()
    _app, codes = enrol(user)
    enrol(other)

    second_factor.check(user, f" {codes[0].upper()} ")

    assert refusal(user, codes[0]) == "second_factor.wrong"
    assert refusal(other, codes[1]) == "second_factor.wrong"
    assert second_factor.codes_left(user) == 9
    fresh = second_factor.new_codes(user)
    assert refusal(user, codes[2]) == "second_factor.wrong"
    second_factor.check(user, fresh[3])
    assert Event.objects.filter(kind="second_factor.recovery_code_used").count() == 2


def test_an_administrator_resets_somebody_else_s_and_it_is_on_record(travel):
    user, boss = UserFactory(), actors.staff(staff(Role.ADMINISTRATOR, "management"))
    enrol(user)

    for actor, reason in ((actors.staff(user), "x"), (actors.staff(UserFactory()), "x")):
        with pytest.raises(DomainError) as error:
            second_factor.reset(user, actor=actor, reason=reason)
        assert error.value.code == "core.not_allowed"
    with pytest.raises(DomainError):
        second_factor.reset(user, actor=boss, reason=" ")
    second_factor.reset(user, actor=boss, reason="手机丢失，已当面核实")

    assert user.second_factor_at is None
    assert not SecondFactor.objects.filter(user=user).exists()
    assert not RecoveryCode.objects.filter(user=user).exists()
    event = Event.objects.get(kind="second_factor.reset")
    assert (event.actor_id, event.reason) == (boss.user_id, "手机丢失，已当面核实")


def test_on_the_server_the_last_administrator_gets_in_again(travel):
    admin = UserFactory(username="root", is_superuser=True)
    enrol(admin)

    call_command("reset_second_factor", "root", "--reason", "手机与恢复码均丢失")

    assert User.objects.get(username="root").second_factor_at is None
    assert Event.objects.get(kind="second_factor.reset").actor_label == "system:reset_second_factor"
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "root", "--reason", "x")


def test_a_role_s_duty_begins_with_the_rule_or_with_the_person(travel):
    group = Group.objects.get(name=Role.FINANCE_MANAGER)
    old = UserFactory(roles=[Role.FINANCE_MANAGER], date_joined=NOON - timedelta(days=900))
    late = UserFactory(roles=[Role.FINANCE_MANAGER], date_joined=NOON + timedelta(days=3))
    EnrolmentDuty.objects.create(role=group, since=NOON.date(), grace_days=14)

    assert second_factor.due(old).isoformat() == "2026-05-20"
    assert second_factor.due(late).isoformat() == "2026-05-23"
    assert second_factor.due(UserFactory()) is None
    enrol(old)
    with pytest.raises(DomainError) as error:
        second_factor.remove(old)
    assert error.value.code == "second_factor.must"


@pytest.mark.parametrize(
    ("act", "amount", "asked"),
    [("approve", "5000.00", False), ("approve", "5000.01", True), ("execute", "0.01", True), ("execute", None, True)],
)
def test_shipped_rules_ask_above_an_amount(act, amount, asked):
    rule = second_factor.look_for(act, None if amount is None else Decimal(amount))
    assert (rule is not None) is asked


def test_changing_a_rule_is_recorded():
    boss = actors.staff(staff(Role.ADMINISTRATOR, "management"))
    rule = SecondLook.objects.get(act="pay")
    rule.minutes = 3

    second_factor.save_rule(rule, actor=boss)

    data = Event.objects.get(kind="second_factor.rules_changed").data
    assert (data["before"]["minutes"], data["after"]["minutes"]) == ("10", "3")
