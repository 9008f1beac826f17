"""Random lives of one invoice and of one payment through the real services: red never exceeds blue by quantity, net or tax,
parts add up to the fen; refunds and compensation never exceed what was paid (VOI-05, REF-02, REF-07).
"""

from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.roles import Role
from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.models import Invoice, InvoiceLine, Payment, Refund, VoidRequest
from apps.billing.services import executing, paying, refunds, tax_operations, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.services.paying import PAYER
from apps.billing.states import HOLDS_MONEY, InvoiceKind, InvoiceState, PayChannel, VoidState
from apps.core.errors import DomainError, DomainErrors
from tests.billing.providers import sweep_on
from tests.factories import staff_actor
from tests.money import finance, invoice, line, payment

pytestmark = [pytest.mark.django_db, pytest.mark.long]
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
ZERO = Decimal(0)


class Platform:
    """Says what the script says, then yes."""

    name, query_every = "script", 0

    def __init__(self, script):
        self.script, self.serial = list(script), 0

    def send(self, order):
        said = self.script.pop(0) if self.script else "yes"
        if said == "lost":
            raise TimeoutError
        self.serial += 1
        return TaxOutcome(Proof.FAILED if said == "no" else Proof.SUCCEEDED, certificate=f"R{order.key}", failure="X")

    query = send


LINES = st.lists(
    st.tuples(
        st.decimals("0.01", "900", places=2), st.integers(1, 12), st.sampled_from(["0.13", "0.09", "0.06", "0.01", "0"])
    ),
    min_size=1, max_size=3,
)  # fmt: skip
PART = st.one_of(
    st.tuples(st.just("02"), st.integers(0, 2), st.integers(1, 12)),
    st.tuples(st.just("04"), st.integers(0, 2), st.decimals("0.01", "900", places=2)),
)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("file"), st.lists(PART, min_size=1, max_size=2)),
        st.tuples(st.sampled_from(["whole", "reject", "withdraw", "go on", "go on", "fail verification"]), st.just([])),
    ),
    max_size=14,
)


@pytest.mark.req("VOI-05")
@SLOW
@given(given_lines=LINES, moves=MOVES, platform=st.lists(st.sampled_from(["yes", "yes", "no", "lost"]), max_size=10))
def test_red_never_exceeds_blue_whatever_is_filed_rejected_withdrawn_or_carried_out(given_lines, moves, platform):
    before, registry._tax = registry._tax, {"script": Platform(platform)}
    try:
        with transaction.atomic():
            _life(given_lines, moves)
            transaction.set_rollback(True)
    finally:
        registry._tax = before


def _life(given_lines, moves):
    maker, checker = staff_actor(Role.SERVICE_STAFF), finance()
    drafts = [line(str(net), str(quantity), rate, f"商品{n}") for n, (net, quantity, rate) in enumerate(given_lines)]
    blue = invoice(*drafts, kind=InvoiceKind.E_ORDINARY)
    for move, parts in [*moves, ("go on", []), ("whole", []), ("go on", [])]:
        waiting = VoidRequest.objects.filter(invoice=blue).exclude(state__in=("done", "rejected", "withdrawn")).first()
        try:
            with transaction.atomic():
                _step(move, parts, blue, waiting, maker, checker)
        except (DomainError, DomainErrors):
            pass
        if move == "go on":
            _until_the_platform_answers()
        _within(blue)
    _go_on_to_the_end(blue, maker, checker)


def _step(move, parts, blue, waiting, maker, checker):
    if move in ("file", "whole"):
        lines = list(blue.lines.order_by("position"))
        asks = []
        for reason, place, much in parts:
            asked = {"quantity": Decimal(much)} if reason == "02" else {"net": much}
            asks.append(Ask(lines[place % len(lines)], **asked))
        reason = parts[0][0] if parts else "01"
        if len({part[0] for part in parts}) > 1 or len({ask.line.pk for ask in asks}) < len(asks):
            asks = asks[:1]
        voids.file(voids.VoidDraft(blue, reason, "部分退货", asks), actor=maker)
    elif waiting is None:
        return
    elif move == "withdraw":
        voids.withdraw(waiting, actor=maker, reason="不退了")
    elif move == "reject":
        voids.decide(waiting, actor=checker, approve=False, reason="缺单据")
    elif move == "fail verification":
        voids.reject_verified(waiting, actor=checker, reason="未收到退货")
    else:
        _go_on(waiting, checker)


def _go_on(request, checker):
    if request.state == VoidState.FINANCE_REVIEW:
        request = voids.decide(request, actor=finance(), approve=True)
    if request.state == VoidState.MANAGEMENT_REVIEW:
        request = voids.decide(request, actor=staff_actor(Role.MANAGEMENT), approve=True)
    if request.state == VoidState.VERIFICATION:
        for check in request.checks.filter(result="open"):
            verification.record_check(request, check.kind, passed=True, actor=checker, detail="已核对")
        request = verification.confirm(request, actor=checker)
    if request.state == VoidState.READY:
        executing.execute(request, actor=checker)


def _until_the_platform_answers():
    from apps.billing.models import TaxOperation
    from apps.billing.states import OPEN_ATTEMPTS
    from apps.core import clock

    for _ in range(3):
        TaxOperation.objects.filter(state__in=OPEN_ATTEMPTS).update(next_query_at=clock.now(), lease_until=None)
        tax_operations.sweep()


