"""Doors for tests, and knocking at them as the simulated platforms would."""

import secrets
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse

from apps.channels.adapters.simulated import Account, Knock
from apps.channels.models import Door, Inbound
from apps.channels.services import doors, inbound
from apps.core import actors

KEYS = {
    "wechat": (
        {"app_id": "wx0123456789abcdef", "mode": "plain", "api_url": "simulator"},
        {
            "token": "push-token-1",
            "aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            "app_secret": "app-secret-1",
        },
    ),
    "facebook": (
        {"page_id": "1078463", "api_url": "simulator"},
        {"verify_token": "verify-me-1", "app_secret": "fb-secret-1", "page_token": "page-token-1"},
    ),
    "weibo": (
        {"uid": "1902538057", "api_url": "simulator"},
        {"app_secret": "wb-secret-1", "access_token": "wb-token-1"},
    ),
}
PEOPLE = {"wechat": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "facebook": "24681012141618", "weibo": "2489518277"}
EVERY_KEY = [key for _, keys in KEYS.values() for key in keys.values()]


def door(kind: str, **changes: str) -> Door:
    """A door in use, wired to the simulator; `changes` of its settings, e.g. mode="aes"."""
    settings, keys = KEYS[kind]
    name = changes.pop("name", f"{kind} 测试")
    new = Door(kind=kind, name=name, active=True)
    return doors.save(new, {**settings, **changes}, keys, actor=actors.system("test"))


def account(of: Door) -> Account:
    """What the platform knows of a door."""
    url = "http://testserver" + reverse("channels:knock", args=[of.pk])
    return Account(of.kind, url, of.settings, doors.secrets_of(of), of.name)


def knock(made: Knock, client: Client | None = None):
    """Let a platform's request in; returns our answer."""
    parts = urlsplit(made.url)
    client = client or Client(REMOTE_ADDR=str(IPv6Address(secrets.randbits(128))))  # each from somewhere else
    headers = {name: value for name, value in made.headers.items() if name != "Content-Type"}
    if made.method == "GET":
        return client.get(f"{parts.path}?{parts.query}", headers=headers)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return client.post(
        path, made.body, content_type=made.headers.get("Content-Type", "application/json"), headers=headers
    )


def broken(to, text="机器坏了，请处理。"):
    """An item that failed for good."""
    row = inbound.keep(to, "m1", {"peer": "1", "text": text}, thread="1")
    Inbound.objects.filter(pk=row.pk).update(**{"state": "failed"}, attempts=5, error="KeyError in x.py:1 f")
    return Inbound.objects.get(pk=row.pk)
