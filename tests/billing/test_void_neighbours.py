"""What lies next to the rows of VOID-RULES: the last second of a month, facts that change between approval and execution,
parts, rests (VOI-04, VOI-05, VOI-11).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.models import Invoice, TaxOperation, VoidRequest
from apps.billing.services import executing, invoices, red_forms, tax_facts, tax_operations, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.states import Fact, InvoiceKind, InvoiceState, Source, VoidState
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from tests.billing.tax import verified
from tests.billing.test_void_matrix import ROWS, SPECIAL
from tests.money import UNUSED, finance, invoice, line, void_request

pytestmark = pytest.mark.django_db
K = InvoiceKind
# In Shanghai: 30 November 2026, 23:59:59, and a second later.
LAST, FIRST = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
RED_TOO = {**SPECIAL, "deducted": False, "delivered": True}


class Platform:
    """Does what it is asked, and tells facts."""

    name, query_every = "script", 30

    def __init__(self):
        self.verbs, self.facts = [], None

    def send(self, order):
        self.verbs.append(order.verb)
        number = f"{order.verb}{len(self.verbs)}"
        if order.verb == "form":
            return TaxOutcome(Proof.SUCCEEDED, form_number=number, form_state="01")
        return TaxOutcome(Proof.SUCCEEDED, certificate=number)

    query = send

    def look_up(self, code, number):
        return self.facts


@pytest.fixture
def platform(monkeypatch):
    adapter = Platform()
    monkeypatch.setattr(registry, "_tax", {"script": adapter})
    return adapter


def carried_out(request):
    executing.execute(VoidRequest.objects.get(pk=request.pk), actor=finance())
    tax_operations.sweep()
    return VoidRequest.objects.get(pk=request.pk)


def with_form(request):
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    return carried_out(request)


def test_every_row_of_the_document_is_walked():
    assert {int("".join(filter(str.isdigit, row[0]))) for row in ROWS} == set(range(1, 16))


@pytest.mark.req("VOI-04", "VOI-11")
@pytest.mark.parametrize("kind", [K.PAPER_SPECIAL, K.PAPER_ORDINARY, K.ROLL, K.DIGITAL_PAPER])
@pytest.mark.parametrize(("issued", "at", "act"), [
    (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), LAST, "void"),  # the first second of November to its last
    (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), LAST, "red"),
    (LAST, FIRST, "red"),  # a second old, and of another month
    (FIRST, datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), "void"),
])  # fmt: skip
def test_what_can_be_voided_is_voided_until_the_last_second_of_its_month(kind, issued, at, act, platform):
    with clock.at(issued):
        blue = invoice(
            kind=kind, issued_at=issued, facts={**RED_TOO} if kind != K.DIGITAL_PAPER else {"copies_back": True}
        )
    with clock.at(at):
        assert verified(of=blue).act == act


@pytest.mark.req("VOI-06", "VOI-11")
def test_carried_out_in_the_last_second_it_is_still_a_void(platform):
    with clock.at(LAST - timedelta(hours=1)):
        request = verified(of=invoice(kind=K.PAPER_SPECIAL, facts=RED_TOO))
    with clock.at(LAST):
        done = carried_out(request)
    assert (done.state, done.act, platform.verbs) == (VoidState.DONE, "void", ["void"])


@pytest.mark.req("VOI-11")
@pytest.mark.parametrize(
    ("kind", "facts", "changed", "before", "after"),
    [
        (K.E_SPECIAL, {"deducted": False}, Fact.DEDUCTED, "e-special-not-deducted", "e-special-deducted"),
        (K.PAPER_SPECIAL, {**RED_TOO, "tax_filed": True}, Fact.DEDUCTED, "paper-special-copies-back", "paper-special-deducted"),
        (K.PAPER_SPECIAL, RED_TOO, Fact.AUTHENTICATED, "paper-special-void", "paper-special-copies-back"),
        (K.PAPER_SPECIAL, RED_TOO, Fact.TAX_FILED, "paper-special-void", "paper-special-copies-back"),
        (K.PAPER_SPECIAL, RED_TOO, Fact.SELLER_BOOKED, "paper-special-void", "paper-special-copies-back"),
        (K.PAPER_ORDINARY, {"copies_back": True, "tax_filed": False}, Fact.TAX_FILED, "paper-ordinary-void", "paper-ordinary-red"),
        (K.DIGITAL_SPECIAL, UNUSED, Fact.USE_CONFIRMED, "digital-unused", "digital-use-confirmed"),
        (K.DIGITAL_ORDINARY, UNUSED, Fact.BUYER_BOOKED, "digital-unused", "digital-booked"),
        (K.DIGITAL_SPECIAL, UNUSED, Fact.EXPORT_REFUND, "digital-unused", "digital-export-refund"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("when", ["after approval", "after verification"])
def test_a_fact_that_changes_between_approval_and_execution_decides_again(
    when, kind, facts, changed, before, after, platform
):
    blue = invoice(kind=kind, facts=facts)
    if when == "after approval":
        request = voids.decide(void_request(of=blue), actor=finance(), approve=True)
        assert VoidRequest.objects.get(pk=request.pk).rule.code == before
        invoices.record_fact(blue, changed, True, source=Source.TAX, actor=SYSTEM)
        assert verification.refresh(request).rule.code == after
        return
    request = verified(of=blue)
    assert request.rule.code == before
    if request.state == VoidState.AWAITING_FORM:
        red_forms.enter(request, actor=finance())
        tax_operations.sweep()
    calls = list(platform.verbs)
    invoices.record_fact(blue, changed, True, source=Source.TAX, actor=SYSTEM)

    again = executing.execute(VoidRequest.objects.get(pk=request.pk), actor=finance())

    assert (again.state, again.rule.code) == (VoidState.VERIFICATION, after)
    assert platform.verbs == calls
    assert not TaxOperation.objects.filter(verb__in=("void", "red")).exists()


@pytest.mark.req("VOI-11")
def test_what_the_platform_tells_at_execution_counts_before_anything_is_carried_out(platform):
    blue = invoice(kind=K.E_SPECIAL, facts={"deducted": False})
    request = verified(of=blue)
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    platform.facts = {"known": True, "gross": blue.gross, "buyer_name": blue.buyer_name, "deducted": True}

    again = tax_facts.execute(VoidRequest.objects.get(pk=request.pk), actor=finance())

    assert (again.state, again.rule.code) == (VoidState.VERIFICATION, "e-special-deducted")
    assert "red" not in platform.verbs


@pytest.mark.req("VOI-04")
def test_a_use_that_was_taken_back_leaves_it_to_the_seller_alone(platform):
    """Row 12: the use for an export refund is taken back first."""
    blue = invoice(kind=K.DIGITAL_SPECIAL, facts={**UNUSED, "export_refund": True})
    request = voids.decide(void_request(of=blue), actor=finance(), approve=True)
    assert VoidRequest.objects.get(pk=request.pk).rule.code == "digital-export-refund"
    invoices.record_fact(blue, Fact.EXPORT_REFUND, False, source=Source.TAX, actor=SYSTEM)
    assert verification.refresh(request).rule.code == "digital-unused"


@pytest.mark.req("VOI-04", "VOI-05")
def test_a_part_of_a_paper_invoice_is_red_lettered_even_in_its_month_and_so_is_the_rest(platform):
    blue = invoice(line("100.00", "3"), kind=K.PAPER_ORDINARY, facts={"copies_back": True, "tax_filed": False})
    part = verified(of=blue, reason="02", asks=[Ask(blue.lines.get(), Decimal(1))])
    assert (part.act, carried_out(part).state) == ("red", VoidState.DONE)

    rest = verified(of=blue)

    assert (rest.act, rest.whole, rest.net, rest.tax) == ("red", False, Decimal("66.67"), Decimal("8.67"))
    assert carried_out(rest).state == VoidState.DONE
    assert Invoice.objects.get(pk=blue.pk).state == InvoiceState.FULLY_RED
    assert sum(i.gross for i in Invoice.objects.all()) == 0


@pytest.mark.req("VOI-05")
@pytest.mark.parametrize("kind", [K.E_ORDINARY, K.E_SPECIAL, K.DIGITAL_ORDINARY])
@pytest.mark.long
def test_part_after_part_the_last_one_takes_the_remainder_to_the_fen(kind, platform):
    facts = {K.E_ORDINARY: {}, K.E_SPECIAL: {"deducted": False}, K.DIGITAL_ORDINARY: UNUSED}[kind]
    blue = invoice(line("100.00", "7"), kind=kind, facts=facts)
    for _ in range(7):
        part = verified(of=blue, reason="02", asks=[Ask(blue.lines.get(), Decimal(1))])
        assert (with_form(part) if part.state == VoidState.AWAITING_FORM else carried_out(part)).state == VoidState.DONE

    reds = Invoice.objects.filter(red_of=blue).order_by("id")
    assert [(red.net, red.tax) for red in reds] == [(Decimal("-14.29"), Decimal("-1.86"))] * 6 + [
        (Decimal("-14.26"), Decimal("-1.84"))
    ]
    assert Invoice.objects.get(pk=blue.pk).state == InvoiceState.FULLY_RED
    with pytest.raises(DomainError) as caught:
        void_request(of=Invoice.objects.get(pk=blue.pk))
    assert caught.value.code == "invoice.ended"
