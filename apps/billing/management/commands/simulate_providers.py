import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.billing.adapters.setup import simulated_keys
from apps.billing.simulator.faults import Fault
from apps.billing.simulator.server import Providers


class Command(BaseCommand):
    help = (
        "Play Alipay, WeChat Pay and the benefits API on loopback, with keys and a ledger of their own. Point "
        'PAYMENT_SIMULATOR_URL at it. POST /sim/faults {"next": ["drop-after"], "rate": 0.2, "only": [...]} makes it '
        'misbehave, {"clear": true} ends that; POST /sim/balance {"provider": "alipay", "fen": 100}, /sim/bounce and '
        '/sim/callback {"provider", "number"}; GET /sim/state shows the ledger.'
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8093)
        parser.add_argument("--site", default=settings.PUBLIC_URL, help="where callbacks go (default PUBLIC_URL)")
        parser.add_argument("--ledger", default=str(Path(settings.LOCAL_DIR) / "provider-ledger.sqlite"))
        parser.add_argument("--seed", type=int, default=None, help="of the draw of faults")
        parser.add_argument("--fault-rate", type=float, default=0.0, help="share of calls that go wrong, 0 to 1")
        parser.add_argument("--delay", type=float, default=12.0, help="seconds that the fault “delay” takes")
        parser.add_argument("--settle-after", type=float, default=2.0, help="seconds that WeChat Pay works on a refund")
        parser.add_argument("--bounce-after", type=float, default=20.0, help="seconds until a success comes back")

    def handle(self, *args: Any, **options: Any) -> None:
        site = options["site"].rstrip("/")
        try:
            providers = Providers(
                simulated_keys(), options["ledger"], port=options["port"], seed=options["seed"],
                delay=options["delay"], settle_after=options["settle_after"], bounce_after=options["bounce_after"],
                alipay_notify=f"{site}/hooks/pay/alipay/",
            )  # fmt: skip
            providers.faults.set(rate=options["fault_rate"])
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(f"--fault-rate: {error}") from error
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with providers:
            self.stdout.write(f"Payment providers: {providers.url}  (set PAYMENT_SIMULATOR_URL to this)")
            self.stdout.write(f"Faults: {', '.join(fault.value for fault in Fault)}; rate {providers.faults.rate:g}")
            self.stdout.flush()  # into a pipe it would wait for more
            stop.wait()
