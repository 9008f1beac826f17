"""Refunds under fire: worker, web, broker and database are killed with -9 while the providers drop, delay, repeat and lie.

The simulator's ledger is the oracle. A few people go on signing the whole time: they send what has provably failed
another way.
"""

import os
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections import Counter, defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from chaos.processes import Broker, Celery

FAULT_RATE = 0.3
BETWEEN = 2.4  # seconds between two kills, about
SETTLED_WITHIN = 300  # seconds after the last fault
WEIGHTS = {"worker": 10, "web": 4, "broker": 3, "database": 3}
FAULTS = [
    "drop", "drop-after", "bad-signature", "error", "no-balance", "abnormal", "closed", "bounce", "delay",
    "callback-drop", "callback-duplicate", "callback-late", "callback-forged", "callback-old",
]  # fmt: skip


def run(options: Namespace) -> list[str]:
    dice, site = random.Random(options.seed), Site(options)
    site.start()
    try:
        _people()
        site.faults(rate=FAULT_RATE, only=FAULTS)
        clerks, people = Clerks(options.refunds, site, options.kills * BETWEEN * 0.9), People()
        clerks.start()
        people.start()
        killed = _kill(options.kills, dice, site)
        clerks.join(300)
        site.faults(clear=True)
        print(f"kills: {dict(killed)}; faults off, waiting for the rest", flush=True)
        seconds = _wait(SETTLED_WITHIN)
        people.stop()
        print(f"settled {seconds:.0f} s after the last fault", flush=True)
        found = _wrong(site.ledger)
    finally:
        site.stop()
    if options.control:
        twice = [finding for finding in found if "paid" in finding]
        print(f"control: {len(twice)} findings, e.g. {twice[:3]}", flush=True)
        return [] if twice else ["the guard was off and nothing was found"]
    return found


class Site:
    """All the processes of one site, on free ports, with a database, a broker and providers of their own."""

    def __init__(self, options: Namespace) -> None:
        self.options, self.database, self.broker = options, options.database, Broker()
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-ledger-"))
        self.ledger = self.folder / "ledger.sqlite"
        self.web_port, self.sim_port = _free_port(), _free_port()
        self.url, self.simulator = f"http://127.0.0.1:{self.web_port}", f"http://127.0.0.1:{self.sim_port}"
        self.processes: dict[str, Any] = {}
        app = "chaos.unguarded" if options.control else "feedback_system"
        self._worker = ("-A", app, "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "WARNING",
                        "--without-gossip", "--without-mingle")  # fmt: skip

    def start(self) -> None:
        os.environ |= {"PAYMENT_SIMULATOR_URL": self.simulator, "PUBLIC_URL": self.url, "REDIS_URL": self.broker.url}
        from chaos.broker import _point_django_at

        _point_django_at(self.broker.url)
        self.broker.start()
        simulator = ["manage.py", "simulate_providers", "--port", str(self.sim_port), "--ledger", str(self.ledger)]
        more = ["--seed", str(self.options.seed), "--site", self.url, "--delay", "11", "--settle-after", "1",
                "--bounce-after", "5"]  # fmt: skip
        self._providers = subprocess.Popen([sys.executable, *simulator, *more], stdout=subprocess.DEVNULL)
        for name in ("worker", "web"):
            self._start(name)
        self.processes["beat"] = Celery.beat()
        _until(lambda: requests.get(f"{self.simulator}/sim/state", timeout=2).ok)

    def _start(self, name: str) -> None:
        if name == "worker":
            self.processes[name] = _Process([sys.executable, "-m", "celery", *self._worker])
        else:
            granian = ["granian", "--interface", "wsgi", "--port", str(self.web_port), "--workers", "1",
                       "--blocking-threads", "2", "--log-level", "error", "feedback_system.wsgi:application"]  # fmt: skip
            self.processes[name] = _Process([str(Path(sys.executable).parent / granian[0]), *granian[1:]])

    def kill(self, name: str, pause: float) -> None:
        if name == "database":
            self.database.kill()
            time.sleep(pause)
            self.database.start()
        elif name == "broker":
            self.broker.kill()
            time.sleep(pause)
            self.broker.start()
        else:
            self.processes[name].kill()
            time.sleep(pause)
            self._start(name)

    def faults(self, **wanted: Any) -> None:
        requests.post(f"{self.simulator}/sim/faults", json=wanted, timeout=5).raise_for_status()

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
        self._providers.kill()
        self._providers.wait()
        self.broker.kill()


