import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from apps.channels.models import Door, DoorKind, PayComplaint
from apps.channels.pay.simulated import API_FAULTS, CALLBACK_FAULTS, Complaints, Keys
from apps.channels.services import doors
from apps.core.actors import system

NAME = "微信支付投诉（模拟）"
WORDS = (
    "下单的吸尘器一直没有发货，客服也联系不上，要求退款。",
    "收到的电饭煲内胆有划痕，申请退货退款商家不处理。",
    "多扣了一笔运费，请退还。",
)


class Command(BaseCommand):
    help = (
        "Play WeChat Pay's consumer complaints on loopback, with RSA keys of its own. Makes or mends the door “"
        f'{NAME}” that talks to it. POST /complaints {{"detail": …}}, /say {{"complaint", "text"}} and /faults '
        '{"callback": ["drop"], "api": ["delay"], "rate": 0.2} make it act; GET /ledger shows what it knows.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8092)
        parser.add_argument("--site", default=settings.PUBLIC_URL, help="where callbacks go (default PUBLIC_URL)")
        parser.add_argument(
            "--fault-rate", type=float, default=0.0, help="share of callbacks and requests gone wrong, 0 to 1"
        )
        parser.add_argument("--delay", type=float, default=12.0, help="seconds that the fault “delay” takes")
        parser.add_argument("--complaints", type=int, default=0, help="file so many, where the door has none yet")
        parser.add_argument("--every", type=float, default=0.0, help="then another one every so many seconds; 0: none")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["fault_rate"] <= 1:
            raise CommandError("--fault-rate is a share between 0 and 1")
        keys = Keys.kept_in(settings.LOCAL_DIR / "keys")
        try:
            platform = Complaints(keys, port=options["port"], delay=options["delay"])
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from error
        door = _door(keys, platform.url)
        platform.notify_url = options["site"].rstrip("/") + reverse("channels:knock", args=[door.pk])
        platform.fault_rate = options["fault_rate"]
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with platform:
            self.stdout.write(f"WeChat Pay complaints: {platform.url}  callbacks go to {platform.notify_url}")
            self.stdout.write(f"Faults of callbacks: {', '.join(fault.value for fault in CALLBACK_FAULTS)}")
            self.stdout.write(f"Faults of the API: {', '.join(fault.value for fault in API_FAULTS)}")
            self._complain(platform, door, options, stop)
            self.stdout.flush()  # into a pipe it would wait for more
            stop.wait()
        self.stdout.write(f"{len(platform.known)} complaints, {len(platform.callbacks)} callbacks")

    def _complain(self, platform: Complaints, door: Door, options: dict[str, Any], stop: threading.Event) -> None:
        wanted = 0 if PayComplaint.objects.filter(door=door).exists() else options["complaints"]
        count = 0
        while (count < wanted or options["every"]) and not stop.is_set():
            if stop.wait(15.0 if count < wanted else options["every"]):  # the site may still be starting
                return
            number = platform.complain(
                WORDS[count % len(WORDS)], phone=f"1381234{5600 + count:04d}", pictures=count % 2
            )
            self.stdout.write(f"complaint {number}: callback answered {platform.callbacks[-1:] or '—'}")
            count += 1


def _door(keys: Keys, url: str) -> Door:
    """The door with exactly these keys; made where there is none."""
    door = Door.objects.filter(kind=DoorKind.WECHAT_PAY, name=NAME).first()
    door = door or Door(kind=DoorKind.WECHAT_PAY, name=NAME, active=True)
    return doors.save(door, *keys.settings(url), actor=system("simulator"))
