"""Every state × transition of what money and invoices hang on, against a table written by hand; a refusal leaves no event, no
money, no message, no call (VOI-02, VOI-05, VOI-06, REF-01, REF-04, REF-06). Refunds have `test_refund_states`.
"""

from decimal import Decimal
from itertools import product

import pytest

from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, Proof, TaxOutcome
from apps.billing.models import (
    BankBatch,
    Difference,
    Invoice,
    InvoiceLine,
    Payment,
    RedForm,
    Refund,
    RefundAttempt,
    StatementRun,
    TaxOperation,
    VoidRequest,
)
from apps.billing.services import differences, executing, paying, red_forms, refunds, tax_operations
from apps.billing.services.differences import Found
from apps.billing.services.paying import PAYER
from apps.billing.states import (
    AttemptState,
    BatchState,
    DifferenceState,
    FormState,
    InvoiceKind,
    InvoiceState,
    PayChannel,
    RefundState,
    VoidState,
)
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from apps.journal import transitions
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from tests.billing import tax
from tests.money import finance, invoice, payment, refund, void_request

pytestmark = pytest.mark.django_db
V, B, N = VoidState, BatchState, InvoiceState

VOID = {
    "submit": {V.DRAFT: V.FINANCE_REVIEW, V.REJECTED: V.FINANCE_REVIEW},
    "sign": {V.FINANCE_REVIEW: V.FINANCE_REVIEW},
    "pass_to_management": {V.FINANCE_REVIEW: V.MANAGEMENT_REVIEW},
    "approve": {V.FINANCE_REVIEW: V.VERIFICATION},
    "approve_by_rule": {V.FINANCE_REVIEW: V.VERIFICATION},
    "approve_as_management": {V.MANAGEMENT_REVIEW: V.VERIFICATION},
    "reject": {V.FINANCE_REVIEW: V.REJECTED},
    "reject_as_management": {V.MANAGEMENT_REVIEW: V.REJECTED},
    "fail_verification": {V.VERIFICATION: V.REJECTED, V.READY: V.REJECTED},
    "withdraw": dict.fromkeys(
        [V.DRAFT, V.FINANCE_REVIEW, V.MANAGEMENT_REVIEW, V.VERIFICATION, V.REJECTED], V.WITHDRAWN
    ),
    "confirm": {V.VERIFICATION: V.READY},
    "confirm_with_form": {V.VERIFICATION: V.AWAITING_FORM},
    "settle_form": {V.AWAITING_FORM: V.READY},
    "lose_form": {V.READY: V.AWAITING_FORM},
    "decide_again": {V.AWAITING_FORM: V.VERIFICATION, V.READY: V.VERIFICATION},
    "begin": {V.READY: V.EXECUTING},
    "lose_track": {V.EXECUTING: V.UNKNOWN},
    "finish": {V.EXECUTING: V.DONE, V.UNKNOWN: V.DONE},
    "fail": {V.EXECUTING: V.READY, V.UNKNOWN: V.READY},
    "archive": {V.DONE: V.ARCHIVED},
}
BATCH = {
    "release": {B.DRAWN_UP: B.RELEASED},
    "download": {B.RELEASED: B.DOWNLOADED},
    "finish": {B.DOWNLOADED: B.DONE},
    "cancel": {B.DRAWN_UP: B.CANCELLED, B.RELEASED: B.CANCELLED},
}
INVOICE = {
    "void": {N.ISSUED: N.VOIDED},
    "red_letter_partly": {N.ISSUED: N.PARTLY_RED, N.PARTLY_RED: N.PARTLY_RED},
    "red_letter_fully": {N.ISSUED: N.FULLY_RED, N.PARTLY_RED: N.FULLY_RED},
}


def made(model):
    if model is VoidRequest:
        return void_request()
    if model is Invoice:
        return invoice()
    refund(payment())
    return BankBatch.objects.create(number="B1", layout="generic", total=Decimal(1), count=1)


def traces():
    """All that a refusal might leave behind."""
    return (
        Event.objects.count(),
        OutgoingMessage.objects.count(),
        TaxOperation.objects.count(),
        RefundAttempt.objects.count(),
        list(Payment.objects.order_by("pk").values_list("reserved", flat=True)),
        list(InvoiceLine.objects.order_by("pk").values_list("held_quantity", "held_net", "held_tax")),
        Invoice.objects.count(),
    )


