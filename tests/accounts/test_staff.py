import io
from io import StringIO
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.urls import reverse

from apps.accounts.models import ApprovalLimit, Department, User
from apps.accounts.services import staff
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests.factories import PASSWORD, DepartmentFactory, UserFactory, actor_with

pytestmark = pytest.mark.django_db


def create(username="li.na", **values):
    values = {"password": PASSWORD, "roles": ["service_staff"], "actor": system("test"), **values}
    return staff.create(username, **values)


@pytest.mark.req("ADM-01")
def test_staff_are_made_with_roles_and_department(client):
    user = create(roles=["service_staff", "service_lead"], department="service", display_name="李娜", staff_number="K1")

    assert client.login(username="li.na", password=PASSWORD)
    assert user.department.name == "客户服务部"
    assert user.has_perm("feedback.approve_solution")
    event = Event.objects.get(kind="staff.created")
    assert event.subject_id == UUID(int=user.pk)
    assert event.data["roles"] == ["service_lead", "service_staff"]
    assert "李娜" not in str(event.data)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"username": ""}, "core.required", "username"),
        ({"username": "no spaces"}, "staff.username", "username"),
        ({"username": "taken"}, "staff.username_taken", "username"),
        ({"staff_number": "K1"}, "staff.number_taken", "staff_number"),
        ({"roles": ["king"]}, "staff.unknown_role", "role"),
        ({"department": "moon"}, "staff.unknown_department", "department"),
        ({"password": "12345678"}, "staff.password", "password"),
        ({"actor": "service_lead"}, "core.not_allowed", None),
    ],
)
def test_what_is_refused(values, code, field):
    UserFactory(username="taken", staff_number="K1")
    if "actor" in values:
        values = {"actor": actor_with(values["actor"])}

    with pytest.raises(DomainError) as refused:
        create(**values)

    assert (refused.value.code, refused.value.field) == (code, field)


