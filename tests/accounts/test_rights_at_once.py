"""What is taken away is gone with the next request, not with the next log-in (ADM-01)."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from apps.accounts.models import RoleGroup
from apps.accounts.roles import Role
from tests import factories
from tests.money import refund

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-01", "ADM-02")]
MATRIX = "admin:accounts_role_matrix"


def signed_in(user):
    """A browser with a session of its own, open before anything changes."""
    client = Client()
    client.force_login(user)
    assert client.get(reverse("admin:index")).status_code == 200
    return client


def take_from_role(role, codename):
    """As an administrator does it: on the role's page, by another session."""
    group = RoleGroup.objects.get(name=role)
    kept = group.permissions.exclude(codename=codename)
    admin = signed_in(factories.staff(Role.ADMINISTRATOR))
    data = {"name": role, "permissions": list(kept.values_list("pk", flat=True))}
    answer = admin.post(reverse("admin:accounts_rolegroup_change", args=[group.pk]), data)
    assert answer.status_code == 302


def test_a_right_taken_from_a_role_is_gone_in_open_sessions():
    auditor = signed_in(factories.staff(Role.AUDITOR))
    events = reverse("admin:journal_event_changelist")
    before = auditor.get(events).status_code

    take_from_role(Role.AUDITOR, "view_event")

    assert (before, auditor.get(events).status_code) == (200, 403)
    assert events not in auditor.get(reverse("admin:index")).content.decode()


def test_a_page_left_open_signs_nothing_once_the_right_is_gone():
    officer = signed_in(factories.staff(Role.FINANCE_OFFICER, "finance"))
    case = refund()
    shown = officer.get(f"/desk/case/refund/{case.pk}/").content.decode()

    take_from_role(Role.FINANCE_OFFICER, "approve_refund_finance")
    officer.post(f"/desk/case/refund/{case.pk}/approve/", {"words": "", "token": ""})

    assert f"/case/refund/{case.pk}/approve/" in shown
    assert type(case).objects.get(pk=case.pk).state == case.state


def test_a_person_taken_out_of_a_role_loses_its_rights_in_open_sessions():
    user = factories.staff(Role.ADMINISTRATOR)
    client = signed_in(user)
    before = client.get(reverse(MATRIX)).status_code

    user.groups.set(Group.objects.filter(name=Role.SERVICE_STAFF))

    assert (before, client.get(reverse(MATRIX)).status_code) == (200, 403)


def test_whoever_is_made_inactive_is_out_at_once():
    user = factories.staff(Role.SERVICE_STAFF)
    client = signed_in(user)

    type(user).objects.filter(pk=user.pk).update(is_active=False)

    answer = client.get(reverse("admin:desk_queue"))
    assert answer.status_code == 302 and reverse("admin:login") in answer["Location"]


def test_what_is_given_counts_at_once_too():
    user = factories.staff(Role.SERVICE_STAFF)
    client = signed_in(user)

    user.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))

    assert client.get(reverse(MATRIX)).status_code == 200