@pytest.mark.parametrize(("model", "table"), [(VoidRequest, VOID), (BankBatch, BATCH), (Invoice, INVOICE)])
def test_the_code_draws_what_the_table_draws(model, table):
    drawn = {name: {} for name in table}
    for step in model._meta.get_field("state").get_all_transitions(model):
        for source in [step.source] if isinstance(step.source, str) else step.source:
            drawn.setdefault(step.name, {})[source] = step.target
    assert drawn == table


PAIRS = [
    (model, name, state)
    for model, table, states in ((VoidRequest, VOID, V), (BankBatch, BATCH, B), (Invoice, INVOICE, N))
    for name, state in product(table, states)
    if state not in table[name]
]


@pytest.mark.req("VOI-02", "VOI-06", "REF-01")
@pytest.mark.parametrize("model", [VoidRequest, BankBatch, Invoice])
def test_every_other_pair_is_refused_and_leaves_nothing(model):
    row = made(model)
    for name, state in [(name, state) for of, name, state in PAIRS if of is model]:
        model.objects.filter(pk=row.pk).update(state=state)
        before, fresh = traces(), model.objects.get(pk=row.pk)
        with pytest.raises(DomainError) as caught:
            transitions.apply(fresh, name, actor=SYSTEM)
        now = model.objects.get(pk=row.pk)
        assert caught.value.code == "transition.impossible", (name, state)
        assert (now.state, getattr(now, "version", 1)) == (state, getattr(fresh, "version", 1)), (name, state)
        assert traces() == before, (name, state)


def test_that_makes_so_many_pairs():
    assert len(PAIRS) == 20 * 12 - 29 + 4 * 5 - 5 + 3 * 4 - 5


# The red form: its state is the platform's -----------------------------------------------------------------------------

ALIVE = {"01", "02", "03", "04"}


@pytest.mark.req("VOI-05", "VOI-12")
@pytest.mark.parametrize("state", FormState.values)
def test_a_form_that_is_over_stays_so_and_a_living_one_follows_the_platform(state, tmp_path, monkeypatch):
    with tax.server(tmp_path) as server:
        tax.use(monkeypatch, server)
        request = tax.verified(of=invoice(kind=InvoiceKind.DIGITAL_ORDINARY))
        form = RedForm.objects.create(
            request=request, kind="confirmation", starter="seller", number="HZ1", state=state, entered_at=clock.now()
        )
        for said in FormState.values:
            VoidRequest.objects.filter(pk=request.pk).update(
                state=V.READY if state in ("01", "04") else V.AWAITING_FORM
            )
            RedForm.objects.filter(pk=form.pk).update(state=state, settled_at=None)
            before = traces()
            if said == state:
                red_forms.change(form, said, actor=SYSTEM)
                assert traces() == before
            elif state in ALIVE:
                assert red_forms.change(form, said, actor=SYSTEM).state == said
                # Ready exactly while its form allows the red invoice; what still waits leaves the request alone.
                now = VoidRequest.objects.get(pk=request.pk).state
                if said in ("01", "04"):
                    assert now == V.READY
                elif said not in ALIVE:
                    assert now == V.AWAITING_FORM
            else:
                with pytest.raises(DomainError) as caught:
                    red_forms.change(form, said, actor=SYSTEM)
                assert caught.value.code == "void.form_over"
                assert (traces(), RedForm.objects.get(pk=form.pk).state) == (before, state)


# Calls to the outside: state × what an answer proves ------------------------------------------------------------------

OPEN = (AttemptState.SENT, AttemptState.PROCESSING, AttemptState.UNKNOWN)
OVER = (AttemptState.SUCCEEDED, AttemptState.FAILED)
ENDS = {
    Proof.SUCCEEDED: AttemptState.SUCCEEDED,
    Proof.FAILED: AttemptState.FAILED,
    Proof.PROCESSING: AttemptState.PROCESSING,
}
REFUND_OF = {
    AttemptState.SENT: RefundState.PROCESSING, AttemptState.PROCESSING: RefundState.PROCESSING,
    AttemptState.UNKNOWN: RefundState.UNKNOWN, AttemptState.SUCCEEDED: RefundState.SUCCEEDED,
    AttemptState.FAILED: RefundState.NEEDS_FALLBACK,
}  # fmt: skip


