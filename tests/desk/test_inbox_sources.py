"""What a second person looks at, in the inbox: for whom it stands there, with what, and until when (REF-01, REF-06, VOI-06, SLA-05)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing.adapters import registry
from apps.billing.adapters.tax.manual import ManualTaxAdapter
from apps.billing.models import Difference, Refund, TaxOperation, VoidRequest
from apps.billing.services import (
    bank_batches,
    by_hand,
    differences,
    paying,
    red_forms,
    refunds,
    tax_by_hand,
    tax_operations,
    voids,
)
from apps.billing.services.tax_by_hand import HandRecord
from apps.billing.states import PayChannel, RefundKind
from apps.core import actors, clock
from apps.desk.approvals import inbox
from apps.sla import selectors as sla
from apps.sla.models import Deadline
from apps.sla.services import extensions
from apps.sla.states import CONTACT, Metric
from tests import factories
from tests.billing import tax
from tests.billing.test_form_withdrawals import Bureau
from tests.factories import staff, staff_actor
from tests.money import finance, invoice, payment

pytestmark = pytest.mark.django_db
CARD = refunds.Payee("张伟", "6222021234567890123", "中国工商银行")


@pytest.fixture
def officers(signed_in):
    """Two finance officers' browsers."""
    return [signed_in(staff(Role.FINANCE_OFFICER, "finance")) for _ in range(2)]


def actor(client):
    return actors.staff(client.user)


def row_of(client, source):
    """The only line of this source in somebody's inbox, or None."""
    found = [row for row in inbox.waiting(actor(client)) if row.source == source]
    assert len(found) <= 1
    return found[0] if found else None


def outsiders_see_nothing(signed_in, row):
    """Nor do they by its address."""
    for role in (Role.SERVICE_STAFF, Role.DEPARTMENT_HANDLER, Role.AUDITOR):
        client = signed_in(staff(role))
        assert row_of(client, row.source) is None
        assert f"/case/{row.source}/{row.pk}/approve/" not in client.get(_address(row)).content.decode()
        client.post(f"{_address(row)}approve/", {"words": "", "token": ""})


def _address(row):
    return f"/desk/case/{row.source}/{row.pk}/"


def approve(client, row, words=""):
    return client.post(f"{_address(row)}approve/", {"words": words, "token": ""})


def transfer():
    """An approved transfer that waits for a person."""
    draft = refunds.RefundDraft(
        Decimal("88.00"), "补偿", kind=RefundKind.CASH, customer=factories.make_customer(), payee=CARD
    )
    approved = refunds.decide(refunds.file(draft, actor=staff_actor(Role.SERVICE_STAFF)), actor=finance(), approve=True)
    attempt = paying.begin(approved, actor=paying.PAYER)
    paying.sweep()
    return attempt


@pytest.mark.req("REF-01")
def test_a_bank_batch_waits_for_somebody_else_with_its_total(officers, signed_in):
    drawer, other = officers
    transfer(), transfer()
    batch = bank_batches.draw_up("generic", actor=actor(drawer))

    row = row_of(other, "batch")
    assert (row.number, row.amount, row.due_at) == (batch.number, Decimal("176.00"), None)
    assert batch.number in other.get(_address(row)).content.decode()
    assert row_of(drawer, "batch") is None
    outsiders_see_nothing(signed_in, row)
    assert approve(drawer, row).status_code == 409
    assert type(batch).objects.get().state == "drawn_up"

    approve(other, row)

    assert type(batch).objects.get().state == "released"
    assert row_of(other, "batch") is None


@pytest.mark.req("VOI-06")
def test_what_was_done_at_the_tax_bureau_waits_for_the_second_look_with_the_requests_amount_and_clock(
    officers, signed_in, monkeypatch
):
    monkeypatch.setattr(registry, "_tax", {"manual": ManualTaxAdapter()})
    recorder, other = officers
    request = tax.verified(of=invoice())
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    assert row_of(other, "tax") is None  # nothing is recorded yet
    record = HandRecord(form_number="HZ1", form_state="01")
    tax_by_hand.record(TaxOperation.objects.get(), record, actor=actor(recorder))

    row = row_of(other, "tax")
    due = Deadline.objects.get(subject_id=request.pk, metric=Metric.VOIDING).due_at
    assert (row.number, row.amount, row.due_at) == (request.number, request.amount, due)
    assert "HZ1" in other.get(_address(row)).content.decode()
    assert row_of(recorder, "tax") is None
    outsiders_see_nothing(signed_in, row)
    assert approve(recorder, row).status_code == 409

    approve(other, row)

    assert VoidRequest.objects.get().state == "ready"
    assert row_of(other, "tax") is None


