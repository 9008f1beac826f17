"""Tickets in the words of rooms below that hold something about them without knowing them."""

from uuid import UUID

from django.urls import reverse

from apps.feedback.models import Ticket
from apps.sla import subjects
from apps.sla.subjects import Named


def tickets(ids: list[UUID]) -> dict[UUID, Named]:
    """Number, title and page of each."""
    rows = Ticket.objects.filter(pk__in=ids).values_list("pk", "number", "title")
    return {pk: Named(f"{number} {title}", reverse("admin:desk_ticket", args=[number])) for pk, number, title in rows}


subjects.register("feedback.ticket", tickets)
