"""Whatever the shipped defaults decide can be seen and changed in the administration (ADM-05)."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import RequestFactory

from tests.factories import staff

# Rows that the defaults leave behind without deciding anything.
NO_DECISION = {
    "accounts.OfferedRight",  # which rights a role was given once
    "journal.Event", "journal.Delivery",  # that it happened
    "core.Counter", "sla.RuleVersion",  # bookkeeping: the last number taken, when rules last changed
    "triage.LibraryVersion", "knowledge.LibraryVersion",  # one per change of the library, kept as it was
    "triage.ModelVersion",  # a version is switched on or off on its page, never rewritten
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.req("ADM-05")
def test_every_shipped_row_can_be_changed_by_an_administrator_in_the_administration():
    request = RequestFactory().get("/admin/")
    request.user = staff("administrator")
    own = [m for m in apps.get_models() if m.__module__.startswith("apps.") and not m._meta.proxy]
    shipped = [m for m in own if m._meta.label not in NO_DECISION | {"accounts.User"} and m._default_manager.exists()]
    inlines = {inline.model for each in admin.site._registry.values() for inline in each.inlines}

    rooms = {model._meta.app_label for model in admin.site._registry}  # a room with its first page owes all of them
    shipped = [model for model in shipped if model._meta.app_label in rooms]
    missing = [m._meta.label for m in shipped if m not in admin.site._registry and m not in inlines]
    fixed = [
        m._meta.label
        for m in shipped
        if m in admin.site._registry and not admin.site._registry[m].has_change_permission(request)
    ]

    assert len(shipped) > 15
    assert (missing, fixed) == ([], [])
