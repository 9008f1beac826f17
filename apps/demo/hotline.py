"""The demo company's telephone and its website chat: a door for the shop's page, extensions, a call that was missed."""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from apps.accounts.models import User
from apps.channels.chat import options
from apps.channels.models import Door, DoorKind, Extension
from apps.channels.services import calls, doors
from apps.channels.services.calls import News
from apps.core.actors import Actor
from apps.core.vocabulary import Kind

Act = Callable[[], None]
EXTENSIONS = {"8001": "wangfang", "8002": "liqiang", "8003": "zhaomin"}
PBX = Actor("api", "api:telephone", permissions=frozenset({"channels.report_call"}))


def prepare(people: dict[str, User], *, actor: Actor) -> None:
    """The chat for our own demo page (`/chat/demo/`), and whose desks the telephones stand on."""
    site = options.origin(settings.PUBLIC_URL)
    if site:
        door = Door(kind=DoorKind.CHAT, name="官网在线客服", ticket_kind=Kind.INQUIRY)
        doors.save(door, {"origins": site, "department": "service"}, {}, actor=actor)
    for number, username in EXTENSIONS.items():
        Extension.objects.get_or_create(number=number, defaults={"user": people[username]})


def acts() -> list[tuple[float, Act]]:
    """(days before the end, what happens then): calls of the last hour that wait for somebody."""
    return [
        (0.02, partial(_rings, "demo-1", "13912340001", "8001", answered=False)),
        (0.003, partial(_rings, "demo-2", "13912340002", "8003", answered=True)),
    ]


def _rings(call_id: str, caller: str, extension: str, *, answered: bool) -> None:
    for event in ("ringing", *(["answered"] if answered else []), "ended"):
        calls.report(News(call_id, event, caller, "4008208210", extension), actor=PBX)
