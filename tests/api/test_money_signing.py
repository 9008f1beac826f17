"""Who signs over the API: people, keys that act in their name, and the second look (VOI-02, LNK-04, ADM-03)."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group

from apps.accounts.models import ApiKey, SecondLook
from apps.accounts.roles import Role
from apps.accounts.scopes import SCOPES
from apps.accounts.services import api_keys
from apps.billing.models import VoidRequest
from apps.core import clock
from apps.core.actors import staff as actor_of
from tests import money
from tests.api.conftest import is_problem
from tests.factories import staff

pytestmark = pytest.mark.django_db
CHECKED = {"kind": "genuine", "passed": True, "detail": "核对无误"}


@pytest.mark.req("VOI-02")
def test_nobody_signs_what_they_filed_by_session_or_key_administrators_included(person, key_of):
    invoice = money.invoice()
    for role in (Role.FINANCE_OFFICER, Role.ADMINISTRATOR):
        one = person(role)
        filed = one.post("void-requests/", {"invoice": invoice.number, "reason": "01"})
        path = f"void-requests/{filed.json()['number']}/"
        key = key_of(one.user, "money:approve", "money:approve_large", "voids:read")

        assert is_problem(one.post(f"{path}decision/", {"approve": True}), 403, "approval.own")
        assert is_problem(key.post(f"{path}decision/", {"approve": True}), 403, "approval.own")
        assert one.post(f"{path}withdrawal/", {"reason": "重来"}).json()["state"] == "withdrawn"


@pytest.mark.req("VOI-02", "VOI-03")
@pytest.mark.parametrize("how", ["taken back", "left", "never agreed"])
def test_a_key_whose_person_no_longer_stands_behind_it_verifies_nothing_of_theirs(person, key_of, how):
    """Not what it filed in their name, nor what they filed on the page: it is still their hand."""
    one, boss, invoice = person(Role.FINANCE_OFFICER), person(Role.FINANCE_OFFICER), money.invoice()
    key = key_of(one.user, "voids:write", "voids:read", "voids:verify")
    by = one if how == "never agreed" else key
    if how == "never agreed":
        ApiKey.objects.update(agreed_at=None)
    number = by.post("void-requests/", {"invoice": invoice.number, "reason": "01"}).json()["number"]
    path = f"void-requests/{number}/"
    assert boss.post(f"{path}decision/", {"approve": True}).json()["state"] == "verification"
    if how == "taken back":
        api_keys.answer(ApiKey.objects.get(), one.user, agree=False)
    if how == "left":
        type(one.user).objects.filter(pk=one.user.pk).update(is_active=False)
    api_keys.forget(ApiKey.objects.get().prefix)

    assert is_problem(key.post(f"{path}checks/", CHECKED), 403, "approval.own")
    assert is_problem(key.post(f"{path}verification/", {}), 403, "approval.own")


@pytest.mark.req("ADM-03", "VOI-02")
def test_above_the_amount_a_person_needs_a_fresh_code_and_a_key_its_own_scope(person, key_of, settings):
    settings.SECOND_LOOK = True
    SecondLook.objects.filter(act="approve").update(above=Decimal("100.00"))
    boss = person(Role.FINANCE_OFFICER)
    small_key, large_key = key_of(boss.user, "money:approve", "refunds:read"), None
    small, large = money.refund(amount="100.00"), money.refund(amount="100.01")

    assert is_problem(boss.post(f"refunds/{large.number}/decision/", {"approve": True}), 403, "second_factor.needed")
    assert is_problem(small_key.post(f"refunds/{large.number}/decision/", {"approve": True}), 403, "api_key.above")
    assert small_key.post(f"refunds/{small.number}/decision/", {"approve": True}).json()["state"] == "approved"
    other = staff(Role.FINANCE_OFFICER, "finance")
    large_key = key_of(other, "money:approve", "money:approve_large", "refunds:read")
    done = large_key.post(f"refunds/{large.number}/decision/", {"approve": True}).json()
    assert (done["state"], done["approvals"][0]["by"]) == ("approved", other.staff_number)


@pytest.mark.req("ADM-03")
def test_a_key_signs_only_for_who_agreed_and_within_their_rights(api_with, key_of):
    refund = money.refund()
    path = f"refunds/{refund.number}/decision/"
    assert is_problem(api_with(*SCOPES).post(path, {"approve": True}), 403, "api_key.no_person")
    service = key_of(staff(Role.SERVICE_STAFF), "money:approve", "refunds:read")
    assert is_problem(service.post(path, {"approve": True}), 403, "approval.not_yours")
    reads = key_of(staff(Role.FINANCE_OFFICER, "finance"), "refunds:read")
    assert is_problem(reads.post(path, {"approve": True}), 403)


@pytest.mark.req("ADM-03", "REF-08")
def test_money_is_sent_another_way_only_after_a_fresh_look_as_on_the_page(person, settings):
    """A session left open names no other account."""
    officer, case = person(Role.FINANCE_OFFICER), money.refund()
    way = f"refunds/{case.number}/another-way/"
    given = {"payee": {"name": "张伟", "account": "6222021234567890123"}}

    settings.SECOND_LOOK = True
    assert is_problem(officer.post(way, given), 403, "second_factor.needed")
    settings.SECOND_LOOK = False
    assert is_problem(officer.post(way, given), 409)  # asked for in time, it is the state that speaks


def test_who_signs_in_has_their_name_on_it_and_keys_act_as_their_person(key_of):
    user = staff(Role.FINANCE_OFFICER, "finance")
    key = key_of(user, "voids:write", "voids:read")
    number = key.post("void-requests/", {"invoice": money.invoice().number, "reason": "01"}).json()["number"]
    assert VoidRequest.objects.get(number=number).requested_by == user
    assert actor_of(user).user_id == user.pk


@pytest.mark.req("VOI-02", "ADM-03")
def test_a_key_hands_nobody_s_power_on_without_the_scope_to_use_all_of_it(person, key_of):
    """What a key may not sign itself it doesn't let a third person sign either: small sums, or only looking."""
    boss, friend = person(Role.MANAGEMENT), person(Role.FINANCE_OFFICER)
    span = {"subject": "refund", "taker": friend.user.staff_number, "first_day": "2026-05-06", "last_day": "2030-05-10"}

    for scopes in (["voids:read"], ["money:approve", "refunds:read"], ["money:approve_large"]):
        key = key_of(boss.user, *scopes)
        assert is_problem(key.post("delegations/", span), 403), scopes
        ApiKey.objects.filter(scopes=sorted(scopes)).update(name=str(scopes))
    made = key_of(boss.user, "money:approve", "money:approve_large").post("delegations/", span)
    assert made.status_code == 201
    reader = key_of(friend.user, "tickets:read")
    assert is_problem(reader.post(f"delegations/{made.json()['id']}/end/", {}), 403)


