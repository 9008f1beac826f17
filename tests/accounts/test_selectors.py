from decimal import Decimal

import pytest

from apps.accounts import selectors
from tests.factories import DepartmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.req("INT-07", "SLA-04")
def test_duty_managers_are_everybody_with_the_role_who_is_active():
    duty = UserFactory(roles=["duty_manager"])
    UserFactory(roles=["duty_manager"], is_active=False)
    UserFactory(roles=["service_staff"])

    assert selectors.duty_managers() == [duty]


@pytest.mark.req("INT-07")
def test_a_departments_own_duty_manager_comes_first():
    own, other = UserFactory(), UserFactory(roles=["duty_manager"])
    department = DepartmentFactory(duty_manager=own)
    gone = DepartmentFactory(duty_manager=UserFactory(is_active=False))

    assert selectors.duty_managers(department.pk) == [own]
    assert selectors.duty_managers(gone.pk) == [other]


@pytest.mark.req("SLA-04")
def test_head_is_the_named_one_then_the_role_then_one_level_up():
    boss = UserFactory()
    top = DepartmentFactory(head=boss)
    middle = DepartmentFactory(parent=top, head=UserFactory(is_active=False))
    by_role = UserFactory(roles=["department_head"], department=middle)
    bottom = DepartmentFactory(parent=middle)

    assert selectors.heads_of(top.pk) == [boss]
    assert selectors.heads_of(middle.pk) == [by_role]
    assert selectors.heads_of(bottom.pk) == [by_role]
    by_role.is_active = False
    by_role.save()
    assert selectors.heads_of(bottom.pk) == [boss]


def test_heads_of_a_circle_or_of_nothing_ends():
    one = DepartmentFactory()
    two = DepartmentFactory(parent=one)
    one.parent = two
    one.save()

    assert selectors.heads_of(one.pk) == []
    assert selectors.heads_of(0) == []


def test_management():
    manager = UserFactory(roles=["management"])

    assert selectors.management() == [manager]


@pytest.mark.req("HND-05")
@pytest.mark.parametrize(
    ("roles", "amount", "covered"),
    [
        (["service_staff"], "0.01", False),
        (["service_lead"], "500.00", True),
        (["service_lead"], "500.01", False),
        (["service_lead", "duty_manager"], "2000.00", True),
        (["duty_manager"], "2000.01", False),
        (["management"], "99999999.99", True),
        (["service_lead", "management"], "501.00", True),
    ],
)
def test_the_widest_limit_of_all_roles_counts(roles, amount, covered):
    right = selectors.approval_limit(UserFactory(roles=roles), "solution")

    assert right.covers(Decimal(amount)) is covered


@pytest.mark.req("VOI-02")
def test_finance_voids_up_to_five_thousand():
    right = selectors.approval_limit(UserFactory(roles=["finance_officer"]), "void")

    assert right == selectors.ApprovalRight(True, Decimal("5000.00"))
    assert not selectors.approval_limit(UserFactory(roles=["service_lead"]), "void").granted


def test_who_left_approves_nothing():
    assert not selectors.approval_limit(UserFactory(roles=["management"], is_active=False), "solution").granted
