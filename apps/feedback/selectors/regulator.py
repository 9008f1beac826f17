"""Cases of authorities: reads."""

from django.db.models import QuerySet

from apps.core.actors import Actor
from apps.feedback.models import RegulatorCase, Ticket

LONG_ENOUGH = 8  # so many letters and digits tell a case on their own; a shorter number only with its authority


def same_case(case: RegulatorCase) -> "QuerySet[RegulatorCase]":
    """The other records of the same authority's case, the first one first."""
    others = RegulatorCase.objects.filter(case_key=case.case_key).exclude(pk=case.pk).order_by("id")
    return others if len(case.case_key) >= LONG_ENOUGH else others.filter(authority__iexact=case.authority)


def tickets_of_same_case(case: RegulatorCase, actor: Actor) -> list[Ticket]:
    """Their tickets, as far as this actor may know of them."""
    found = Ticket.objects.visible_to(actor).filter(regulator_case__in=same_case(case))
    return list(found.order_by("id")[:20])
