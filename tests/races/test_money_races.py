"""Signing, paying and refunding at the same moment (REF-02, VOI-02); each guard has a control that fails with it off."""

import contextlib
from decimal import Decimal

import pytest
from django.db import IntegrityError

from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, Proof, TaxOutcome
from apps.billing.models import Approval, Payment, Refund, RefundAttempt, RefundGate
from apps.billing.services import paying, refund_gates, refunds, tax_operations, voids
from apps.billing.services.balance import Ask
from apps.billing.services.paying import PAYER
from apps.billing.states import PayChannel, RefundState, VoidState
from apps.core.errors import DomainError
from apps.journal import gates, transitions
from apps.journal.models import Event
from tests import factories
from tests.billing import tax
from tests.money import finance, invoice, line, payment, refund, void_request
from tests.races.test_races import at_once, in_step, without_locks

pytestmark = pytest.mark.django_db(transaction=True)
APPROVERS = 32


@pytest.mark.req("REF-02")
def test_of_32_who_approve_reject_or_cancel_a_refund_at_once_one_is_heard():
    people = [finance() for _ in range(APPROVERS)]
    for _ in range(3):
        request = refund()
        acts = [
            lambda n, r=request: refunds.decide(r, actor=people[n], approve=True),
            lambda n, r=request: refunds.decide(r, actor=people[n], approve=False, reason="重复"),
            lambda n, r=request: refunds.cancel(r, actor=people[n], reason="算了"),
        ]
        done, refused = at_once(APPROVERS, lambda n, acts=acts: acts[n % 3](n).state)

        # Whoever approved first may still be followed by whoever cancels: each a step of its own, neither twice.
        events = list(Event.objects.filter(subject_id=request.pk).order_by("id").values_list("kind", flat=True))
        steps = [kind for kind in events if kind != "refund.requested"]
        assert steps in (
            ["refund.approved"],
            ["refund.rejected"],
            ["refund.cancelled"],
            ["refund.approved", "refund.cancelled"],
        )
        assert len(done) == len(steps)
        assert {error.code for error in refused} <= {"approval.not_waiting", "transition.impossible"}
        fresh = Refund.objects.select_related("payment").get(pk=request.pk)
        held = fresh.amount if fresh.state == RefundState.APPROVED else Decimal(0)
        assert fresh.payment.reserved == held
        assert Approval.objects.filter(case_id=request.pk).count() <= 1


@pytest.mark.req("VOI-02")
@pytest.mark.parametrize("locked", [True, False], ids=["", "control"])
def test_of_32_approvers_at_once_one_signs_and_the_control_without_locks_is_found(locked, monkeypatch):
    """Without locks only the unique signature per step in the database is left, and it answers with an error."""
    people, request = [finance() for _ in range(APPROVERS)], void_request()
    if not locked:
        without_locks(monkeypatch)
    broken = []

    def sign(n):
        try:
            return voids.decide(request, actor=people[n], approve=True).state
        except IntegrityError as error:
            broken.append(error)
            raise DomainError("core.stale") from error

    done, refused = at_once(APPROVERS if locked else 2, sign)

    if not locked:
        assert broken, "nobody missed the lock"
        return
    assert (done, broken) == ([VoidState.VERIFICATION], [])
    assert {error.code for error in refused} == {"approval.not_waiting"}
    assert Event.objects.filter(kind="void.approved", subject_id=request.pk).count() == 1


class Counting:
    """Pays at once and counts."""

    channel, first_query, query_every = PayChannel.ALIPAY, 10, 30

    def __init__(self):
        self.sent = []

    def send(self, order):
        self.sent.append(order.number)
        return Outcome(Proof.SUCCEEDED)

    query = send


@pytest.mark.req("REF-02")
def test_sixteen_begin_and_sweep_one_refund_at_once_and_it_is_sent_once(monkeypatch):
    adapter = Counting()
    monkeypatch.setitem(registry._refunds, PayChannel.ALIPAY, adapter)
    request = refunds.decide(refund(), actor=finance(), approve=True)

    def pay(n):
        with contextlib.suppress(DomainError):  # somebody else began it
            paying.begin(request, actor=PAYER)
        return paying.sweep()

    at_once(16, pay)
    paying.sweep()

    assert adapter.sent == [RefundAttempt.objects.get().number]
    assert Refund.objects.get().state == RefundState.SUCCEEDED
    assert Event.objects.filter(kind="refund.succeeded").count() == 1


def test_control_without_locks_two_transitions_of_one_refund_get_through(monkeypatch):
    request, boss = refund(), finance()
    without_locks(monkeypatch)
    done, _ = at_once(2, lambda n: transitions.apply(request, "cancel", actor=boss))
    assert len(done) == 2


@pytest.mark.req("REF-02", "REF-07")
@pytest.mark.long
def test_refunds_and_compensation_of_one_payment_at_once_stay_within_it():
    paid, clerk, boss = payment("100.00"), finance(), finance()

    def ask(n):
        kind = ("refund", "cash", "points")[n % 3]
        payee = refunds.Payee("张伟", "6222021234567890123", "工行") if kind == "cash" else refunds.Payee()
        draft = refunds.RefundDraft(Decimal("30.00"), "", kind=kind, payment=paid, payee=payee)
        return refunds.file(draft, actor=clerk)

    done, refused = at_once(16, ask)

    assert len(done) == 3
    assert {error.code for error in refused} == {"refund.above_paid"}
    assert Payment.objects.get().reserved == Decimal("90.00")
    for request in done:
        refunds.decide(request, actor=boss, approve=False, reason="不予赔付")
    assert Payment.objects.get().reserved == Decimal(0)


@pytest.mark.req("VOI-13")
@pytest.mark.parametrize("locked", [True, False], ids=["", "control"])
def test_refunds_of_two_payments_do_not_together_outrun_what_was_undone(locked, monkeypatch):
    begin = two_halves_of_a_partly_undone_invoice()
    if not locked:
        monkeypatch.setattr(refund_gates, "take_turn", lambda refund: None)
        monkeypatch.setattr(gates, "refusal", in_step(gates.refusal))
    begun, waited = at_once(2, begin)

    assert (len(begun), [error.code for error in waited]) == ((1, ["refund.red_first"]) if locked else (2, []))


def two_halves_of_a_partly_undone_invoice():
    """Beginning ¥100.00 each of two payments of one order; of its invoice ¥113.00 is undone."""
    RefundGate.objects.all().delete()
    buyer = factories.make_customer()
    order = factories.OrderFactory(customer=buyer)
    blue = invoice(line("1000.00", "10"), kind="e_ordinary", customer=buyer, order=order)
    part = tax.begun(of=blue, reason="02", asks=[Ask(blue.lines.get(), Decimal(1))])
    tax_operations.settle(part.operations.get(), TaxOutcome(Proof.SUCCEEDED, certificate="99" + "1" * 18))
    both = [refund(payment("565.00", customer=buyer, order=order), amount="100.00") for _ in range(2)]
    approved = [refunds.decide(each, actor=finance(), approve=True) for each in both]
    return lambda n: paying.begin(approved[n], actor=PAYER)
