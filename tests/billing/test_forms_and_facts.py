"""Following forms, asking the platform for facts, the month's end, and acting by hand (VOI-03, VOI-06, VOI-11, VOI-12)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.accounts.roles import Role
from apps.billing import events, selectors
from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.adapters.tax.manual import ManualTaxAdapter
from apps.billing.models import (
    Invoice,
    InvoiceFact,
    InvoiceLookup,
    MonthEndWarning,
    RedForm,
    TaxOperation,
    VoidRequest,
)
from apps.billing.services import (
    executing,
    form_clock,
    month_end,
    red_forms,
    tax_by_hand,
    tax_facts,
    tax_operations,
    verification,
    voids,
)
from apps.billing.services.outbound import Swept
from apps.billing.services.tax_by_hand import HandRecord
from apps.billing.states import CheckKind, CheckResult, FormState, InvoiceKind, Source, VoidState
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from apps.sla.models import Deadline
from tests.billing import tax
from tests.factories import make_customer, staff_actor, ticket
from tests.money import UNUSED, finance, invoice, void_request

pytestmark = pytest.mark.django_db
USED = {**UNUSED, "use_confirmed": True}
VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}
MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class Bureau:
    """Knows one form, and what to say of any invoice."""

    name = "bureau"
    query_every = 30

    def __init__(self):
        self.state, self.found, self.entered, self.broken = "02", None, 0, False

    def send(self, order):
        self.entered += 1
        return TaxOutcome(Proof.SUCCEEDED, form_number=f"HZ{self.entered}", form_state="02")

    query = send

    def form(self, number):
        if self.broken:
            raise TimeoutError
        return TaxOutcome(Proof.SUCCEEDED, form_number=number, form_state=self.state)

    def look_up(self, code, number):
        if self.broken:
            raise TimeoutError
        return self.found


@pytest.fixture
def bureau(monkeypatch):
    adapter = Bureau()
    monkeypatch.setattr(registry, "_tax", {"bureau": adapter})
    return adapter


@pytest.fixture
def by_hand(monkeypatch):
    monkeypatch.setattr(registry, "_tax", {"manual": ManualTaxAdapter()})


def waiting_form(**fields):
    request = tax.verified(of=invoice(facts=USED, **fields))
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    return RedForm.objects.get()


def at(hours):
    return clock.at(MORNING + timedelta(hours=hours))


def refused(code, call):
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.code == code


@pytest.mark.req("VOI-12")
def test_the_buyer_is_reminded_at_once_a_day_before_and_six_hours_before_never_twice(bureau):
    with at(0):
        form = waiting_form(customer=make_customer())
    for hours in (0, 0, 10, 48, 49, 66, 71):
        with at(hours):
            form_clock.follow()
            deliveries.drain()

    reminders = Event.objects.filter(kind=events.VOID_FORM_REMINDED).order_by("at", "id")
    assert [event.data["reminder"] for event in reminders] == [1, 2, 3]
    messages = OutgoingMessage.objects.filter(template="red_form_reminder")
    assert messages.count() == 3
    assert all(str(form.request.invoice) in message.body for message in messages)


@pytest.mark.req("VOI-12", "SLA-01")
def test_the_form_has_one_clock_of_72_hours_that_its_confirmation_meets(bureau):
    with at(0):
        form = waiting_form()
    for hours in (1, 2):
        with at(hours):
            form_clock.follow()
    clock_ = Deadline.objects.get(subject_id=form.pk)
    assert clock_.due_at == MORNING + timedelta(hours=72)
    bureau.state = "04"
    with at(30):
        form_clock.follow()
    assert Deadline.objects.get(subject_id=form.pk).state == "met"
    assert VoidRequest.objects.get().state == VoidState.READY


@pytest.mark.req("VOI-12")
def test_a_lapsed_form_is_entered_anew_three_in_all_then_a_person_decides(bureau):
    with at(0):
        waiting_form()
    for round_ in range(1, 6):
        bureau.state = "07"
        with at(73 * round_):
            form_clock.follow()
        bureau.state = "02"
        with at(73 * round_ + 0.2):
            tax_operations.sweep()
            form_clock.follow()
            form_clock.follow()

    assert bureau.entered == form_clock.MOST_FORMS == RedForm.objects.count()
    assert set(RedForm.objects.values_list("state", flat=True)) == {"07"}
    assert not Deadline.objects.filter(metric="red_form", state="open").exists()


@pytest.mark.req("VOI-05")
@pytest.mark.parametrize("late", ["09", "10"])
def test_a_form_withdrawn_or_abnormal_after_its_confirmation_takes_the_request_back(bureau, late):
    with at(0):
        waiting_form()
    bureau.state = "04"
    with at(1):
        form_clock.follow()
    assert VoidRequest.objects.get().state == VoidState.READY
    bureau.state = late
    with at(2):
        form_clock.follow()
    request = VoidRequest.objects.get()
    assert request.state == VoidState.AWAITING_FORM
    with pytest.raises(DomainError):
        executing.execute(request, actor=finance())
    assert not TaxOperation.objects.filter(verb="red").exists()


def test_a_platform_that_is_away_changes_nothing(bureau):
    with at(0):
        form = waiting_form()
    bureau.broken = True
    with at(1):
        form_clock.follow()
    assert RedForm.objects.get().state == form.state == FormState.WAITS_FOR_BUYER


@pytest.mark.req("VOI-03")
def test_the_platforms_word_fills_the_check_and_the_facts(bureau):
    blue = invoice(buyer_name="上海晴川贸易有限公司", facts={})

    request = voids.decide(void_request(blue), actor=finance(), approve=True)
    bureau.found = {
        "known": True, "gross": blue.gross, "buyer_name": blue.buyer_name, "use_confirmed": False,
        "buyer_booked": False, "export_refund": False,
    }  # fmt: skip
    assert tax_facts.renew_waiting() == 1 and tax_facts.renew_waiting() == 0

    check = request.checks.get(kind=CheckKind.GENUINE)
    assert (check.result, check.source) == (CheckResult.PASSED, Source.TAX)
    assert {(f.fact, f.holds, f.source) for f in InvoiceFact.objects.all()} == {
        (name, False, "tax") for name in ("use_confirmed", "buyer_booked", "export_refund")
    }
    decided = VoidRequest.objects.get()
    assert decided.rule.code == "digital-unused"
    bureau.found = bureau.found | {"use_confirmed": True}
    tax_facts.renew(decided, at_once=True)
    assert VoidRequest.objects.get().rule.code == "digital-use-confirmed"
    assert InvoiceFact.objects.count() == 4  # only what changed is written again


@pytest.mark.req("VOI-03")
@pytest.mark.parametrize(
    ("other", "found"),
    [({"gross": "999.00"}, ["gross"]), ({"buyer_name": "别的公司"}, ["buyer_name"]), ({"known": False}, [])],
)
def test_another_amount_or_buyer_or_no_such_invoice_fails_the_check_and_no_person_overrules_it(bureau, other, found):

    request = voids.decide(void_request(), actor=finance(), approve=True)
    blue = request.invoice
    bureau.found = {"known": True, "gross": blue.gross, "buyer_name": blue.buyer_name} | other
    tax_facts.renew(request)

    assert InvoiceLookup.objects.get().differences == found
    assert request.checks.get(kind=CheckKind.GENUINE).result == CheckResult.FAILED
    refused(
        "void.check_by_system",
        lambda: verification.record_check(request, "genuine", passed=True, actor=finance(), detail="没问题"),
    )
    refused("void.checks_open", lambda: tax_facts.confirm(request, actor=finance()))


def test_a_look_up_that_fails_or_can_not_be_had_leaves_the_check_to_a_person(bureau):

    request = voids.decide(void_request(), actor=finance(), approve=True)
    tax_facts.renew(request)
    bureau.broken = True
    tax_facts.renew(request)
    assert not InvoiceLookup.objects.exists()
    assert request.checks.get(kind=CheckKind.GENUINE).result == CheckResult.OPEN


# By hand --------------------------------------------------------------------------------------------------------------


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


def test_a_platform_that_hangs_holds_a_worker_no_longer_than_its_time(monkeypatch):
    made = []
    monkeypatch.setattr(tax_operations, "sweep", lambda limit: made.append(limit) or Swept(worked=1, settled=0))

    tax_operations.work_off(seconds=0)
    assert made == [1]

    with at(0):
        voids.decide(void_request(), actor=finance(), approve=True)
        monkeypatch.setattr(tax_facts, "renew", made.append)
        assert tax_facts.renew_waiting(seconds=-1) == 0
        assert tax_facts.renew_waiting() == 1
    assert len(made) == 2


# The month's end ------------------------------------------------------------------------------------------------------


def voidable(day=20):
    with clock.at(datetime(2026, 11, day, 2, 0, tzinfo=UTC)):
        return tax.verified(of=invoice(kind=InvoiceKind.PAPER_SPECIAL, facts=VOIDABLE))


@pytest.mark.req("VOI-11")
def test_the_list_names_voids_of_this_month_and_nothing_else(by_hand):
    request = voidable()
    with at(0):
        tax.verified()  # digital: a red letter today and tomorrow
        (found,) = month_end.turning()
    assert found.request.pk == request.pk
    assert found.until == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert month_end.turning(found.until) == []


@pytest.mark.req("VOI-11")
def test_the_days_of_warning_are_the_last_one_and_the_working_day_before():
    assert month_end.warning_days(MORNING) == [date(2026, 11, 27), date(2026, 11, 30)]  # 28 and 29 are a weekend
    assert month_end.warning_days(datetime(2026, 12, 5, tzinfo=UTC)) == [date(2026, 12, 30), date(2026, 12, 31)]


@pytest.mark.req("VOI-11")
def test_finance_is_warned_once_on_each_of_the_two_days_from_nine_oclock(by_hand):
    voidable()
    officer = staff_actor(Role.FINANCE_OFFICER, "finance").user
    times = [(26, 2), (27, 0), (27, 2), (27, 3), (28, 2), (30, 1), (30, 15)]  # UTC hours
    for day, hour in times:
        with clock.at(datetime(2026, 11, day, hour, 30, tzinfo=UTC)):
            month_end.warn()
            deliveries.drain()
    assert list(MonthEndWarning.objects.order_by("day").values_list("day", "requests")) == [
        (date(2026, 11, 27), 1), (date(2026, 11, 30), 1),
    ]  # fmt: skip
    assert Notice.objects.filter(user=officer, kind="month_end_voids").count() == 2
