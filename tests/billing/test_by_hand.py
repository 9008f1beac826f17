"""Acting at the tax bureau by hand: one records, another looks; whom a form waits for (VOI-05, VOI-06, VOI-12)."""

import pytest

from apps.accounts.roles import Role
from apps.billing import awaited, selectors
from apps.billing.models import Invoice, RedForm, TaxOperation, VoidRequest
from apps.billing.services import executing, red_forms, tax_by_hand, tax_operations
from apps.billing.services.tax_by_hand import HandRecord
from apps.billing.states import FormState, InvoiceKind, VoidState
from tests.billing import tax
from tests.billing.forms import USED, VOIDABLE, at, refused
from tests.factories import staff_actor, ticket
from tests.money import UNUSED, finance, invoice, void_request

pytestmark = pytest.mark.django_db


def called_by_hand():
    with at(0):
        request = tax.verified(of=invoice(kind=InvoiceKind.PAPER_SPECIAL, facts=VOIDABLE))
        executing.execute(request, actor=finance())
        tax_operations.sweep()
    return TaxOperation.objects.get()


@pytest.mark.req("VOI-06")
def test_by_hand_it_waits_until_one_records_and_another_looks(by_hand):
    operation = called_by_hand()
    assert [waiting.pk for waiting in tax_by_hand.waiting()] == [operation.pk]
    one, other = finance(), finance()
    with at(1):
        refused("tax.not_recorded", lambda: tax_by_hand.confirm(operation, actor=other))
        refused("core.required", lambda: tax_by_hand.record(operation, HandRecord(), actor=one))
        refused(
            "core.not_allowed",
            lambda: tax_by_hand.record(operation, HandRecord("ZF-1"), actor=staff_actor(Role.SERVICE_STAFF)),
        )
        tax_by_hand.record(operation, HandRecord("ZF-1"), actor=one)
        refused("tax.recorded", lambda: tax_by_hand.record(operation, HandRecord("ZF-2"), actor=other))
        refused("tax.own", lambda: tax_by_hand.confirm(operation, actor=one))
        tax_operations.sweep()
        assert VoidRequest.objects.get().state == VoidState.EXECUTING
        tax_by_hand.confirm(operation, actor=other)
    done = VoidRequest.objects.get()
    assert (done.state, done.certificate) == (VoidState.DONE, "ZF-1")
    refused("tax.not_by_hand", lambda: tax_by_hand.confirm(operation, actor=other))


def test_the_second_person_sends_it_back_and_a_failure_makes_the_request_ready_again(by_hand):
    operation, one, other = called_by_hand(), finance(), finance()
    with at(1):
        tax_by_hand.record(operation, HandRecord("ZF-1"), actor=one)
        refused("reason.missing", lambda: tax_by_hand.refuse(operation, actor=other, reason=" "))
        tax_by_hand.refuse(operation, actor=other, reason="号码抄错")
        tax_by_hand.record(operation, HandRecord(failure="税局系统不受理"), actor=one)
        tax_by_hand.confirm(operation, actor=other)
    assert VoidRequest.objects.get().state == VoidState.READY
    assert Invoice.objects.get().state == "issued"


@pytest.mark.req("VOI-06")
def test_a_red_invoice_by_hand_has_a_number_of_its_own_that_can_be_kept(by_hand):
    with at(0):
        blue = invoice(kind=InvoiceKind.E_ORDINARY)
        tax.begun(of=blue)
        tax_operations.sweep()
        operation, one, other = TaxOperation.objects.get(), finance(), finance()

        refused("tax.not_the_red", lambda: tax_by_hand.record(operation, HandRecord(blue.number), actor=one))
        refused("core.too_long", lambda: tax_by_hand.record(operation, HandRecord("9" * 21), actor=one))
        assert TaxOperation.objects.get().recorded_by is None

        tax_by_hand.record(operation, HandRecord("99" + "0" * 18), actor=one)
        taken = invoice(number="99" + "0" * 18)  # brought in between the two looks
        refused("tax.not_the_red", lambda: tax_by_hand.confirm(operation, actor=other))
        tax_by_hand.refuse(operation, actor=other, reason="号码属于另一张发票")
        tax_by_hand.record(operation, HandRecord("98" + "0" * 18), actor=one)
        tax_by_hand.confirm(operation, actor=other)
    red = Invoice.objects.get(red_of=blue)
    assert (red.number, VoidRequest.objects.get().state) == ("98" + "0" * 18, VoidState.DONE)
    assert taken.pk != red.pk


