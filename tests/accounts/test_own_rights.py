"""Nobody gives rights to themselves, administrators included (ADM-01, VOI-02)."""

import pytest
from django.contrib.auth.models import Group, Permission

from apps.accounts.models import ApprovalLimit
from apps.accounts.roles import Role
from apps.journal.models import Event
from tests.factories import staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-01")]


@pytest.fixture
def admin(client):
    user = staff(Role.ADMINISTRATOR, is_superuser=True)
    client.force_login(user)
    return user


def give(client, user, *roles):
    typed = {
        "username": user.username, "display_name": "张三", "staff_number": user.staff_number or "", "language": "zh-hans",
        "department": user.department_id or "", "is_active": "on", "is_staff": "on", "email": "", "phone": "",
        "groups": [Group.objects.get(name=role).pk for role in roles],
    }  # fmt: skip
    return client.post(f"/admin/accounts/user/{user.pk}/change/", typed)


def roles_of(user):
    return set(user.groups.values_list("name", flat=True))


def test_an_administrator_gives_roles_to_others_only(client, admin):
    other = staff(Role.SERVICE_STAFF)

    assert give(client, other, Role.FINANCE_OFFICER).status_code == 302
    assert give(client, admin, Role.ADMINISTRATOR, Role.MANAGEMENT).status_code == 302

    assert roles_of(other) == {Role.FINANCE_OFFICER}
    assert roles_of(admin) == {Role.ADMINISTRATOR}
    admin.refresh_from_db()
    assert admin.is_superuser


@pytest.mark.req("VOI-02")
def test_nor_do_they_set_the_limit_of_a_role_they_hold(client, admin):
    mine, theirs = Group.objects.get(name=Role.ADMINISTRATOR), Group.objects.get(name=Role.QUALITY)
    typed = {"subject": ApprovalLimit.Subject.REFUND, "limit": ""}

    assert client.post("/admin/accounts/approvallimit/add/", {**typed, "role": mine.pk}).status_code == 200
    assert client.post("/admin/accounts/approvallimit/add/", {**typed, "role": theirs.pk}).status_code == 302

    assert not ApprovalLimit.objects.filter(role=mine).exists()
    held = ApprovalLimit.objects.create(role=mine, subject=ApprovalLimit.Subject.REFUND, limit=1)
    assert (
        client.post(f"/admin/accounts/approvallimit/{held.pk}/change/", {**typed, "role": theirs.pk}).status_code == 403
    )


@pytest.mark.req("ADM-03")
def test_whose_password_an_administrator_set_is_in_the_journal(client, admin):
    other = staff(Role.MANAGEMENT)
    address, good = f"/admin/accounts/user/{other.pk}/password/", "correct horse battery 9"
    told = Event.objects.filter(kind="staff.password_set")

    wrong = {"password1": good, "password2": "another", "usable_password": "true"}
    assert client.post(address, wrong).status_code == 200
    assert not told.exists()
    assert client.post(address, {**wrong, "password2": good}).status_code == 302

    assert [(event.actor_id, event.subject_id.int) for event in told] == [(admin.pk, other.pk)]


def tick(client, role, codenames):
    rights = [p.pk for p in Permission.objects.filter(codename__in=codenames)]
    return client.post(f"/admin/accounts/rolegroup/{role.pk}/change/", {"name": role.name, "permissions": rights})


@pytest.mark.req("VOI-02")
def test_nor_do_they_widen_a_role_they_hold(client):
    keeper = Group.objects.create(name="人事")
    keeper.permissions.set(Permission.objects.filter(codename__in=["view_rolegroup", "change_rolegroup"]))
    user = staff(Role.SERVICE_STAFF)
    user.groups.add(keeper)
    client.force_login(user)
    held = ["view_rolegroup", "change_rolegroup"]
    other = Group.objects.get(name=Role.QUALITY)

    widened = tick(client, keeper, [*held, "approve_refund_finance", "pay_refund"])

    assert widened.status_code == 200
    assert widened.context["adminform"].form.errors["permissions"]
    assert not type(user).objects.get(pk=user.pk).has_perm("billing.pay_refund")
    assert tick(client, other, ["view_ticket"]).status_code == 302
    assert tick(client, keeper, ["change_rolegroup"]).status_code == 302  # to give away a right is their own affair
    assert set(keeper.permissions.values_list("codename", flat=True)) == {"change_rolegroup"}


@pytest.mark.req("ADM-03")
def test_who_is_given_another_log_in_name_or_staff_number_is_recorded(client, admin):
    """By one of these the company's log-in finds a person: whoever changes them decides who comes in as whom."""
    boss = staff(Role.MANAGEMENT, staff_number="M-1", username="boss")

    boss.staff_number, boss.username = "F-7", "chef"
    assert give(client, boss, Role.MANAGEMENT).status_code == 302

    told = Event.objects.get(kind="staff.rights_changed").data
    assert (told["before"]["staff_number"], told["after"]["staff_number"]) == ("M-1", "F-7")
    assert (told["before"]["username"], told["after"]["username"]) == ("boss", "chef")
