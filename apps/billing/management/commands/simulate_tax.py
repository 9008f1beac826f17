import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections, connection

from apps.billing.models import Invoice
from apps.billing.services.invoices import known_facts
from apps.billing.states import Fact, Source
from apps.billing.tax_simulator import keys
from apps.billing.tax_simulator.faults import Fault
from apps.billing.tax_simulator.server import TaxServer
from apps.core import clock


class Command(BaseCommand):
    help = (
        "Play the tax platform on loopback, with a key and a ledger of its own. Set TAX_SIMULATOR_URL to its address. Its "
        "page at / plays the buyer, moves the clock and switches faults; the same by JSON: POST /sim/play, /sim/clock, "
        "/sim/faults, /sim/facts, /sim/buyer-form, /sim/invoices; GET /sim/state."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8094)
        parser.add_argument("--ledger", default=str(Path(settings.LOCAL_DIR) / "tax-ledger.sqlite"))
        parser.add_argument("--books", action="store_true", help="know the invoices of this site's database")
        parser.add_argument("--seed", type=int, default=None, help="of the draw of faults")
        parser.add_argument("--fault-rate", type=float, default=0.0, help="share of calls that go wrong, 0 to 1")
        parser.add_argument("--delay", type=float, default=12.0, help="seconds that the fault “delay” takes")

    def handle(self, *args: Any, **options: Any) -> None:
        known = keys.kept_in(settings.LOCAL_DIR / "keys")
        books = from_our_books if options["books"] else None
        try:
            tax = TaxServer(
                known,
                options["ledger"],
                port=options["port"],
                seed=options["seed"],
                delay=options["delay"],
                books=books,
            )
            tax.faults.set(rate=options["fault_rate"])
        except OSError as error:
            raise CommandError(f"port {options['port']} cannot be used: {error.strerror}") from error
        except ValueError as error:
            raise CommandError(f"--fault-rate: {error}") from error
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with tax:
            self.stdout.write(f"Tax platform: {tax.url}/  (set TAX_SIMULATOR_URL to this)")
            self.stdout.write(f"Faults: {', '.join(fault.value for fault in Fault)}; rate {tax.faults.rate:g}")
            self.stdout.flush()  # into a pipe it would wait for more
            stop.wait()


def from_our_books(code: str, number: str) -> dict[str, Any] | None:
    """An invoice as the platform would know it: what our books say, and of the buyer nothing but what they told."""
    close_old_connections()
    try:
        found = Invoice.objects.filter(code=code, number=number, red_of=None).first()
        if found is None:
            return None
        facts = {name: row.holds for name, row in known_facts(found).items() if row.source != Source.PERSON}
        asked = (Fact.USE_CONFIRMED, Fact.BUYER_BOOKED, Fact.EXPORT_REFUND, Fact.DEDUCTED, Fact.AUTHENTICATED)
        return {
            "code": code, "number": number, "kind": found.kind, "net": f"{found.net:.2f}", "tax": f"{found.tax:.2f}",
            "buyer_name": found.buyer_name, "buyer_tax_number": found.buyer_tax_number,
            "issued_on": clock.local(found.issued_at).date().isoformat(),
            "facts": {str(name): False for name in asked} | {str(name): holds for name, holds in facts.items()},
        }  # fmt: skip
    finally:
        connection.close()