class Silent:
    channel, first_query, query_every = PayChannel.ALIPAY, 10, 30


@pytest.mark.req("REF-02", "REF-04")
@pytest.mark.parametrize("proof", list(Proof))
@pytest.mark.parametrize("state", [*OPEN, *OVER])
def test_what_an_answer_does_to_an_attempt_and_its_refund(state, proof, monkeypatch):
    monkeypatch.setitem(registry._refunds, PayChannel.ALIPAY, Silent())
    request = refunds.decide(refund(payment("100.00")), actor=finance(), approve=True)
    attempt = paying.begin(request, actor=PAYER)
    RefundAttempt.objects.filter(pk=attempt.pk).update(state=state, settled_at=clock.now() if state in OVER else None)
    Refund.objects.filter(pk=request.pk).update(state=REFUND_OF[state])
    before = traces()

    for _ in range(2):
        paying.settle(attempt, Outcome(proof, failure="X"))

    if state in OPEN:
        wanted = ENDS.get(proof, AttemptState.UNKNOWN)
        money = REFUND_OF[wanted]
        if proof == Proof.PROCESSING:
            money = REFUND_OF[state]  # once unknown it stays so until it is over
    else:
        wanted, money = state, REFUND_OF[state]
        if proof in (Proof.SUCCEEDED, Proof.FAILED):  # a bounce, or a failure taken back
            wanted, money = ENDS[proof], REFUND_OF[ENDS[proof]]
    now = (RefundAttempt.objects.get().state, Refund.objects.get().state)
    assert now == (wanted, money)
    assert Payment.objects.get().reserved == Decimal("100.00")
    if now == (state, REFUND_OF[state]):
        assert traces() == before
    assert RefundAttempt.objects.count() == 1


@pytest.mark.req("VOI-06")
@pytest.mark.parametrize("proof", list(Proof))
@pytest.mark.parametrize("state", [*OPEN, *OVER])
def test_what_an_answer_does_to_a_call_to_the_platform_and_its_request(state, proof, tmp_path, monkeypatch):
    with tax.server(tmp_path) as server:
        tax.use(monkeypatch, server)
        tax.known(server, blue := invoice(kind=InvoiceKind.E_ORDINARY))
        request = executing.execute(tax.verified(of=blue), actor=finance())
        of_state = {AttemptState.UNKNOWN: V.UNKNOWN, AttemptState.SUCCEEDED: V.DONE, AttemptState.FAILED: V.READY}
        VoidRequest.objects.filter(pk=request.pk).update(state=of_state.get(state, V.EXECUTING))
        TaxOperation.objects.update(state=state)
        operation, before = TaxOperation.objects.get(), traces()

        for _ in range(2):
            tax_operations.settle(operation, TaxOutcome(proof, certificate="R1", failure="X"))

        wanted = ENDS.get(proof, AttemptState.UNKNOWN) if state in OPEN else state
        now = (TaxOperation.objects.get().state, VoidRequest.objects.get().state)
        if state in OPEN and proof == Proof.PROCESSING:
            assert now == (wanted, of_state.get(state, V.EXECUTING))
        else:
            assert now == (wanted, of_state[wanted])
        reds = Invoice.objects.exclude(red_of=None).count()
        assert reds == (1 if state in OPEN and proof == Proof.SUCCEEDED else 0)
        if state in OVER:
            assert traces() == before


# Differences ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("REF-06")
@pytest.mark.parametrize("state", DifferenceState.values)
def test_only_an_open_difference_is_given_away_or_settled(state):
    run = StatementRun.objects.create(channel=PayChannel.ALIPAY, day=clock.local(clock.now()).date())
    row = differences.found(run, Found("R1", "amount", Decimal(1), Decimal(2)))
    Difference.objects.filter(pk=row.pk).update(state=state)
    before, boss = Event.objects.count(), finance()
    for act in (
        lambda: differences.assign(row, boss.user, actor=boss),
        lambda: differences.resolve(row, "已核对", actor=boss),
    ):
        if state == DifferenceState.OPEN:
            act()
            continue
        with pytest.raises(DomainError) as caught:
            act()
        assert caught.value.code == "difference.settled"
    assert Event.objects.count() == before + (2 if state == DifferenceState.OPEN else 0)
