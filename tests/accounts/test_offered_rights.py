"""Rights that come with a new release reach the roles of a site that exists (ADM-01); what was taken away stays away."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from apps.accounts import defaults
from apps.accounts.models import OfferedRight
from apps.accounts.roles import Role
from apps.core.actors import system
from apps.journal.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-01", "ADM-05")]


def right(full):
    app, codename = full.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def holds(role, full):
    return Group.objects.get(name=role).permissions.filter(pk=right(full).pk).exists()


def forget(full):
    """As if this right came with the release that is being installed: no role ever heard of it."""
    OfferedRight.objects.filter(permission=right(full)).delete()
    for group in Group.objects.all():
        group.permissions.remove(right(full))


def test_a_right_that_is_new_reaches_the_roles_it_is_shipped_for():
    forget("feedback.merge_across_customers")

    made = defaults.load(actor=system("test"))

    holders = {role.value for role in Role if holds(role, "feedback.merge_across_customers")}
    assert holders == {"service_lead", "duty_manager", "administrator"}
    assert made["new rights of roles"] == 3
    told = Event.objects.filter(kind="role.rights_changed", actor_label="system:test")
    assert sorted(e.data["role"] for e in told) == ["administrator", "duty_manager", "service_lead"]
    assert all(e.data["granted"] == ["feedback.merge_across_customers"] for e in told)


def test_what_an_administrator_took_away_is_never_given_again():
    Group.objects.get(name=Role.SERVICE_STAFF).permissions.remove(right("crm.view_personal_data"))
    forget("feedback.merge_across_customers")

    defaults.load(actor=system("test"))
    again = defaults.load(actor=system("test"))

    assert not holds(Role.SERVICE_STAFF, "crm.view_personal_data")
    assert again["new rights of roles"] == 0


def test_a_role_that_the_site_deleted_comes_back_whole_and_one_of_its_own_gets_nothing():
    Group.objects.get(name=Role.QUALITY).delete()
    own = Group.objects.create(name="外包坐席")

    defaults.load(actor=system("test"))

    assert holds(Role.QUALITY, "feedback.handle_ticket")
    assert not own.permissions.exists()
    assert not OfferedRight.objects.filter(role=own).exists()


def test_a_site_from_before_keeps_its_own_choice_of_the_rights_it_knew():
    forget("feedback.merge_across_customers")
    new = right("feedback.merge_across_customers")
    OfferedRight.objects.all().delete()
    Group.objects.get(name=Role.SERVICE_STAFF).permissions.remove(right("crm.view_personal_data"))
    Permission.objects.filter(pk=new.pk).delete()  # its row is made only after all migrations

    import_module("apps.accounts.migrations.0002_offered_rights").note_what_there_was(apps, None)
    Permission.objects.create(content_type=new.content_type, codename=new.codename, name=new.name)
    made = defaults.load(actor=system("test"))

    assert made["new rights of roles"] == 3
    assert holds(Role.SERVICE_LEAD, "feedback.merge_across_customers")
    assert not holds(Role.SERVICE_STAFF, "crm.view_personal_data")