@pytest.mark.req("ADM-03")
def test_what_waits_for_a_signature_is_told_to_a_key_that_may_sign_only(person, key_of):
    boss, case = person(Role.FINANCE_OFFICER), money.refund(amount="100.00")
    assert is_problem(key_of(boss.user, "tickets:read").get("approvals/waiting/"), 403)
    ApiKey.objects.update(name="first")
    waiting = key_of(boss.user, "money:approve").get("approvals/waiting/").json()["results"]
    assert [row["number"] for row in waiting] == [case.number]


@pytest.mark.req("VOI-02", "ADM-03")
@pytest.mark.parametrize("scopes", [["refunds:read", "voids:read"], ["refunds:read", "voids:read", "money:approve"]])
def test_a_power_that_was_lent_to_a_person_does_not_widen_their_key(person, key_of, scopes):
    boss, deputy = person(Role.FINANCE_MANAGER), person(Role.FINANCE_OFFICER)
    today = str(clock.local(clock.now()).date())
    about = {"taker": deputy.user.staff_number, "first_day": today, "last_day": today}
    for subject in ("refund", "void"):
        assert boss.post("delegations/", {**about, "subject": subject}).status_code == 201
    Group.objects.get(name=Role.FINANCE_OFFICER).approval_limits.all().delete()
    key = key_of(deputy.user, *scopes)
    may = "money:approve" in scopes

    signed = key.post(f"refunds/{money.refund(amount='100.00').number}/decision/", {"approve": True})
    voided = key.post(f"void-requests/{money.void_request().number}/decision/", {"approve": True})
    refused = key.post(f"refunds/{money.refund(amount='90.00').number}/decision/", {"approve": False, "reason": "x"})

    assert [each.status_code for each in (signed, voided, refused)] == [200 if may else 403] * 3, signed.json()
