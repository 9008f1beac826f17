"""Departments: who heads them, and who is told when nobody accepts in time. Every change is in the journal."""

from typing import Any

from django.db import transaction

from apps.accounts import events
from apps.accounts.models import Department
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.journal.events import record


def save(department: Department, *, actor: Actor) -> None:
    """Write a new or changed department; saved as it was, nothing is told. Raises DomainError `core.not_allowed`."""
    right = "accounts.add_department" if department.pk is None else "accounts.change_department"
    if not actor.can(right):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        joined = Department.objects.select_related("parent", "head", "duty_manager")
        before = _facts(joined.filter(pk=department.pk).first())
        department.save()
        after = _facts(joined.get(pk=department.pk))
        if before != after:
            facts = {"before": before, "after": after}
            record(events.DEPARTMENT_CHANGED, subject=events.ref(department), actor=actor, data=facts)


def _facts(department: Department | None) -> dict[str, Any] | None:
    """Staff by their numbers."""
    if department is None:
        return None
    return {
        "code": department.code, "name": department.name, "active": department.active,
        "parent": department.parent.code if department.parent else None,
        "head": department.head.staff_number if department.head else None,
        "duty_manager": department.duty_manager.staff_number if department.duty_manager else None,
    }  # fmt: skip
