from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from apps.accounts import defaults, roles
from apps.accounts.models import ApprovalLimit, Department
from apps.accounts.roles import MATRIX, Role
from apps.accounts.scopes import SCOPES, permissions_of
from apps.core.actors import system
from tests.factories import UserFactory, actor_with

pytestmark = pytest.mark.django_db


def existing() -> set[str]:
    pairs = Permission.objects.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


def rights(role: str) -> set[str]:
    pairs = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


@pytest.mark.req("ADM-01")
def test_every_right_named_in_the_matrix_or_a_scope_exists():
    named = set().union(*MATRIX.values(), *(rights for _, rights in SCOPES.values()))

    assert named - existing() == set()


@pytest.mark.req("ADM-01")
def test_all_thirteen_roles_are_shipped_with_their_rights():
    for role in Role:
        if role in MATRIX:
            assert rights(role) == MATRIX[role], role
    assert len(Role) == 13


@pytest.mark.req("ADM-01", "ADM-02")
def test_auditor_sees_everything_and_changes_nothing():
    seen = rights(Role.AUDITOR)

    # ADM-02 names its exceptions: verifying and taking away proof, and the audit's own work; nothing of it changes a case.
    assert {right for right in seen if not right.partition(".")[2].startswith("view_")} == {
        "journal.verify_evidence", "billing.download_evidencepack", "billing.do_audit", "billing.clear_redflag",
        "billing.witness_destruction",
    }  # fmt: skip
    assert "crm.view_personal_data" not in seen
    assert {"feedback.view_all_tickets", "journal.view_event", "crm.view_customer", "accounts.view_user"} <= seen


@pytest.mark.req("ADM-01")
def test_administrator_has_every_right_of_the_product():
    assert rights(Role.ADMINISTRATOR) == {
        r for r in existing() if r.split(".")[0] not in ("sessions", "contenttypes", "auth")
    }


@pytest.mark.req("ADM-02")
def test_only_desk_quality_management_audit_and_administration_see_all_tickets():
    everywhere = {role.value for role in Role if "feedback.view_all_tickets" in rights(role)}

    assert everywhere == {
        "service_staff", "service_lead", "duty_manager", "quality", "management", "auditor", "integration",
        "administrator",
    }  # fmt: skip


@pytest.mark.req("ADM-04")
def test_clear_personal_data_only_for_who_must_reach_the_customer():
    clear = {role.value for role in Role if "crm.view_personal_data" in rights(role)}

    assert clear == {
        "service_staff", "service_lead", "duty_manager", "department_handler", "department_head", "warehouse",
        "finance_officer", "finance_manager", "administrator",
    }  # fmt: skip


@pytest.mark.req("ADM-05")
def test_loading_defaults_again_keeps_what_the_site_edited():
    group = Group.objects.get(name=Role.QUALITY)
    group.permissions.clear()
    Department.objects.filter(code="quality").update(name="品质保证部")
    ApprovalLimit.objects.filter(role__name=Role.SERVICE_LEAD).delete()

    made = defaults.load(actor=system("test"))

    assert made == {"departments": 0, "roles": 0, "approval limits": 0, "second looks": 0, "new rights of roles": 0}
    assert rights(Role.QUALITY) == set()
    assert Department.objects.get(code="quality").name == "品质保证部"
    assert not ApprovalLimit.objects.filter(role__name=Role.SERVICE_LEAD).exists()


@pytest.mark.req("ADM-05")
def test_a_department_the_site_made_under_the_same_name_is_no_obstacle():
    Department.objects.filter(code="quality").update(code="qa")

    assert defaults.load(actor=system("test"))["departments"] == 0


def test_defaults_ship_departments_and_approval_limits():
    assert set(Department.objects.values_list("code", flat=True)) >= set(defaults.DEPARTMENTS)
    limits = {(x.role.name, x.subject): x.limit for x in ApprovalLimit.objects.select_related("role")}
    assert limits["service_lead", "solution"] == Decimal("500.00")
    assert limits["duty_manager", "solution"] == Decimal("2000.00")
    assert limits["management", "solution"] is None
    assert limits["finance_officer", "void"] == Decimal("5000.00")


def test_an_actor_has_the_rights_of_all_roles_together():
    actor = actor_with("quality", "department_head")

    assert actor.can("feedback.view_all_tickets")
    assert actor.can("feedback.approve_solution")
    assert not actor.can("accounts.manage_api_keys")


def test_a_person_who_left_has_no_rights():
    assert not actor_with("administrator", is_active=False).can("feedback.view_ticket")


@pytest.mark.req("ADM-03")
def test_scopes_add_up_and_unknown_ones_give_nothing():
    assert permissions_of(["tickets:write", "events:read", "of-an-older-release"]) == {
        "feedback.create_ticket", "journal.view_event"
    }  # fmt: skip


@pytest.mark.req("ADM-01")
def test_the_printed_matrix_shows_the_database_and_what_differs_from_the_shipped(client):
    group = Group.objects.get(name=Role.QUALITY)
    group.permissions.remove(Permission.objects.get(codename="change_keyword"))
    group.permissions.add(Permission.objects.get(codename="manage_api_keys"))
    client.force_login(UserFactory(roles=["administrator"]))

    page = client.get("/admin/accounts/rolegroup/matrix/").content.decode()

    for role in Role:
        assert str(role.label) in page
    assert "accounts.manage_api_keys" in page
    assert "triage.keyword" in page
    assert page.count('<b title="本系统另行授予">✓＋</b>') == 1
    assert page.count('<s title="出厂授予、本系统收回">改－</s>') == 1
    assert "accounts/role_matrix.css" in page
    assert "tickets:read" in page
    assert "¥2,000.00" in page


@pytest.mark.req("ADM-01")
def test_the_matrix_names_people_whose_rights_come_from_elsewhere(client):
    outside = UserFactory(display_name="特权人", is_superuser=True)
    client.force_login(UserFactory(roles=["auditor"]))

    response = client.get("/admin/accounts/rolegroup/matrix/")

    assert [str(user) for user in response.context["matrix"].outside] == [str(outside)]


def test_the_matrix_is_not_for_everybody(client):
    client.force_login(UserFactory(roles=["service_staff"]))

    assert client.get("/admin/accounts/rolegroup/matrix/").status_code == 403


def test_words_are_translated():
    permission = roles.all_permissions().get(full="crm.view_customer")

    assert roles.words(permission) == "查看：客户"
    assert roles.label("service_lead") == "客服主管"
    assert roles.label("night shift") == "night shift"


def test_load_defaults_command_is_quiet_the_second_time():
    out = StringIO()

    call_command("load_defaults", stdout=out)

    assert "accounts" not in out.getvalue()
