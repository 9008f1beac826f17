"""A red form does not outlive its request on the tax platform (VOI-05, VOI-06, VOI-12)."""

import pytest

from apps.accounts.roles import Role
from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.adapters.tax.manual import ManualTaxAdapter
from apps.billing.archive import documents, dossier
from apps.billing.models import Invoice, RedForm, TaxOperation, VoidRequest
from apps.billing.services import (
    executing,
    form_clock,
    form_withdrawals,
    invoices,
    red_forms,
    tax_by_hand,
    tax_operations,
    verification,
    voids,
)
from apps.billing.services.tax_by_hand import HandRecord
from apps.billing.states import OPEN_ATTEMPTS, FormState, Source, VoidState
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from apps.journal import deliveries, transitions
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla.models import Deadline
from tests.billing import tax
from tests.factories import make_customer, staff, staff_actor
from tests.money import UNUSED, finance, invoice

pytestmark = [pytest.mark.django_db, pytest.mark.req("VOI-12")]
USED = {**UNUSED, "use_confirmed": True}
W = TaxOperation.Verb.WITHDRAW


@pytest.fixture
def platform(tmp_path, monkeypatch):
    with tax.server(tmp_path, delay=0.1) as server:
        tax.use(monkeypatch, server)
        yield server


class Bureau:
    """A platform of one form that may refuse to give it up."""

    name = "bureau"
    query_every = 30

    def __init__(self, state="01"):
        self.state, self.refuses, self.calls = state, "", []

    def send(self, order):
        self.calls.append(order.verb)
        if order.verb == W and self.refuses:
            return TaxOutcome(Proof.FAILED, failure=self.refuses)
        if order.verb == W:
            self.state = "08" if self.state in ("02", "03") else "09"
        return TaxOutcome(Proof.SUCCEEDED, form_number=order.form_number or "HZ1", form_state=self.state)

    query = send

    def form(self, number):
        return TaxOutcome(Proof.SUCCEEDED, form_number=number, form_state=self.state)

    def look_up(self, code, number):
        return None


@pytest.fixture
def bureau(monkeypatch):
    adapter = Bureau()
    monkeypatch.setattr(registry, "_tax", {"bureau": adapter})
    return adapter


@pytest.fixture
def by_hand(monkeypatch):
    monkeypatch.setattr(registry, "_tax", {"manual": ManualTaxAdapter()})


def run(times=3):
    """Signatures age, so the clock stays: what is open is due at once instead."""
    for _ in range(times):
        TaxOperation.objects.filter(state__in=OPEN_ATTEMPTS).update(next_query_at=clock.now(), lease_until=None)
        tax_operations.sweep()


def now_of(request):
    return VoidRequest.objects.get(pk=request.pk)


def with_form(server=None, facts=UNUSED, **fields):
    """Verified, and its form entered: ready where the buyer need not confirm."""
    blue = invoice(facts=facts)
    if server is not None:
        tax.known(server, blue, **facts)
    request = tax.verified(of=blue, **fields)
    red_forms.enter(request, actor=finance())
    run(1)
    return now_of(request)


def used_since(request):
    """The buyer has confirmed its use, so that it must be decided again."""
    invoices.record_fact(request.invoice, "use_confirmed", True, source=Source.TAX, actor=SYSTEM)
    return executing.execute(request, actor=finance())


def reject(request, filer):
    return voids.reject_verified(request, actor=finance(), reason="客户改变主意")


def decide_again(request, filer):
    return used_since(request)


def withdraw(request, filer):
    return voids.withdraw(used_since(request), actor=filer)


def refused(code, call):
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.code == code


def of_platform(server):
    return [row["state"] for row in server.ledger.rows("SELECT state FROM forms ORDER BY entered, number")]


