"""The rule tables in the administration (ADM-05): new versions, what they touch, and records to look at."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.models import ApprovalRule, Delegation, VoidReason, VoidRule
from apps.billing.services import rulebook, verification, voids
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests import money
from tests.factories import staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-05")]


@pytest.fixture
def boss(client):
    actor = money.finance(Role.FINANCE_MANAGER)
    client.force_login(actor.user)
    return actor


def today():
    return clock.local(clock.now()).date()


def decided():
    """An open request that was decided by the rule `digital-unused`."""
    request = money.void_request()
    voids.decide(request, actor=money.finance(), approve=True)
    return type(request).objects.get(pk=request.pk)


def test_a_change_is_a_new_version_and_the_old_one_ends_the_day_before(boss):
    rule = VoidRule.objects.get(code="digital-unused")
    begun = rule.effective_from
    rule.form_hours = 48

    new = rulebook.change(rule, actor=boss)

    old = VoidRule.objects.get(pk=rule.pk)
    assert (old.effective_from, old.effective_to, old.form_hours) == (begun, today() - timedelta(days=1), None)
    assert (new.effective_from, new.effective_to, new.form_hours, new.code) == (today(), None, 48, "digital-unused")
    event = Event.objects.get(kind="billing.rules_changed")
    assert (event.data["before"]["form_hours"], event.data["after"]["form_hours"]) == ("None", "48")
    assert event.actor_id == boss.user_id


def test_the_past_stays_and_an_end_is_set_on_the_row_itself(boss):
    rule = VoidRule.objects.get(code="digital-unused")
    rule.act, rule.effective_from = "void", today() - timedelta(days=1)
    with pytest.raises(DomainError) as error:
        rulebook.change(rule, actor=boss)
    assert error.value.code == "rule.from_past"
    rule = VoidRule.objects.get(code="digital-unused")
    rule.effective_to = today() + timedelta(days=30)
    assert rulebook.change(rule, actor=boss).pk == rule.pk
    rule.effective_to = rule.effective_from - timedelta(days=1)
    with pytest.raises(DomainError) as error:
        rulebook.change(rule, actor=boss)
    assert error.value.code == "rule.span"
    with pytest.raises(DomainError):
        rulebook.change(rule, actor=money.finance())
    with pytest.raises(DomainError) as error:
        rulebook.add(
            VoidReason(
                code="02",
                digital=True,
                name="又",
                effective_from=VoidReason.objects.get(code="02", digital=True).effective_from,
            ),
            actor=boss,
        )
    assert error.value.code == "rule.exists"


@pytest.mark.req("VOI-04", "VOI-11")
@pytest.mark.usefixtures("rules_at_hand")
def test_the_preview_names_open_requests_that_would_be_decided_otherwise(boss, client, django_assert_max_num_queries):
    request = decided()
    rule = VoidRule.objects.get(code="digital-unused")
    rule.starter = "either"
    (found,) = rulebook.affected(rule)
    assert (found.case, found.before.split(" · ")[1]) == (request, "digital-unused")
    rule.starter, rule.note = "seller", "only words"
    assert rulebook.affected(rule) == []
    rule.effective_to = today() - timedelta(days=1)
    assert rulebook.affected(rule)[0].after == ""
    with django_assert_max_num_queries(8):
        rulebook.affected(rule)

    rule = VoidRule.objects.get(code="digital-unused")
    page = reverse("admin:billing_voidrule_change", args=[rule.pk])
    values = {
        "code": rule.code, "position": rule.position, "kinds": rule.kinds, "must": [], "must_not": [], "act": "red",
        "starter": "buyer", "form": rule.form, "with_blue_data": "on", "basis": rule.basis,
        "effective_from": str(rule.effective_from), "precondition": "", "note": "",
    }  # fmt: skip
    shown = client.post(page, values).content.decode()
    assert request.number in shown
    assert VoidRule.objects.get(pk=rule.pk).effective_to is None, "nothing is saved yet"
    client.post(page, {**values, "_confirmed": "1"})
    assert VoidRule.objects.get(code="digital-unused", effective_to=None).starter == "buyer"
    verification.refresh(request)
    assert type(request).objects.get(pk=request.pk).rule.starter == "buyer"


@pytest.mark.req("VOI-02")
def test_an_approval_rule_tells_which_cases_need_other_signatures(boss, client):
    refund = money.refund(money.payment("900.00"), amount="600.00")
    rule = ApprovalRule.objects.get(subject="refund", step="management")
    page = reverse("admin:billing_approvalrule_change", args=[rule.pk])
    values = {"subject": "refund", "step": "management", "above": "500", "together_up_to": "0", "active": "on"}

    assert refund.number in client.post(page, values).content.decode()
    client.post(page, {**values, "_confirmed": "1"})

    assert ApprovalRule.objects.get(pk=rule.pk).above == Decimal(500)
    assert Event.objects.filter(kind="billing.rules_changed").count() == 1


def test_conditions_are_ticked_and_not_both_ways(boss, client):
    rule = VoidRule.objects.get(code="paper-ordinary-void")
    page = reverse("admin:billing_voidrule_change", args=[rule.pk])
    values = {
        "code": rule.code, "position": rule.position, "kinds": rule.kinds, "must": ["same_month", "copies_back"],
        "must_not": ["same_month"], "act": "void", "starter": "seller", "form": "none", "basis": rule.basis,
        "effective_from": str(rule.effective_from), "with_blue_data": "on",
    }  # fmt: skip
    assert client.post(page, values).status_code == 200
    assert VoidRule.objects.filter(code=rule.code).count() == 1
    client.post(page, {**values, "must_not": []})
    new = VoidRule.objects.get(code=rule.code, effective_to=None)
    assert new.conditions == {"same_month": True, "copies_back": True}


LISTS = ["voidrule", "voidreason", "approvalrule", "invoice", "payment", "voidrequest", "refund", "redform"]


@pytest.mark.parametrize("name", LISTS)
def test_finance_sees_each_list_and_others_do_not(boss, client, name):
    request = decided()
    money.refund(void_request=request)
    address = reverse(f"admin:billing_{name}_changelist")
    assert client.get(address).status_code == 200
    assert client.get(address, {"q": request.number}).status_code == 200
    client.force_login(staff(Role.WAREHOUSE, "logistics"))
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("name", ["invoice", "payment", "voidrequest", "refund"])
def test_records_are_looked_at_not_changed(boss, client, name):
    refund = money.refund(void_request=decided())
    row = {
        "invoice": refund.void_request.invoice,
        "payment": refund.payment,
        "voidrequest": refund.void_request,
        "refund": refund,
    }[name]
    page = reverse(f"admin:billing_{name}_change", args=[row.pk])
    shown = client.get(page)
    assert shown.status_code == 200
    assert "张伟" not in shown.content.decode()
    assert client.post(page, {"number": "X"}).status_code == 403
    found = client.get(reverse(f"admin:billing_{name}_changelist"), {"q": row.number}).content.decode()
    other = client.get(reverse(f"admin:billing_{name}_changelist"), {"q": row.number[:-1]}).content.decode()
    assert row.number in found and f"{row.number}</a>" not in other


@pytest.mark.usefixtures("rules_at_hand")
def test_lists_of_records_do_not_count_and_cost_the_same(boss, client, django_assert_max_num_queries):
    address = reverse("admin:billing_refund_changelist")
    money.refund()
    client.get(address)
    with django_assert_max_num_queries(40) as few:
        client.get(address)
    for _ in range(4):
        money.refund()
    with django_assert_max_num_queries(40) as many:
        client.get(address)
    assert len(many) <= len(few) + 1  # the sidebar asks for its number now and then


def test_who_manages_people_gives_and_takes_back_delegations(client):
    admin, giver, taker = (
        staff(Role.ADMINISTRATOR, "management"),
        staff(Role.MANAGEMENT, "management"),
        money.finance().user,
    )
    client.force_login(admin)
    add = reverse("admin:billing_delegation_add")
    values = {
        "subject": "void",
        "giver": giver.pk,
        "taker": taker.pk,
        "first_day": str(today()),
        "last_day": str(today()),
    }
    client.post(add, {**values, "taker": giver.pk})
    assert not Delegation.objects.exists()
    client.post(add, values)
    row = Delegation.objects.get()
    client.post(reverse("admin:billing_delegation_take_back", args=[row.pk]))
    assert Delegation.objects.get().ended_at is not None