class _Process:
    """In a process group of its own, so that all of it can be killed."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=os.environ
        )

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()


class People(threading.Thread):
    """Whatever has provably failed is sent another way and signed anew, as long as there is another way."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._end = threading.Event()

    def run(self) -> None:
        from django.db import close_old_connections

        while not self._end.wait(1.0):
            try:
                self.work()
            except Exception as error:  # the database may be down: people try again
                print(f"people: {type(error).__name__}", flush=True)
            close_old_connections()

    def work(self) -> None:
        from apps.billing.models import Refund
        from apps.billing.services import refunds
        from apps.billing.states import RefundState
        from apps.core.errors import DomainError

        clerk, boss = _people()
        for refund in Refund.objects.filter(state=RefundState.NEEDS_FALLBACK, round__lt=6):
            payee = refunds.Payee("混沌", "chaos@example.com")
            try:
                refunds.reroute(refund, payee if refund.payment.channel == "alipay" else refunds.Payee(), actor=clerk)
            except DomainError:
                try:
                    card = refunds.Payee("混沌", "6222021234567890123", "ICBC")
                    refunds.reroute(refund, card, actor=clerk, way="wechat_pay:abnormal")
                except DomainError:
                    continue  # parked: finance has it
        for refund in Refund.objects.filter(state=RefundState.CREATED, round__gt=1):
            try:
                refunds.decide(refund, actor=boss, approve=True)
            except DomainError:
                continue

    def stop(self) -> None:
        self._end.set()
        self.join(30)


def _people() -> tuple[Any, Any]:
    from django.contrib.auth.models import Group

    from apps.accounts.models import Department, User
    from apps.core import actors

    found = []
    for name, role in (("chaos-clerk", "finance_officer"), ("chaos-boss", "finance_manager")):
        user = User.objects.filter(username=name).first()
        if user is None:
            user = User.objects.create(username=name, is_staff=True, staff_number=name[:20],
                                       department=Department.objects.first())  # fmt: skip
            user.groups.add(Group.objects.get(name=role))
        found.append(actors.staff(user))
    return found[0], found[1]


class Clerks(threading.Thread):
    """File and sign refunds while everything breaks: parts of Alipay payments, whole WeChat Pay ones."""

    def __init__(self, count: int, site: Site, seconds: float) -> None:
        super().__init__(daemon=True)
        self.count, self.site, self.pause = count, site, seconds / count

    def run(self) -> None:
        from django.db import close_old_connections

        made = 0
        while made < self.count:
            parts = min(3 if made % 2 else 1, self.count - made)
            try:
                self.make(made, parts)
            except Exception as error:  # the database may be down: nothing of it was kept, or all of it was
                print(f"clerks: {type(error).__name__}", flush=True)
                close_old_connections()
                time.sleep(0.5)
                continue
            made += parts
            time.sleep(self.pause * parts)
        print(f"{made} refunds filed and approved", flush=True)

    def make(self, n: int, parts: int) -> None:
        from django.db import transaction

        from apps.billing.models import Payment
        from apps.billing.services import refunds
        from apps.core import actors, clock
        from apps.crm.services import customers
        from apps.crm.services.customers import Contact

        number, amount = f"CHAOS{n:06d}", Decimal("33.33") if n % 2 else Decimal("100.00")
        if Payment.objects.filter(number=number).exists():
            return
        requests.post(f"{self.site.simulator}/sim/payments", json={"number": number, "fen": 10000}, timeout=5)
        with transaction.atomic():
            clerk, boss = _people()
            owner = customers.match_or_create(Contact(name="混沌", email="chaos@example.com"), actor=actors.SYSTEM)
            payment = Payment.objects.create(
                number=number, channel="alipay" if n % 2 else "wechat_pay", customer=owner, payer_name="混沌",
                amount=Decimal("100.00"), paid_at=clock.now(),
            )  # fmt: skip
            for _ in range(parts):
                draft = refunds.RefundDraft(amount, "混沌", payment=payment)
                refunds.decide(refunds.file(draft, actor=clerk), actor=boss, approve=True)