@pytest.mark.req("VOI-05")
@pytest.mark.parametrize(
    ("way", "state"),
    [(reject, VoidState.REJECTED), (decide_again, VoidState.VERIFICATION), (withdraw, VoidState.WITHDRAWN)],
)
def test_when_the_request_ends_or_goes_back_its_form_is_withdrawn_there_and_here(platform, way, state):
    filer = staff_actor()
    request = with_form(platform, actor=filer)
    assert (request.state, of_platform(platform)) == (VoidState.READY, ["01"])

    way(request, filer)

    assert (now_of(request).state, of_platform(platform)) == (state, ["01"])  # it goes its way at once
    run()
    form = RedForm.objects.get()
    assert (form.state, of_platform(platform)) == (FormState.WITHDRAWN_LATE, ["09"])
    assert form.settled_at is not None
    assert now_of(request).state == state
    held = [line.held_net for line in request.invoice.lines.all()]
    assert held == ([request.net] if state == VoidState.VERIFICATION else [0])
    assert TaxOperation.objects.filter(verb=W, state="succeeded").count() == 1


def test_the_next_request_of_the_invoice_gets_its_form(platform):
    request = with_form(platform)
    reject(request, None)
    run()

    other = tax.verified(of=Invoice.objects.get())
    red_forms.enter(other, actor=finance())
    run(1)

    assert now_of(other).state == VoidState.READY
    assert sorted(of_platform(platform)) == ["01", "09"]


@pytest.mark.req("VOI-06")
@pytest.mark.parametrize("fault", ["drop-after", "bad-signature", "delay", "duplicate", "processing", "drop", "error"])
def test_whatever_goes_wrong_it_is_asked_about_first_and_withdrawn_once(platform, fault):
    request = with_form(platform)
    reject(request, None)
    platform.faults.set(next=[fault])
    run(5)
    if fault == "processing":
        platform.ledger.move_clock(1)
        run(8)

    operation = TaxOperation.objects.get(verb=W)
    assert operation.state == "succeeded"
    assert (RedForm.objects.get().state, of_platform(platform)) == (FormState.WITHDRAWN_LATE, ["09"])
    asked = platform.ledger.rows("SELECT method, path FROM calls WHERE id > 1 AND path NOT LIKE '/v1/invoices%'")
    asked = [call["method"] for call in asked if "operations" in call["path"] or "withdrawals" in call["path"]]
    assert asked[0] == "POST" and "POST" not in asked[1:2]  # the second is never a second sending
    assert len(platform.ledger.rows("SELECT key FROM operations WHERE verb = 'withdraw'")) == 1
    assert Event.objects.filter(kind=events.VOID_FORM_LET_GO).count() == 1


@pytest.mark.req("VOI-06")
def test_a_form_that_was_entered_after_all_is_withdrawn_when_nobody_wants_it_any_more(platform):
    blue = tax.known(platform, invoice(facts=USED), **USED)
    request = tax.verified(of=blue)
    red_forms.enter(request, actor=finance())
    platform.faults.set(next=["drop-after"])
    tax_operations.sweep()
    assert TaxOperation.objects.get().state == "unknown"
    refused("void.being_executed", lambda: tax_by_hand.start_by_buyer(request, "HZ9", actor=finance()))
    transitions.apply(request, "decide_again", actor=finance())

    run()

    assert [(one.verb, one.state) for one in TaxOperation.objects.order_by("id")] == [
        ("form", "succeeded"), ("withdraw", "succeeded"),
    ]  # fmt: skip
    assert (RedForm.objects.get().state, of_platform(platform)) == (FormState.WITHDRAWN, ["08"])
    form_clock.follow()
    assert not Deadline.objects.filter(subject_id=RedForm.objects.get().pk).exists()
    assert now_of(request).state == VoidState.VERIFICATION


def test_a_form_of_the_decision_before_is_not_taken_for_the_present_ones(platform):
    request = with_form(platform)
    again = used_since(request)
    checker = finance()
    for check in again.checks.filter(result="open"):
        verification.record_check(again, check.kind, passed=True, actor=checker, detail="已核对")
    again = verification.confirm(again, actor=checker)
    assert again.state == VoidState.AWAITING_FORM
    refused("void.form_let_go", lambda: red_forms.enter(again, actor=finance()))
    red_forms.change(RedForm.objects.get(), FormState.CONFIRMED, actor=SYSTEM)  # the buyer was quicker
    assert now_of(request).state == VoidState.AWAITING_FORM

    run()
    tax.known(platform, request.invoice, **USED)
    red_forms.enter(again, actor=finance())
    run(1)

    assert sorted(RedForm.objects.values_list("state", flat=True)) == ["02", "09"]
    assert now_of(request).state == VoidState.AWAITING_FORM


