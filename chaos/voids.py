"""Void execution under fire: worker, broker, database and the tax platform are killed with -9 while the platform drops,
delays, repeats and signs wrongly.

The platform's ledger is the oracle: no red letter twice, none that our books don't have, none in our books that it hasn't.
"""

import contextlib
import random
import sqlite3
import tempfile
import threading
import time
from argparse import Namespace
from collections import Counter, defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from chaos.site import BETWEEN, Site, under_fire

FAULT_RATE = 0.3
SETTLED_WITHIN = 300  # seconds after the last fault
CONTROLLED_FOR = 60  # the control never settles
WEIGHTS = {"worker": 10, "broker": 3, "database": 3, "simulator": 3}
ON_THE_WAY = ("executing", "unknown")
DONE = ("done", "archived")
UNUSED = {"export_refund": False, "use_confirmed": False, "buyer_booked": False}
VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}
# kind, facts, parts that are undone one after the other (0: the whole invoice in one request)
CASES = [
    ("paper_special", VOIDABLE, 0),  # a void
    ("e_ordinary", {}, 0),  # a red letter without a form
    ("e_ordinary", {}, 3),
    ("digital_ordinary", UNUSED, 0),  # form, then red letter
    ("digital_ordinary", UNUSED, 3),
]


def run(options: Namespace) -> list[str]:
    ledger = Path(tempfile.mkdtemp(prefix="chaos-ledger-")) / "ledger.sqlite"
    simulator = ("simulate_tax", "--ledger", str(ledger), "--fault-rate", str(FAULT_RATE), "--delay", "11")
    site = Site(options, *simulator, setting="TAX_SIMULATOR_URL")
    site.start()
    try:
        office = Office(options.voids, site, options.kills * BETWEEN * 0.8, options.seed)
        office.start()
        killed = under_fire(site, options.kills, WEIGHTS, random.Random(options.seed), _states)
        office.filed.wait()
        site.faults_off()
        print(f"kills: {dict(killed)}; faults off, waiting for the rest", flush=True)
        seconds = _wait(site, ledger, CONTROLLED_FOR if options.control else SETTLED_WITHIN)
        office.stop()
        found = _wrong(ledger)
        _tell(ledger, seconds)
    finally:
        site.stop()
    if options.control:
        twice = [finding for finding in found if "on the platform" in finding]
        print(f"control: {len(twice)} findings, e.g. {twice[:3]}", flush=True)
        return [] if twice else ["the guard was off and nothing was found"]
    return found