def _kill(kills: int, dice: random.Random, site: Site) -> Counter[str]:
    done: Counter[str] = Counter()
    for n in range(kills):
        time.sleep(dice.uniform(0.8, 4.0))
        victim = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        site.kill(victim, dice.uniform(0.0, 0.8))
        done[victim] += 1
        if (n + 1) % 20 == 0:
            print(f"{n + 1} kills: {_states()}", flush=True)
    return done


def _states() -> dict[str, int]:
    from django.db import close_old_connections
    from django.db.models import Count

    from apps.billing.models import Refund

    close_old_connections()
    try:
        return dict(Refund.objects.order_by().values_list("state").annotate(n=Count("id")))
    except Exception as error:
        return {type(error).__name__: 1}


def _wait(seconds: float) -> float:
    """Until nothing is on its way any more; at most so many seconds."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        states = _states()
        if states and not set(states) & {"created", "approved", "processing", "unknown", "OperationalError"}:
            break
        time.sleep(2)
    took = time.monotonic() - began
    time.sleep(25)  # bounces and their callbacks, told again after ten seconds
    return took


def _wrong(ledger: Path) -> list[str]:
    """Our books against the providers' ledger, refund by refund."""
    from apps.billing.models import Payment, Refund, RefundAttempt

    with closing(sqlite3.connect(ledger)) as db:
        moved = defaultdict(int, db.execute("SELECT number, SUM(amount) FROM moves GROUP BY number"))
        callbacks = db.execute("SELECT COUNT(*), SUM(status IN (200, 204)) FROM callbacks").fetchone()
    base = {number[:13]: 0 for number in moved}
    known = {a.number: a for a in RefundAttempt.objects.select_related("refund")}
    out: dict[Any, int] = defaultdict(int)
    found = []
    for number, fen in moved.items():
        attempt = known.get(number) or known.get(number[:-6])  # the control's numbers have six more characters
        if attempt is None:
            found.append(f"{number} was paid and is unknown to us")
            continue
        out[attempt.refund_id] += fen
    ours = 0
    states: Counter[str] = Counter()
    for refund in Refund.objects.select_related("payment"):
        states[refund.state] += 1
        wanted = int(refund.amount * 100) if refund.state == "succeeded" else 0
        ours += wanted
        if out[refund.pk] != wanted:
            found.append(f"{refund.number} ({refund.state}): {out[refund.pk]} fen paid, {wanted} in our books")
        if refund.state in ("created", "approved", "processing", "unknown"):
            found.append(f"{refund.number} is still {refund.state}")
        if refund.state == "needs_fallback" and refund.requested_by_id is None:
            found.append(f"{refund.number} is parked without an owner")
    paid = Payment.objects.in_bulk()
    by_payment: dict[Any, int] = defaultdict(int)
    for refund in Refund.objects.all():
        by_payment[refund.payment_id] += out[refund.pk]
    found += [
        f"{paid[pk]}: more paid back than was paid" for pk, fen in by_payment.items() if fen > paid[pk].amount * 100
    ]
    double = sum(1 for r in Refund.objects.all() if out[r.pk] > int(r.amount * 100))
    lost = sum(1 for r in Refund.objects.filter(state="succeeded") if out[r.pk] < int(r.amount * 100))
    attempts = len(known)
    print(
        f"{sum(states.values())} refunds {dict(states)}; {attempts} attempts; {double} double, {lost} lost", flush=True
    )
    print(f"ledger {sum(moved.values()) / 100:,.2f}, books {ours / 100:,.2f}; {callbacks[0]} callbacks, "
          f"{callbacks[1]} taken; {len(base)} numbers moved money", flush=True)  # fmt: skip
    return found


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(ready: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if ready():
                return
        except (OSError, requests.RequestException):
            pass
        time.sleep(0.2)
    raise RuntimeError("it did not start")