def test_its_clock_ends_and_the_buyer_is_reminded_no_more(bureau):
    bureau.state = "02"
    request = with_form(facts=USED, actor=staff_actor())
    form_clock.follow()
    form = RedForm.objects.get()
    assert Deadline.objects.get(subject_id=form.pk).state == "open"
    RedForm.objects.update(reminded=0)
    transitions.apply(request, "decide_again", actor=finance())
    bureau.refuses = "FORM_BUSY"

    form_clock.follow()

    assert Deadline.objects.get(subject_id=form.pk).state == "cancelled"
    assert RedForm.objects.get().reminded == 0
    run()
    form_clock.follow()
    deliveries.drain()
    assert RedForm.objects.get().reminded == 0
    assert Deadline.objects.get(subject_id=form.pk).state == "cancelled"


def test_said_twice_it_is_withdrawn_once(bureau):
    request = with_form()
    reject(request, None)
    for _ in range(2):
        form_withdrawals.let_go(now_of(request), actor=SYSTEM)
        form_clock.follow()
    run()
    form_clock.follow()

    operation = TaxOperation.objects.get(verb=W)
    tax_operations.settle(operation, TaxOutcome(Proof.FAILED, failure="LATE"))
    assert (bureau.calls, RedForm.objects.get().state) == (["form", "withdraw"], FormState.WITHDRAWN_LATE)
    changed = Event.objects.filter(kind=events.VOID_FORM_CHANGED, data__form_state="09")
    assert changed.count() == 1


def test_a_form_that_was_left_behind_before_is_found_and_withdrawn(bureau):
    request = with_form()
    VoidRequest.objects.filter(pk=request.pk).update(state=VoidState.REJECTED)

    form_clock.follow()
    run()

    assert RedForm.objects.get().state == FormState.WITHDRAWN_LATE


def test_refused_because_it_is_over_the_platform_is_asked_what_became_of_it(platform):
    request = with_form(platform)
    reject(request, None)
    form = RedForm.objects.get()
    platform.platform.play(form.number, "bureau", "abnormal")
    run()
    assert TaxOperation.objects.get(verb=W).failure == "FORM_STATE"

    form_clock.follow()

    assert RedForm.objects.get().state == FormState.ABNORMAL
    assert now_of(request).state == VoidState.REJECTED


@pytest.mark.req("VOI-05")
def test_refused_it_stays_alive_here_and_a_person_has_it_withdrawn_again(bureau):
    request = with_form()
    bureau.refuses = "FORM_BUSY"
    reject(request, None)
    run()
    form_clock.follow()
    officer = staff(Role.FINANCE_OFFICER, "finance")
    deliveries.drain()
    form = RedForm.objects.get()
    assert form.state == FormState.NOT_NEEDED
    told = Event.objects.get(kind=events.VOID_FORM_STAYS)
    assert (told.data["code"], told.data["number"]) == ("FORM_BUSY", "HZ1")
    notice = Notice.objects.get(user=officer, kind="red_form_stays")
    assert "HZ1" in notice.text and "FORM_BUSY" in notice.text and notice.link == f"/desk/voids/{request.number}/"
    refused("core.not_allowed", lambda: form_withdrawals.again(form, actor=staff_actor()))

    bureau.refuses = ""
    form_withdrawals.again(form, actor=finance())
    refused("void.being_executed", lambda: form_withdrawals.again(form, actor=finance()))
    run()

    assert RedForm.objects.get().state == FormState.WITHDRAWN_LATE
    refused("void.form_over", lambda: form_withdrawals.again(form, actor=finance()))
    assert now_of(request).state == VoidState.REJECTED


