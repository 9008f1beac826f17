"""Following red forms, and asking the tax platform for facts (VOI-03, VOI-06)."""

from datetime import timedelta

import pytest

from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.models import InvoiceFact, InvoiceLookup, RedForm, TaxOperation, VoidRequest
from apps.billing.services import executing, form_clock, tax_facts, tax_operations, verification, voids
from apps.billing.services.outbound import Swept
from apps.billing.states import CheckKind, CheckResult, FormState, Source, VoidState
from apps.core.errors import DomainError
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from tests.billing.forms import MORNING, at, refused, waiting_form
from tests.factories import make_customer
from tests.money import finance, invoice, void_request

pytestmark = pytest.mark.django_db
VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}


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