def test_command_reads_the_password_or_makes_one(client, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    call_command("create_staff", "one", "--role", "auditor", "--password-stdin", stdout=StringIO())
    assert client.login(username="one", password=PASSWORD)

    out = StringIO()
    call_command("create_staff", "two", "--role=finance_officer", "--department=finance", stdout=out)
    made = out.getvalue().strip().rsplit(" ", 1)[-1]
    assert client.login(username="two", password=made)
    assert User.objects.get(username="two").department.code == "finance"

    with pytest.raises(CommandError, match="king"):
        call_command("create_staff", "three", "--role", "king", stdout=StringIO())


def form_of(user, **changes):
    values = {
        "username": user.username, "display_name": user.display_name, "staff_number": user.staff_number or "",
        "language": user.language, "department": user.department_id or "", "is_active": "on", "is_staff": "on",
        "groups": list(user.groups.values_list("pk", flat=True)),
    }  # fmt: skip
    return {**values, **changes}


@pytest.mark.req("ADM-01")
def test_who_granted_whom_which_role_is_in_the_journal(client):
    admin, user = UserFactory(roles=["administrator"]), UserFactory(roles=["service_staff"])
    client.force_login(admin)
    head = Group.objects.get(name="department_head")

    response = client.post(f"/admin/accounts/user/{user.pk}/change/", form_of(user, groups=[head.pk]))

    assert response.status_code == 302, response.context["errors"]
    event = Event.objects.get(kind="staff.rights_changed")
    assert event.actor == admin
    assert event.data["before"]["roles"] == ["service_staff"]
    assert event.data["after"]["roles"] == ["department_head"]


def test_a_change_of_name_is_no_change_of_rights(client):
    client.force_login(UserFactory(roles=["administrator"]))
    user = UserFactory(roles=["service_staff"])

    client.post(f"/admin/accounts/user/{user.pk}/change/", form_of(user, display_name="新名"))

    assert User.objects.get(pk=user.pk).display_name == "新名"
    assert not Event.objects.filter(kind="staff.rights_changed").exists()


def test_only_a_superuser_makes_superusers(client):
    client.force_login(UserFactory(roles=["administrator"]))
    user = UserFactory()

    client.post(f"/admin/accounts/user/{user.pk}/change/", form_of(user, is_superuser="on"))

    assert not User.objects.get(pk=user.pk).is_superuser


def test_only_a_superuser_gets_at_a_superuser(client):
    client.force_login(UserFactory(roles=["administrator"]))
    top = UserFactory(is_superuser=True)

    form = {"password1": "another fine password", "password2": "another fine password", "usable_password": "true"}
    assert client.post(f"/admin/accounts/user/{top.pk}/password/", form).status_code == 403
    assert client.post(f"/admin/accounts/user/{top.pk}/change/", form_of(top)).status_code == 403


@pytest.mark.req("HND-05")
def test_who_changed_an_approval_limit_is_in_the_journal(client):
    admin = UserFactory(roles=["administrator"])
    client.force_login(admin)
    limit = ApprovalLimit.objects.get(role__name="duty_manager", subject="solution")
    other = Group.objects.get(name="quality")
    url = f"/admin/accounts/approvallimit/{limit.pk}"

    client.post(f"{url}/change/", {"role": limit.role_id, "subject": "solution", "limit": "3000"})
    client.post(f"{url}/change/", {"role": limit.role_id, "subject": "solution", "limit": "3000.00"})
    client.post(f"{url}/change/", {"role": other.pk, "subject": "solution", "limit": ""})
    client.post(f"{url}/delete/", {"post": "yes"})

    told = Event.objects.filter(kind="approval_limit.changed").order_by("id")
    assert [(e.data["role"], e.data["before"], e.data["after"]) for e in told] == [
        ("duty_manager", "2000.00", "3000.00"),
        ("duty_manager", "3000.00", None),
        ("quality", None, "none"),
        ("quality", "none", None),
    ]
    assert {e.actor for e in told} == {admin}


def test_admin_adds_staff_without_a_number_more_than_once(client):
    client.force_login(UserFactory(roles=["administrator"]))
    role = Group.objects.get(name="auditor")
    for username in ("one", "two"):
        form = {
            "username": username, "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD,
            "language": "zh-hans", "groups": [role.pk], "is_staff": "on",
        }  # fmt: skip
        response = client.post("/admin/accounts/user/add/", form)
        assert response.status_code == 302, response.context["errors"]

    assert User.objects.filter(groups=role, staff_number=None).count() == 2
    assert Event.objects.filter(kind="staff.created").count() == 2


def test_nobody_is_deleted(client):
    client.force_login(UserFactory(is_superuser=True))
    user = UserFactory()

    assert client.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.req("ADM-01")
def test_a_roles_rights_are_edited_and_the_journal_knows(client):
    client.force_login(UserFactory(roles=["administrator"]))
    group = Group.objects.get(name="quality")
    keep = list(group.permissions.exclude(codename="change_keyword").values_list("pk", flat=True))

    response = client.post(f"/admin/accounts/rolegroup/{group.pk}/change/", {"permissions": keep})

    assert response.status_code == 302
    event = Event.objects.get(kind="role.rights_changed")
    assert event.data == {"role": "quality", "granted": [], "withdrawn": ["triage.change_keyword"]}


def test_shipped_roles_stay(client):
    client.force_login(UserFactory(is_superuser=True))
    shipped, own = Group.objects.get(name="quality"), Group.objects.create(name="夜班")

    assert client.post(f"/admin/accounts/rolegroup/{shipped.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/rolegroup/{own.pk}/delete/", {"post": "yes"}).status_code == 302
    assert client.get(f"/admin/accounts/rolegroup/{shipped.pk}/change/").status_code == 200


def test_a_department_is_not_part_of_itself(client):
    client.force_login(UserFactory(roles=["administrator"]))
    top = DepartmentFactory()
    bottom = DepartmentFactory(parent=top)

    page = client.post(
        f"/admin/accounts/department/{top.pk}/change/", {"name": top.name, "parent": bottom.pk, "active": "on"}
    )

    assert "parent" in page.context["adminform"].form.errors
    assert Department.objects.get(pk=top.pk).parent is None


@pytest.mark.parametrize(
    "path", ["accounts/user/", "accounts/user/add/", "accounts/department/", "accounts/department/add/",
             "accounts/approvallimit/", "accounts/approvallimit/add/", "accounts/rolegroup/",
             "accounts/rolegroup/add/"],
)  # fmt: skip
def test_admin_pages_open(client, path):
    client.force_login(UserFactory(roles=["administrator"]))

    assert client.get(f"/admin/{path}").status_code == 200


def test_the_staff_list_asks_the_same_however_many_there_are(client, count_queries):
    client.force_login(UserFactory(roles=["administrator"]))
    for _ in range(20):
        UserFactory(roles=["service_staff", "quality"], department=DepartmentFactory())

    with count_queries("accounts.staff_list"):
        page = client.get("/admin/accounts/user/").content.decode()

    assert "客服专员、质量专员" in page


@pytest.mark.req("ADM-01")
def test_who_heads_a_department_is_in_the_journal(client):
    boss, head = UserFactory(roles=["administrator"]), UserFactory(roles=["department_head"])
    row = Department.objects.get(code="logistics")
    before = row.head.staff_number if row.head else None
    client.force_login(boss)
    form = {"name": row.name, "head": head.pk, "active": "on"}
    address = reverse("admin:accounts_department_change", args=[row.pk])

    saved = [client.post(address, form).status_code for _ in range(2)]

    assert saved == [302, 302]
    told = Event.objects.get(kind="department.changed")
    assert (told.actor_id, told.data["before"]["head"], told.data["after"]["head"]) == (
        boss.pk,
        before,
        head.staff_number,
    )
