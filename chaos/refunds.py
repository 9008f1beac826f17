"""Refunds under fire: worker, web, broker, database and the providers themselves are killed with -9 while the providers
drop, delay, repeat, reorder and lie.

The simulator's ledger is the oracle. A few people go on signing the whole time: they send what has provably failed
another way.
"""

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
WEIGHTS = {"worker": 10, "web": 4, "broker": 3, "database": 3, "simulator": 1}
ON_THE_WAY = ("created", "approved", "processing", "unknown")


def run(options: Namespace) -> list[str]:
    ledger = Path(tempfile.mkdtemp(prefix="chaos-ledger-")) / "ledger.sqlite"
    simulator = (
        "simulate_providers", "--ledger", str(ledger), "--fault-rate", str(FAULT_RATE), "--delay", "11",
        "--settle-after", "1", "--bounce-after", "5",
    )  # fmt: skip
    site = Site(options, *simulator, setting="PAYMENT_SIMULATOR_URL")
    site.start()
    try:
        _people()
        clerks, people = Clerks(options.refunds, site, options.kills * BETWEEN * 0.7), People()
        clerks.start()
        people.start()
        killed = under_fire(site, options.kills, WEIGHTS, random.Random(options.seed), _states)
        clerks.join()
        site.faults_off()
        print(f"kills: {dict(killed)}; faults off, waiting for the rest", flush=True)
        seconds = _wait(site, ledger, CONTROLLED_FOR if options.control else SETTLED_WITHIN)
        people.stop()
        found = _wrong(ledger)
        _tell(ledger, seconds)
        found += _reconciled()
    finally:
        site.stop()
    if options.control:
        twice = [finding for finding in found if "paid" in finding]
        print(f"control: {len(twice)} findings, e.g. {twice[:3]}", flush=True)
        return [] if twice else ["the guard was off and nothing was found"]
    return found


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
        self.site.say("payments", number=number, fen=10000)
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


def _states() -> dict[str, int]:
    from django.db import close_old_connections
    from django.db.models import Count

    from apps.billing.models import Refund

    close_old_connections()
    try:
        return dict(Refund.objects.order_by().values_list("state").annotate(n=Count("id")))
    except Exception as error:
        return {type(error).__name__: 1}


def _wait(site: Site, ledger: Path, most: float) -> float:
    """Until nothing is on its way and the books say what the ledger says; the seconds it took, at most `most`.

    Late bounces are part of it: a provider that was killed has forgotten the callbacks it owed.
    """
    began = last = time.monotonic()
    while time.monotonic() - began < most:
        site.revive()
        states = _states()
        if "OperationalError" not in states and not _wrong(ledger) and _nothing_to_come(ledger):
            break
        if time.monotonic() - last > 30:
            last = time.monotonic()
            print(f"{last - began:.0f} s after the last fault: {states}", flush=True)
        time.sleep(2)
    return time.monotonic() - began


def _nothing_to_come(ledger: Path) -> bool:
    """No refund is in the works at the providers, and no bounce is due."""
    with closing(sqlite3.connect(ledger)) as db:
        waiting = "state = 'PROCESSING' OR (state = 'SUCCESS' AND bounce_at IS NOT NULL)"
        return not db.execute(f"SELECT COUNT(*) FROM refunds WHERE {waiting}").fetchone()[0]


def _moved(ledger: Path) -> dict[Any, int]:
    """Fen that went out and stayed out, by refund; under None what is unknown to us."""
    from apps.billing.models import RefundAttempt

    with closing(sqlite3.connect(ledger)) as db:
        moved = db.execute("SELECT number, SUM(amount) FROM moves GROUP BY number").fetchall()
    known = dict(RefundAttempt.objects.values_list("number", "refund_id"))
    out: dict[Any, int] = defaultdict(int)
    for number, fen in moved:
        out[known.get(number) or known.get(number[:-6])] += fen  # the control's numbers have six more characters
    return out


def _with_people() -> set[Any]:
    """Refunds that have come down the ladder to a bank batch or a payment by hand: a person has them, and no machine pays."""
    from apps.billing.models import RefundAttempt

    waiting = RefundAttempt.objects.filter(channel__in=("bank", "manual"), state__in=("created", "sent", "processing"))
    return set(waiting.values_list("refund_id", flat=True))


def _wrong(ledger: Path) -> list[str]:
    """Our books against the providers' ledger, refund by refund."""
    from apps.billing.models import Payment, Refund

    out, with_people = _moved(ledger), _with_people()
    found = [f"{out[None]} fen were paid under numbers unknown to us"] if None in out else []
    by_payment: dict[Any, int] = defaultdict(int)
    for refund in Refund.objects.all():
        by_payment[refund.payment_id] += out[refund.pk]
        wanted = int(refund.amount * 100) if refund.state == "succeeded" else 0
        if out[refund.pk] != wanted:
            found.append(f"{refund.number} ({refund.state}): {out[refund.pk]} fen paid, {wanted} in our books")
        parked = refund.state == "needs_fallback" or refund.pk in with_people
        if refund.state in ON_THE_WAY and not parked:
            found.append(f"{refund.number} is still {refund.state}")
        if parked and refund.requested_by_id is None:
            found.append(f"{refund.number} is parked without an owner")
    for payment in Payment.objects.in_bulk(by_payment).values():
        if by_payment[payment.pk] > payment.amount * 100:
            found.append(f"{payment}: {by_payment[payment.pk]} fen paid back of {payment.amount}")
        if payment.reserved > payment.amount:
            found.append(f"{payment}: more reserved than was paid")
    return found


def _tell(ledger: Path, seconds: float) -> None:
    from apps.billing.models import Refund, RefundAttempt

    out, states = _moved(ledger), Counter(Refund.objects.values_list("state", flat=True))
    paid = {refund.pk: int(refund.amount * 100) for refund in Refund.objects.filter(state="succeeded")}
    double = sum(1 for refund in Refund.objects.all() if out[refund.pk] > int(refund.amount * 100))
    lost = sum(1 for pk, fen in paid.items() if out[pk] < fen)
    bounced = RefundAttempt.objects.filter(state="failed", failure__in=("DEPOSIT_BACK_FAILED", "REFUND", "ABNORMAL"))
    with closing(sqlite3.connect(ledger)) as db:
        told, taken = db.execute("SELECT COUNT(*), SUM(status IN (200, 204)) FROM callbacks").fetchone()
    print(f"settled {seconds:.0f} s after the last fault\n{states.total()} refunds {dict(states)}; "
          f"{RefundAttempt.objects.count()} attempts, {bounced.count()} came back; {double} double, {lost} lost\n"
          f"ledger {sum(out.values()) / 100:,.2f}, books {sum(paid.values()) / 100:,.2f}; "
          f"{told} callbacks, {taken} taken; {len(_with_people())} wait for a person", flush=True)  # fmt: skip


def _reconciled() -> list[str]:
    """The day's statements, which leave rows out and show other amounts: every difference is explained or has an owner."""
    from apps.billing.models import Difference
    from apps.billing.services import reconciliation
    from apps.billing.states import KEEPS_OUR_MONEY
    from apps.core import clock

    for channel in KEEPS_OUR_MONEY:
        reconciliation.run(channel, clock.local(clock.now()).date())
    kinds = Counter(Difference.objects.values_list("kind", "state"))
    print(f"differences: { ({f'{kind}, {state}': n for (kind, state), n in kinds.items()}) }", flush=True)
    unowned = Difference.objects.filter(state="open", owner=None).count()
    return [f"{unowned} differences without an owner"] if unowned else []