def test_a_form_that_is_needed_is_not_withdrawn(bureau):
    with_form()
    refused("void.form_wanted", lambda: form_withdrawals.again(RedForm.objects.get(), actor=finance()))
    executing.execute(VoidRequest.objects.get(), actor=finance())
    form_clock.follow()
    assert not TaxOperation.objects.filter(verb=W).exists()


def test_entered_by_hand_it_is_withdrawn_by_hand_and_counts_after_the_second_look(by_hand):
    request = tax.verified(of=invoice())
    red_forms.enter(request, actor=finance())
    run(1)
    one, other = finance(), finance()
    tax_by_hand.record(TaxOperation.objects.get(), HandRecord(form_number="HZ1", form_state="01"), actor=one)
    tax_by_hand.confirm(TaxOperation.objects.get(), actor=other)
    reject(now_of(request), None)
    run(1)

    officer = staff(Role.FINANCE_OFFICER, "finance")
    deliveries.drain()
    assert "HZ1" in Notice.objects.get(user=officer, kind="red_form_stays").text
    (operation,) = tax_by_hand.waiting()
    assert (operation.verb, operation.form.number) == (W, "HZ1")
    alive = HandRecord(form_state="04")
    refused("core.invalid_choice", lambda: tax_by_hand.record(operation, alive, actor=one))
    tax_by_hand.record(operation, HandRecord(form_state="09"), actor=one)
    assert RedForm.objects.get().state == FormState.NOT_NEEDED
    tax_by_hand.confirm(operation, actor=other)

    assert RedForm.objects.get().state == FormState.WITHDRAWN_LATE
    assert tax_by_hand.waiting() == []


@pytest.mark.req("VOI-05")
def test_the_buyers_form_is_theirs_so_we_only_stop_following_it(bureau):
    request = tax.verified(of=invoice(facts=USED, customer=make_customer()), actor=staff_actor())
    form = tax_by_hand.start_by_buyer(request, "HZ77", actor=finance())
    red_forms.change(form, FormState.CONFIRMED, actor=finance())

    reject(now_of(request), None)
    run()
    form_clock.follow()

    assert RedForm.objects.get().state == FormState.WITHDRAWN
    assert bureau.calls == []
    told = Event.objects.filter(kind=events.VOID_FORM_CHANGED, data__form_state="08").get()
    assert (told.data["number"], told.data["starter"]) == ("HZ77", "buyer")


def test_the_buyers_form_is_taken_up_again_after_a_new_decision(bureau):
    request = tax.verified(of=invoice(facts=USED))
    form = tax_by_hand.start_by_buyer(request, "HZ77", actor=finance())
    red_forms.change(form, FormState.CONFIRMED, actor=finance())
    invoices.record_fact(request.invoice, "buyer_booked", True, source=Source.TAX, actor=SYSTEM)
    invoices.record_fact(request.invoice, "use_confirmed", False, source=Source.TAX, actor=SYSTEM)
    again = executing.execute(now_of(request), actor=finance())
    assert (again.state, RedForm.objects.get().state) == (VoidState.VERIFICATION, FormState.WITHDRAWN)
    again = verification.confirm(again, actor=finance())

    form = tax_by_hand.start_by_buyer(again, "HZ 77", actor=finance())

    assert (RedForm.objects.count(), form.state) == (1, FormState.WAITS_FOR_SELLER)
    red_forms.change(form, FormState.CONFIRMED, actor=finance())
    assert now_of(request).state == VoidState.READY


@pytest.mark.req("ARC-01")
def test_the_withdrawal_is_among_the_files_of_the_case(bureau):
    request = with_form()
    reject(request, None)
    run()

    papers = documents.collect(dossier.gather(dossier.case_of(now_of(request))))

    key = TaxOperation.objects.get(verb=W).key
    assert b'"verb": "withdraw"' in papers.files[f"documents/certificates/{key}.json"]
    assert b'"form": "HZ1"' in papers.files[f"documents/certificates/{key}.json"]
