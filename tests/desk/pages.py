"""What tests of the workspace share."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from apps.core import clock
from apps.feedback.models import Ticket

SOON = f"{clock.local(clock.now()) + timedelta(days=3):%Y-%m-%dT18:00}"  # as a browser sends it


def at(one: Ticket) -> str:
    return reverse("admin:desk_ticket", args=[one.number])


def do(client: Client, one: Ticket, name: str, *, htmx: bool = False, **typed: object) -> Any:
    """Send the form of a step as the page would."""
    version = typed.pop("version", Ticket.objects.get(pk=one.pk).version)
    headers = {"HTTP_HX_REQUEST": "true"} if htmx else {}
    return client.post(reverse("admin:desk_act", args=[one.number, name]), {"version": version, **typed}, **headers)


def now_of(one: Ticket) -> Ticket:
    return Ticket.objects.get(pk=one.pk)