@pytest.mark.req("VOI-06")
def test_of_two_who_record_the_same_number_the_second_is_sent_back_at_the_second_look(by_hand):
    with at(0):
        first, second = (tax.begun(of=invoice(kind=InvoiceKind.E_ORDINARY)) for _ in range(2))
        tax_operations.sweep()
        one, other = finance(), finance()
        for request in (first, second):
            tax_by_hand.record(request.operations.get(), HandRecord("97" + "0" * 18), actor=one)

        tax_by_hand.confirm(first.operations.get(), actor=other)
        refused("tax.number_taken", lambda: tax_by_hand.confirm(second.operations.get(), actor=other))
    assert VoidRequest.objects.get(pk=second.pk).state == VoidState.EXECUTING


@pytest.mark.req("VOI-05", "VOI-12")
def test_a_form_by_hand_has_its_number_and_state_recorded_and_the_ticket_shows_whom_it_waits_for(by_hand):
    with at(0):
        request = tax.verified(of=invoice(facts=USED), ticket=ticket())
        red_forms.enter(request, actor=finance())
        tax_operations.sweep()
        operation, one, other = TaxOperation.objects.get(), finance(), finance()
        refused(
            "core.invalid_choice",
            lambda: tax_by_hand.record(operation, HandRecord(form_number="HZ1", form_state="99"), actor=one),
        )
        tax_by_hand.record(operation, HandRecord(form_number="HZ 1", form_state="02"), actor=one)
        tax_by_hand.confirm(operation, actor=other)
    form = RedForm.objects.get()
    assert (form.number, form.state) == ("HZ1", "02")
    (shown,) = selectors.lines(request.ticket)
    assert (shown.case.pk, shown.who, shown.until) == (request.pk, "购方（等待购方确认红字确认单）", form.confirm_by)


@pytest.mark.req("VOI-05")
def test_a_form_that_the_buyer_started_is_noted_and_confirmed_by_us(by_hand):
    with at(0):
        request = tax.verified(of=invoice(facts=USED))
        form = tax_by_hand.start_by_buyer(request, "HZ77", actor=finance())
        assert (form.state, form.starter) == (FormState.WAITS_FOR_SELLER, "buyer")
        refused("void.form_alive", lambda: tax_by_hand.start_by_buyer(request, "HZ78", actor=finance()))
        red_forms.change(form, "04", actor=finance())
    assert VoidRequest.objects.get().state == VoidState.READY


@pytest.mark.req("VOI-05", "VOI-12")
@pytest.mark.parametrize("facts", [USED, UNUSED])
def test_what_is_awaited_before_the_form_is_entered_is_our_own_form(by_hand, facts):
    with at(0):
        request = tax.verified(of=invoice(facts=facts), ticket=ticket())

        assert awaited.word(request) == "待我方录入红字单"
        red_forms.enter(request, actor=finance())
        assert awaited.word(request) == "待在税务局网站录入红字单"
        tax_operations.sweep()
        operation, one, other = TaxOperation.objects.get(), finance(), finance()
        tax_by_hand.record(operation, HandRecord(form_number="HZ1", form_state="02"), actor=one)
        assert awaited.word(request) == "红字单已录入，待第二人确认"
        tax_by_hand.confirm(operation, actor=other)
        assert awaited.word(request) == "等待购方确认"
        (shown,) = selectors.lines(request.ticket)
        assert shown.awaits == "等待购方确认"
        red_forms.change(RedForm.objects.get(), FormState.LAPSED, actor=other)

    assert awaited.word(request) == "待我方重新录入红字单"
    (shown,) = selectors.lines(request.ticket)
    assert shown.until != RedForm.objects.get().confirm_by  # a lapsed form's clock is nobody's deadline


@pytest.mark.req("VOI-05")
def test_a_form_that_the_buyer_started_waits_for_us(by_hand):
    with at(0):
        request = tax.verified(of=invoice(facts=USED))
        tax_by_hand.start_by_buyer(request, "GF0001", actor=finance())

    assert awaited.word(request) == "等待我方确认"
    assert awaited.word(void_request()) == ""  # another state
