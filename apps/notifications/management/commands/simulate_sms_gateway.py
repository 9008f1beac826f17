import signal
import threading
from argparse import ArgumentParser
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.notifications.adapters.simulated import Fault, SmsGateway, one_line, reply


class Command(BaseCommand):
    help = (
        "Run a text message gateway on loopback that sends nothing and keeps a ledger. Point SMS_GATEWAY_URL at it. "
        'GET /ledger shows what it took; POST /faults {"next": ["drop-after"], "rate": 0.2} makes it misbehave; '
        'POST /replies {"from": "13800000000", "text": "5"} has a customer write back.'
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8090)
        parser.add_argument(
            "--key", default=settings.SMS_GATEWAY_KEY, help="the bearer key to ask for (default SMS_GATEWAY_KEY)"
        )
        parser.add_argument("--fault-rate", type=float, default=0.0, help="share of requests that go wrong, 0 to 1")
        parser.add_argument(
            "--webhook", default=f"{settings.PUBLIC_URL}/hooks/sms/", help="where customers' replies go (the site's)"
        )
        parser.add_argument(
            "--reply",
            nargs=2,
            metavar=("PHONE", "TEXT"),
            help="only send this reply of a customer to the site, and end",
        )
        parser.add_argument("--delay", type=float, default=6.0, help="seconds that the fault “delay” takes")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reply"]:
            self._reply(options)
            return
        if not 0 <= options["fault_rate"] <= 1:
            raise CommandError("--fault-rate is a share between 0 and 1")
        try:
            gateway = SmsGateway(
                port=options["port"],
                key=options["key"],
                fault_rate=options["fault_rate"],
                delay=options["delay"],
                on_sent=lambda entry: self.stdout.write(one_line(entry)),
                webhook=options["webhook"],
            )
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from error
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with gateway:
            self.stdout.write(f"SMS gateway: {gateway.url}  (set SMS_GATEWAY_URL to this)")
            self.stdout.write(f"Faults: {', '.join(fault.value for fault in Fault)}; rate {gateway.fault_rate:g}")
            self.stdout.flush()  # into a pipe it would wait for more
            stop.wait()
        self.stdout.write(f"{len(gateway.ledger)} messages taken")

    def _reply(self, options: dict[str, Any]) -> None:
        phone, text = options["reply"]
        try:
            status = reply(options["webhook"], options["key"], phone, text)
        except requests.RequestException as error:
            raise CommandError(f"{options['webhook']} cannot be reached: {type(error).__name__}") from error
        if status != 200:
            raise CommandError(f"the site answered HTTP {status}")
        self.stdout.write("the site took the reply")
