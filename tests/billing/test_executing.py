"""From verified to done: forms, voiding, red letters, and accidents on the way (VOI-05, VOI-06, VOI-11, VOI-12)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.models import Invoice, RedForm, TaxOperation, VoidRequest
from apps.billing.services import executing, invoices, red_forms, tax_operations, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.states import FormState, InvoiceKind, InvoiceState, Source, VoidState
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from tests.money import UNUSED, finance, invoice, line, void_request

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}


class Platform:
    name = "script"
    query_every = 30

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def _answer(self, verb, order):
        self.calls.append((verb, order.verb, order.key))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send(self, order):
        return self._answer("send", order)

    def query(self, order):
        return self._answer("query", order)


@pytest.fixture
def platform(monkeypatch):
    def use(*answers):
        adapter = Platform(*answers)
        monkeypatch.setattr(registry, "_tax", {"script": adapter})
        return adapter

    return use


def ok(certificate="", state=""):
    return TaxOutcome(Proof.SUCCEEDED, certificate=certificate, form_number="3101" if state else "", form_state=state)


def verified(**fields):
    request = voids.decide(void_request(**fields), actor=finance(), approve=True)
    checker = finance()
    for check in VoidRequest.objects.get(pk=request.pk).checks.filter(result="open"):
        verification.record_check(request, check.kind, passed=True, actor=checker, detail="已核对")
    return verification.confirm(request, actor=checker)


def run(times=1):
    now = clock.now()
    for n in range(times):
        with clock.at(now + n * timedelta(hours=1)):
            tax_operations.sweep()


@pytest.mark.req("VOI-06")
def test_a_paper_invoice_of_this_month_is_voided_and_its_certificate_kept(platform):
    adapter = platform(ok("ZF-0001"))
    with clock.at(NOVEMBER):
        paper = invoice(kind=InvoiceKind.PAPER_SPECIAL, facts=VOIDABLE)
        request = verified(of=paper)
        assert (request.state, request.act) == (VoidState.READY, "void")
        executing.execute(request, actor=finance())
        run()

    done = VoidRequest.objects.get()
    assert (done.state, done.certificate) == (VoidState.DONE, "ZF-0001")
    assert Invoice.objects.get().state == InvoiceState.VOIDED
    assert [call[:2] for call in adapter.calls] == [("send", "void")]


@pytest.mark.req("VOI-05")
def test_a_digital_invoice_gets_its_form_and_then_a_red_invoice_that_adds_up_to_nothing(platform):
    adapter = platform(ok(state="01"), ok("26317000000099999999"))
    request = verified()
    red_forms.enter(request, actor=finance())
    run()
    assert VoidRequest.objects.get().state == VoidState.READY
    executing.execute(request, actor=finance())
    run()

    done = VoidRequest.objects.select_related("red_invoice", "invoice").get()
    assert done.state == VoidState.DONE
    assert done.invoice.state == InvoiceState.FULLY_RED
    assert done.invoice.gross + done.red_invoice.gross == 0
    assert [call[:2] for call in adapter.calls] == [("send", "form"), ("send", "red")]


@pytest.mark.req("VOI-05")
def test_part_after_part_until_nothing_is_left(platform):
    platform(*[ok(state="01"), ok("R1"), ok(state="01"), ok("R2")])
    blue = invoice(line("100.00", "3"))
    for quantity, state in ((1, InvoiceState.PARTLY_RED), (2, InvoiceState.FULLY_RED)):
        request = verified(of=blue, reason="02", asks=[Ask(blue.lines.get(), Decimal(quantity))])
        red_forms.enter(request, actor=finance())
        RedForm.objects.filter(request=request).update(number=f"F{quantity}")
        run()
        RedForm.objects.filter(request=request).update(number=f"F{quantity}")
        executing.execute(request, actor=finance())
        run()
        assert Invoice.objects.get(pk=blue.pk).state == state

    reds = Invoice.objects.filter(red_of=blue)
    assert sum(red.net for red in reds) == Decimal("-100.00")
    assert sum(red.tax for red in reds) == Decimal("-13.00")


@pytest.mark.req("VOI-11")
def test_what_was_decided_in_one_month_and_executed_in_the_next_is_decided_again(platform):
    platform()
    with clock.at(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)):  # the last second of November in Shanghai
        request = verified(
            of=invoice(kind=InvoiceKind.PAPER_SPECIAL, facts={**VOIDABLE, "deducted": False, "delivered": True})
        )
        assert request.act == "void"
    with clock.at(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)):
        again = executing.execute(request, actor=finance())

    assert (again.state, again.act, again.rule.code) == (VoidState.VERIFICATION, "red", "paper-special-copies-back")
    assert not TaxOperation.objects.exists()


@pytest.mark.req("VOI-11")
def test_a_deduction_recorded_between_verification_and_execution_decides_again(platform):
    platform(ok(state="01"))
    request = verified()
    red_forms.enter(request, actor=finance())
    run()
    invoices.record_fact(request.invoice, "use_confirmed", True, source=Source.TAX, actor=SYSTEM)

    again = executing.execute(request, actor=finance())

    assert (again.state, again.rule.code) == (VoidState.VERIFICATION, "digital-use-confirmed")
    assert TaxOperation.objects.filter(verb="red").count() == 0


@pytest.mark.req("VOI-06")
@pytest.mark.parametrize("accident", [TimeoutError(), ConnectionResetError(), ValueError("bad signature")])
def test_an_unknown_outcome_is_asked_about_and_never_repeated_blindly(platform, accident):
    adapter = platform(accident, TaxOutcome(Proof.UNKNOWN), ok("ZF-0002"))
    with clock.at(NOVEMBER):
        request = verified(of=invoice(kind=InvoiceKind.PAPER_SPECIAL, facts=VOIDABLE))
        executing.execute(request, actor=finance())
        run()
        assert VoidRequest.objects.get().state == VoidState.UNKNOWN
        with pytest.raises(DomainError):
            executing.execute(VoidRequest.objects.get(), actor=finance())
        run(3)

    assert [call[0] for call in adapter.calls] == ["send", "query", "query"]
    assert len({call[2] for call in adapter.calls}) == 1
    assert VoidRequest.objects.get().state == VoidState.DONE


@pytest.mark.req("VOI-05", "VOI-12")
def test_a_used_digital_invoice_waits_for_its_buyer_72_hours_and_a_lapsed_form_is_replaced(platform):
    platform(ok(state="02"))
    request = verified(of=invoice(facts={**UNUSED, "use_confirmed": True}))
    red_forms.enter(request, actor=finance())
    run()
    form = RedForm.objects.get()
    assert form.state == FormState.WAITS_FOR_BUYER
    assert form.confirm_by - form.entered_at == timedelta(hours=72)
    with pytest.raises(DomainError) as caught:
        red_forms.enter(request, actor=finance())
    assert caught.value.code == "void.form_alive"

    red_forms.change(form, FormState.LAPSED, actor=SYSTEM)

    assert VoidRequest.objects.get().state == VoidState.AWAITING_FORM
    red_forms.enter(request, actor=finance())
    assert TaxOperation.objects.filter(verb="form").count() == 2


@pytest.mark.parametrize("state", [s for s in FormState if s not in ("01", "04")])
@pytest.mark.req("VOI-05")
def test_only_01_and_04_allow_the_red_invoice(platform, state):
    platform(ok(state=state))
    request = verified()
    red_forms.enter(request, actor=finance())
    run()
    assert VoidRequest.objects.get().state == VoidState.AWAITING_FORM
    with pytest.raises(DomainError):
        executing.execute(request, actor=finance())
