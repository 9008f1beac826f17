import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.urls import reverse

from apps.channels.adapters import base
from apps.channels.adapters.simulated import Account, Fault, SocialPlatforms
from apps.channels.models import Door


def accounts() -> list[Account]:
    """The doors in use whose API address is "simulator"."""
    close_old_connections()
    doors = [door for door in Door.objects.filter(active=True) if door.settings.get("api_url") == base.SIMULATOR]
    return [
        Account(
            kind=door.kind,
            url=settings.PUBLIC_URL + reverse("channels:knock", args=[door.pk]),
            settings=door.settings,
            secrets=base.secrets_of(door),
            name=door.name,
        )
        for door in doors
    ]


class Command(BaseCommand):
    help = (
        "Play WeChat, Weibo and Facebook on loopback, for doors whose API address is “simulator”. Point "
        "SOCIAL_SIMULATOR_URL at it. Its page lets you write as a customer, shows our answers, and makes it misbehave."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8091)
        parser.add_argument("--delay", type=float, default=10.0, help="seconds that the fault “delay” takes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            platforms = SocialPlatforms(accounts, port=options["port"], delay=options["delay"])
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from error
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with platforms:
            self.stdout.write(f"Social platforms: {platforms.url}  (set SOCIAL_SIMULATOR_URL to this)")
            self.stdout.write(f"Faults: {', '.join(fault.value for fault in Fault)}")
            self.stdout.flush()  # into a pipe it would wait for more
            stop.wait()