@pytest.mark.req("VOI-12")
def test_a_form_withdrawn_at_the_tax_bureau_is_looked_at_too(officers, monkeypatch):
    monkeypatch.setattr(registry, "_tax", {"manual": ManualTaxAdapter()})
    recorder, other = officers
    request = tax.verified(of=invoice())
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    record = HandRecord(form_number="HZ1", form_state="01")
    tax_by_hand.record(TaxOperation.objects.get(), record, actor=actor(recorder))
    approve(other, row_of(other, "tax"))
    voids.reject_verified(VoidRequest.objects.get(), actor=finance(), reason="客户改变主意")
    tax_operations.sweep()
    page = f"/desk/voids/{request.number}/"
    assert "请到税务局网站撤销" in recorder.get(page).content.decode()

    said = recorder.post(
        f"{page}do/tax_record/", {"form_state": "09", "failure": "", "token": "t"}, HTTP_HX_REQUEST="true"
    )
    assert said.status_code == 200
    row = row_of(other, "tax")
    assert (row.number, row.title) == (request.number, "撤销确认单")
    approve(other, row)

    assert request.forms.get().state == "09"
    assert row_of(other, "tax") is None


def test_a_refused_withdrawal_is_told_on_the_page_of_the_request_with_what_to_do(officers, monkeypatch):
    bureau = Bureau()
    monkeypatch.setattr(registry, "_tax", {"bureau": bureau})
    request = tax.verified(of=invoice())
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    bureau.refuses = "FORM_BUSY"
    voids.reject_verified(VoidRequest.objects.get(), actor=finance(), reason="客户改变主意")
    page = f"/desk/voids/{request.number}/"
    assert "正在税务平台撤销" in officers[0].get(page).content.decode()
    tax_operations.sweep()

    told = officers[0].get(page).content.decode()
    assert "FORM_BUSY" in told and "税务平台未撤销" in told and "do/withdraw_form/" in told
    bureau.refuses = ""
    officers[0].post(f"{page}do/withdraw_form/", {"token": "t"}, HTTP_HX_REQUEST="true")
    tax_operations.sweep()

    told = officers[0].get(page).content.decode()
    assert request.forms.get().state == "09"
    assert "税务平台未撤销这张" not in told and "do/withdraw_form/" not in told


@pytest.mark.req("REF-01")
def test_a_payment_by_hand_waits_for_somebody_else_with_its_amount_and_the_tickets_clock(officers, signed_in):
    payer, other = officers
    about = factories.ticket()
    paid = payment("88.00", PayChannel.MANUAL, customer=about.customer)
    draft = refunds.RefundDraft(Decimal("88.00"), "退款", payment=paid, channel=PayChannel.MANUAL, ticket=about)
    approved = refunds.decide(refunds.file(draft, actor=staff_actor()), actor=finance(), approve=True)
    attempt = paying.begin(approved, actor=paying.PAYER)
    by_hand.record(attempt, by_hand.Paid("HD-1", clock.now()), actor=actor(payer))

    row = row_of(other, "hand")
    due = min(one.due_at for one in sla.open_for(about) if not one.is_timer and one.metric not in CONTACT)
    assert (row.number, row.amount, row.title, row.due_at) == (approved.number, Decimal("88.00"), "HD-1", due)
    assert row_of(payer, "hand") is None
    outsiders_see_nothing(signed_in, row)
    assert approve(payer, row).status_code == 409

    approve(other, row)

    assert Refund.objects.get().state == "succeeded"
    assert row_of(other, "hand") is None


@pytest.mark.req("REF-06")
def test_a_difference_waits_for_its_owner_with_what_is_at_stake_and_its_clock(officers, signed_in):
    owner, other = officers
    found = differences.paid_twice(transfer())
    differences.assign(found, owner.user, actor=finance(Role.FINANCE_MANAGER))

    row = row_of(owner, "difference")
    due = Deadline.objects.get(subject_id=found.pk, metric=Metric.DIFFERENCE).due_at
    assert (row.number, row.amount, row.due_at) == (found.number, Decimal("88.00"), due)
    assert row_of(other, "difference") is None
    outsiders_see_nothing(signed_in, row)
    assert approve(other, row, "已核对").status_code == 409
    assert approve(owner, row).status_code == 422  # not without words
    approve(owner, row, "供应商次日补发")

    assert Difference.objects.get().state == "resolved"
    assert row_of(owner, "difference") is None


@pytest.mark.req("SLA-05")
def test_more_time_waits_for_the_head_of_the_department_until_the_old_date_and_not_for_who_asked(signed_in):
    made = factories.ticket()
    one = next(deadline for deadline in sla.open_for(made) if deadline.metric == Metric.RESOLUTION)
    head = signed_in(staff(Role.DEPARTMENT_HEAD, made.department.code))
    asking = signed_in(staff(Role.DEPARTMENT_HEAD, made.department.code))
    until = one.due_at + timedelta(hours=3)
    asked = extensions.request(one.pk, until, actor=actor(asking), reason="等配件")

    row = row_of(head, "extension")
    assert (row.number, row.amount, row.due_at) == (made.number, None, one.due_at)
    assert f"{clock.local(until):%m-%d %H:%M}" in row.title
    assert "等配件" in head.get(_address(row)).content.decode()
    assert row_of(asking, "extension") is None
    outsiders_see_nothing(signed_in, row)
    assert approve(asking, row).status_code == 409
    assert type(asked).objects.get().state == "requested"

    approve(head, row, "同意")

    assert Deadline.objects.get(pk=one.pk).due_at == until
    assert row_of(head, "extension") is None