def _within(blue):
    """By quantity, net and tax, for each line and for the whole; what is held is what living requests and reds say."""
    reds = InvoiceLine.objects.filter(invoice__red_of=blue)
    for one in blue.lines.all():
        assert ZERO <= one.held_quantity <= one.quantity
        assert ZERO <= one.held_net <= one.net
        assert ZERO <= one.held_tax <= one.tax
        if one.held_quantity == one.quantity:  # the last part took the remainder, to the fen
            assert one.held_net == one.net
        if one.held_net == one.net:
            assert one.held_tax == one.tax
        red = reds.filter(blue_line=one).aggregate(quantity=Sum("quantity"), net=Sum("net"), tax=Sum("tax"))
        assert -(red["quantity"] or ZERO) <= one.quantity
        assert -(red["net"] or ZERO) <= one.net
        assert -(red["tax"] or ZERO) <= one.tax
        living = VoidRequest.objects.filter(invoice=blue).exclude(state__in=("rejected", "withdrawn", "draft"))
        held = living.filter(lines__line=one).aggregate(net=Sum("lines__net"), tax=Sum("lines__tax"))
        assert (held["net"] or ZERO, held["tax"] or ZERO) == (one.held_net, one.held_tax)
    fresh = Invoice.objects.get(pk=blue.pk)
    undone = Invoice.objects.filter(red_of=blue).aggregate(net=Sum("net"), tax=Sum("tax"))
    assert -(undone["net"] or ZERO) <= fresh.net and -(undone["tax"] or ZERO) <= fresh.tax
    assert (fresh.state == InvoiceState.FULLY_RED) == (
        (undone["net"] or ZERO) + (undone["tax"] or ZERO) == -fresh.gross
    )


def _go_on_to_the_end(blue, maker, checker):
    """Everything that is left is undone: then red and blue add up to nothing, to the fen."""
    for _ in range(40):
        waiting = VoidRequest.objects.filter(invoice=blue).exclude(state__in=("done", "rejected", "withdrawn")).first()
        if waiting is None:
            if Invoice.objects.get(pk=blue.pk).state == InvoiceState.FULLY_RED:
                break
            voids.file(voids.VoidDraft(blue, "01", "全部作废"), actor=maker)
            continue
        _go_on(waiting, checker)
        _until_the_platform_answers()
        _within(blue)
    reds = Invoice.objects.filter(red_of=blue).aggregate(net=Sum("net"), tax=Sum("tax"), gross=Sum("gross"))
    assert (reds["net"], reds["tax"], reds["gross"]) == (-blue.net, -blue.tax, -blue.gross)
    for one in blue.lines.all():
        red = InvoiceLine.objects.filter(blue_line=one).aggregate(net=Sum("net"), tax=Sum("tax"))
        assert (red["net"], red["tax"]) == (-one.net, -one.tax)


# Money ------------------------------------------------------------------------------------------------------------------


class Provider:
    channel, first_query, query_every = PayChannel.ALIPAY, 10, 30

    def __init__(self, script):
        self.script, self.moved = list(script), {}

    def send(self, order):
        from apps.billing.adapters.base import Outcome

        said = self.script.pop(0) if self.script else "yes"
        if said == "no" and order.number not in self.moved:
            return Outcome(Proof.FAILED, failure="CLOSED")
        if said == "lost":
            raise TimeoutError
        self.moved[order.number] = order.amount
        return Outcome(Proof.SUCCEEDED)

    query = send


ASKS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["refund", "cash", "points"]), st.integers(1, 7000)),
        st.tuples(st.sampled_from(["approve", "reject", "cancel", "pay", "again"]), st.integers(0, 5)),
    ),
    max_size=25,
)  # fmt: skip


@pytest.mark.req("REF-02", "REF-07")
@SLOW
@given(asks=ASKS, script=st.lists(st.sampled_from(["yes", "no", "lost"]), max_size=12))
def test_refunds_and_compensation_never_exceed_what_was_paid_whatever_is_given_up_and_asked_for_again(asks, script):
    adapter = Provider(script)
    before, registry._refunds[PayChannel.ALIPAY] = registry._refunds.get(PayChannel.ALIPAY), adapter
    try:
        with transaction.atomic():
            paid, maker, checker, router = payment("100.00"), staff_actor(Role.SERVICE_STAFF), finance(), finance()
            for what, much in asks:
                try:
                    with transaction.atomic():
                        _ask(what, much, paid, maker, checker, router)
                except DomainError:
                    pass
                _not_more_than_paid(paid, adapter)
            transaction.set_rollback(True)
    finally:
        registry._refunds[PayChannel.ALIPAY] = before


def _ask(what, much, paid, maker, checker, router):
    if what in ("refund", "cash", "points"):
        payee = refunds.Payee("张伟", "6222021234567890123", "工行") if what == "cash" else refunds.Payee()
        refunds.file(refunds.RefundDraft(Decimal(much) / 100, "", kind=what, payment=paid, payee=payee), actor=maker)
        return
    rows = list(Refund.objects.filter(payment=paid).order_by("id"))
    if not rows:
        return
    row = rows[much % len(rows)]
    if what in ("approve", "reject"):
        refunds.decide(row, actor=checker, approve=what == "approve", reason="重复")
    elif what == "cancel":
        refunds.cancel(row, actor=checker, reason="不退了")
    elif what == "again":
        refunds.reroute(row, refunds.Payee(), actor=router)
    else:
        paying.begin(row, actor=PAYER)
        sweep_on(2)


def _not_more_than_paid(paid, adapter):
    holding = Refund.objects.filter(payment=paid, state__in=HOLDS_MONEY).aggregate(sum=Sum("amount"))["sum"] or ZERO
    now = Payment.objects.get(pk=paid.pk)
    assert now.reserved == holding <= now.amount
    assert sum(adapter.moved.values(), ZERO) <= now.amount
    done = Refund.objects.filter(payment=paid, state="succeeded", channel=PayChannel.ALIPAY)
    assert sum(adapter.moved.values(), ZERO) >= (done.aggregate(sum=Sum("amount"))["sum"] or ZERO)