class Office(threading.Thread):
    """Files requests while everything breaks, and takes each one step on whenever it can."""

    def __init__(self, count: int, site: Site, seconds: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.count, self.site, self.pause, self.seed = count, site, seconds / count, seed
        self.filed, self._end, self._people = threading.Event(), threading.Event(), None

    def run(self) -> None:
        from django.db import close_old_connections

        made = 0
        while not self._end.is_set():
            began = time.monotonic()
            try:
                self._people = self._people or _people()
                if made < self.count:
                    made += self.make(made)
                elif not self.filed.is_set():
                    self.filed.set()
                    print(f"{made} requests filed", flush=True)
                self.push()
            except Exception as error:  # the database or the platform may be down: nothing of it was kept, or all
                print(f"office: {type(error).__name__}", flush=True)
                close_old_connections()
                time.sleep(0.5)
            self._end.wait(max(0.05, self.pause - (time.monotonic() - began)))

    def stop(self) -> None:
        self._end.set()
        self.join(60)

    def make(self, n: int) -> int:
        """One invoice that both sides know, and requests for it; how many were filed."""
        from django.db import transaction

        from apps.billing.services import balance, invoices, voids
        from apps.billing.services.invoices import InvoiceDraft, LineDraft
        from apps.core import clock
        from apps.core.actors import SYSTEM

        dice = random.Random(f"{self.seed}-{n}")  # the same again when the first try broke off
        kind, facts, parts = CASES[dice.randrange(len(CASES))]
        number, now = f"{26310000000000000000 + n}", clock.now()
        net, quantity = Decimal(dice.randrange(100, 100_000)) / 100, Decimal(parts or 1)
        tax = (net * Decimal("0.13")).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
        self.site.say(
            "invoices", number=number, kind=kind, net=f"{net:.2f}", tax=f"{tax:.2f}", facts=facts,
            issued_on=clock.local(now).date().isoformat(),
        )  # fmt: skip
        with transaction.atomic():
            line = LineDraft("混沌净化器", quantity, net, Decimal("0.13"), tax, "台")
            draft = InvoiceDraft(
                number=number, kind=kind, issued_at=now, buyer_name="混沌贸易有限公司", lines=(line,), facts=facts
            )
            blue = invoices.take_over(draft, actor=SYSTEM)
            if blue.void_requests.exists():  # filed before the answer was lost
                return max(1, parts)
            asks = [[balance.Ask(blue.lines.get(), Decimal(1))] for _ in range(parts)] or [[]]
            for ask in asks:
                reason = "02" if parts else "01"
                voids.file(voids.VoidDraft(blue, reason, "混沌", ask), actor=self._people[0])
        return len(asks)

    def push(self) -> None:
        """Every request one step on: signed, checked, its form entered, carried out."""
        from apps.billing.models import VoidRequest
        from apps.core.errors import DomainError

        steps = {
            "finance_review": self._sign, "verification": self._check, "awaiting_form": self._enter,
            "ready": self._execute,
        }  # fmt: skip
        waiting = VoidRequest.objects.filter(state__in=steps).order_by("?")
        for request in waiting[:20]:
            try:
                steps[request.state](request)
            except DomainError:  # another one of its invoice goes first, or its form is on its way
                continue

    def _sign(self, request: Any) -> None:
        from apps.billing.services import voids

        voids.decide(request, actor=self._people[1], approve=True)

    def _check(self, request: Any) -> None:
        from apps.billing.services import verification
        from apps.core.errors import DomainError

        for check in request.checks.filter(result="open"):
            with contextlib.suppress(DomainError):  # the system has heard of it meanwhile, and fills it
                verification.record_check(request, check.kind, passed=True, actor=self._people[2], detail="已核对")
        verification.confirm(request, actor=self._people[2])

    def _enter(self, request: Any) -> None:
        from apps.billing.services import red_forms

        red_forms.enter(request, actor=self._people[2])

    def _execute(self, request: Any) -> None:
        from apps.billing.services import executing

        executing.execute(request, actor=self._people[2])


def _people() -> list[Any]:
    """Who files, who signs, who checks and carries out."""
    from django.contrib.auth.models import Group

    from apps.accounts.models import Department, User
    from apps.core import actors

    found = []
    for name in ("chaos-clerk", "chaos-boss", "chaos-checker"):
        user = User.objects.filter(username=name).first()
        if user is None:
            user = User.objects.create(username=name, is_staff=True, staff_number=name[:20],
                                       department=Department.objects.first())  # fmt: skip
            user.groups.add(Group.objects.get(name="finance_manager"), Group.objects.get(name="finance_officer"))
        found.append(actors.staff(user))
    return found


def _states() -> dict[str, int]:
    from django.db import close_old_connections
    from django.db.models import Count

    from apps.billing.models import VoidRequest

    close_old_connections()
    try:
        return dict(VoidRequest.objects.order_by().values_list("state").annotate(n=Count("id")))
    except Exception as error:
        return {type(error).__name__: 1}


def _wait(site: Site, ledger: Path, most: float) -> float:
    """Until every request is done and both ledgers agree; the seconds it took, at most `most`."""
    began = last = time.monotonic()
    while time.monotonic() - began < most:
        site.revive()
        states = _states()
        if states and set(states) <= {*DONE} and not _wrong(ledger):
            break
        if time.monotonic() - last > 30:
            last = time.monotonic()
            print(f"{last - began:.0f} s after the last fault: {states}", flush=True)
        time.sleep(2)
    return time.monotonic() - began


def _there(ledger: Path) -> dict[str, list[tuple[str, str, int, int]]]:
    """What the platform did, by request: (act, certificate, net, tax) in fen. Under "" what no key of ours explains."""
    from apps.billing.models import TaxOperation

    with closing(sqlite3.connect(ledger)) as db:
        done = db.execute(
            "SELECT 'red', number, net, tax, key FROM reds UNION ALL SELECT 'void', v.number, i.net, i.tax, v.key"
            " FROM voids v JOIN invoices i ON (i.code, i.number) = (v.code, v.invoice)"
        ).fetchall()
    ours = dict(TaxOperation.objects.values_list("key", "request__number"))
    found = defaultdict(list)
    for act, number, net, tax, key in done:
        found[ours.get(key) or ours.get(key[:-6], "")].append((act, number, net, tax))
    return found


def _wrong(ledger: Path) -> list[str]:
    """Our books against the platform's, request by request and invoice by invoice."""
    from apps.billing.models import Invoice, VoidRequest

    there, found = _there(ledger), []
    if there.get(""):
        found.append(f"{len(there[''])} acts on the platform are unknown to us")
    red_of = dict(Invoice.objects.exclude(red_of=None).values_list("number", "gross"))
    for request in VoidRequest.objects.all():
        acts = there.get(request.number, [])
        wanted = [(request.act, request.certificate, fen(request.net), fen(request.tax))] * (request.state in DONE)
        if acts != wanted:
            found.append(f"{request.number} ({request.state}): {acts} on the platform, {wanted} in our books")
        if request.state in ON_THE_WAY:
            found.append(f"{request.number} is still {request.state}")
        if request.state in DONE and request.act == "red" and red_of.get(request.certificate) != -request.amount:
            found.append(f"{request.number}: its red invoice is not in our books")
    found += _above_blue(ledger)
    return found


def _above_blue(ledger: Path) -> list[str]:
    with closing(sqlite3.connect(ledger)) as db:
        rows = db.execute(
            "SELECT i.number, i.net, i.tax, SUM(r.net), SUM(r.tax) FROM reds r JOIN invoices i ON i.number = r.invoice"
            " GROUP BY i.number HAVING SUM(r.net) > i.net OR SUM(r.tax) > i.tax"
        ).fetchall()
    return [f"{row[0]}: more red than blue on the platform" for row in rows]


def fen(amount: Decimal) -> int:
    return int(amount * 100)


def _tell(ledger: Path, seconds: float) -> None:
    from apps.billing.models import RedForm, TaxOperation, VoidRequest

    there, states = _there(ledger), Counter(VoidRequest.objects.values_list("state", flat=True))
    acts = Counter(act for done in there.values() for act, *_ in done)
    double = sum(len(done) > 1 for number, done in there.items() if number)
    done = set(VoidRequest.objects.filter(state__in=DONE).values_list("number", flat=True))
    lost = len(done - set(there))
    with closing(sqlite3.connect(ledger)) as db:
        calls, bad = db.execute("SELECT COUNT(*), SUM(fault != '') FROM calls").fetchone()
    calls_of_ours = Counter(TaxOperation.objects.values_list("state", flat=True))
    print(f"settled {seconds:.0f} s after the last fault\n{states.total()} requests {dict(states)}; on the platform "
          f"{dict(acts)}; {RedForm.objects.count()} forms; {double} double, {lost} lost\n"
          f"{sum(calls_of_ours.values())} operations {dict(calls_of_ours)}; {calls} calls, {bad} of them broken",
          flush=True)  # fmt: skip
