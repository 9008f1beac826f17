"""Ladder, gates, floats, bank batches, payment by hand, compensation, settlement (REF-01, REF-03, REF-07 … REF-10, VOI-13)."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from lxml import etree

from apps.accounts.roles import Role
from apps.billing import settlement
from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, Proof, TaxOutcome
from apps.billing.bank import files
from apps.billing.models import (
    BankBatchRow,
    Difference,
    GateException,
    ProviderFloat,
    Refund,
    RefundAttempt,
    RefundGate,
    VoidRequest,
)
from apps.billing.services import bank_batches, by_hand, floats, ladder, paying, refund_gates, refunds, tax_operations
from apps.billing.services.balance import Ask
from apps.billing.services.paying import PAYER
from apps.billing.services.refunds import Payee
from apps.billing.states import BatchState, Layout, PayChannel, RefundKind, RefundState
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.notifications.models import Notice, OutgoingMessage
from tests import factories
from tests.billing import tax
from tests.billing.providers import later, providers, sweep_on  # noqa: F401
from tests.money import finance, invoice, line, payment, refund, void_request

pytestmark = pytest.mark.django_db
CARD = Payee("张伟", "6222021234567890123", "中国工商银行")


def approve(request):
    return refunds.decide(request, actor=finance(), approve=True)


def fresh(request):
    return Refund.objects.get(pk=request.pk)


def pay(request, times=1):
    attempt = paying.begin(request, actor=PAYER)
    sweep_on(times)
    return RefundAttempt.objects.get(pk=attempt.pk)


def at_bank(**fields):
    """An approved transfer that waits for a batch."""
    draft = refunds.RefundDraft(
        Decimal(fields.pop("amount", "88.00")), "补偿", kind=RefundKind.CASH, customer=factories.make_customer(),
        payee=fields.pop("payee", CARD),
    )  # fmt: skip
    return pay(approve(refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))))


@pytest.mark.req("REF-03", "REF-08")
def test_alipay_fails_then_an_account_then_the_bank_then_a_person(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY)))
    pay(request)
    assert [rung.code for rung in ladder.rungs(fresh(request))] == [
        "alipay:refund", "alipay:transfer", "bank:transfer", "manual:hand",
    ]  # fmt: skip

    moved = refunds.reroute(fresh(request), Payee("张伟", "nobody@nobody.cn"), actor=finance())
    assert (moved.channel, moved.method, moved.round) == (PayChannel.ALIPAY, "transfer", 2)
    assert pay(approve(moved)).failure == "PAYEE_NOT_EXIST"
    with pytest.raises(DomainError) as caught:
        refunds.reroute(fresh(request), Payee("李四", CARD.account), actor=finance())
    assert caught.value.code == "refund.payee_differs"

    moved = refunds.reroute(fresh(request), CARD, actor=finance())
    attempt = pay(approve(moved))
    paying.settle(attempt, Outcome(Proof.FAILED, failure="AC04"))
    last = refunds.reroute(fresh(request), Payee(), actor=finance(), way="manual:hand")
    attempt = pay(approve(last))
    assert (attempt.channel, attempt.position) == (PayChannel.MANUAL, 4)
    assert len({a.number for a in RefundAttempt.objects.all()}) == 4
    assert providers.ledger.paid_out() == {}


@pytest.mark.req("REF-08")
def test_an_abnormal_wechat_refund_goes_to_the_card(providers):  # noqa: F811
    providers.faults.set(next=["abnormal"])
    request = approve(refund(payment("100.00", PayChannel.WECHAT_PAY)))
    attempt = pay(request)
    later(providers)
    sweep_on()
    assert fresh(request).state == RefundState.NEEDS_FALLBACK

    moved = refunds.reroute(fresh(request), CARD, actor=finance())
    assert (moved.channel, moved.method) == (PayChannel.WECHAT_PAY, "abnormal")
    pay(approve(moved))
    later(providers)
    sweep_on()

    assert fresh(request).state == RefundState.SUCCEEDED
    assert providers.ledger.paid_out() == {attempt.number: 10000}


@pytest.mark.req("REF-08")
def test_a_failure_that_was_none_is_found_before_another_way_is_paid(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY)))
    attempt = pay(request)
    registry.refund_adapter("alipay").send(paying.order_of(attempt))  # the provider's late hand
    moved = approve(refunds.reroute(fresh(request), CARD, actor=finance()))

    with pytest.raises(DomainError) as caught:
        paying.begin(moved, actor=PAYER)

    assert caught.value.code == "refund.paid_after_all"
    assert fresh(request).state == RefundState.SUCCEEDED
    assert RefundAttempt.objects.count() == 1


def test_a_failure_taken_back_after_another_way_was_paid_is_a_difference_with_a_name(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY)))
    attempt = pay(request)
    pay(approve(refunds.reroute(fresh(request), CARD, actor=finance())))

    paying.settle(attempt, Outcome(Proof.SUCCEEDED))
    paying.settle(attempt, Outcome(Proof.SUCCEEDED))

    assert [d.kind for d in Difference.objects.all()] == ["twice"]


@pytest.mark.req("VOI-13", "ADM-05")
def test_a_changed_row_of_the_gate_tells_what_it_was_what_it_is_and_who():
    boss, today = finance(Role.FINANCE_MANAGER), clock.local(clock.now()).date()
    row = RefundGate(reason_code="02", up_to=Decimal("100.00"), before_red=False, effective_from=today)
    with pytest.raises(DomainError):
        refund_gates.save_rule(row, actor=factories.staff_actor(Role.SERVICE_STAFF))
    refund_gates.save_rule(row, actor=boss)
    row.up_to, row.before_red = Decimal("300.00"), True
    refund_gates.save_rule(row, actor=boss)
    refund_gates.save_rule(RefundGate.objects.get(pk=row.pk), actor=boss)  # as it was

    new, changed = Event.objects.filter(kind="billing.refund_gates_changed", subject_id=row.pk).order_by("at", "id")
    assert new.data["before"] is None and new.data["after"]["up_to"] == "100.00"
    before, after = changed.data["before"], changed.data["after"]
    differs = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    assert differs == {"up_to": ("100.00", "300.00"), "before_red": (False, True)}
    assert (changed.actor_kind, changed.actor_label) == ("staff", boss.label)


@pytest.mark.req("VOI-13")
def test_the_red_invoice_comes_first_unless_a_rule_or_a_person_says_otherwise():
    RefundGate.objects.all().delete()
    of = void_request(invoice(), reason="02", asks=())
    request = approve(refund(amount="100.00", void_request=of))
    with pytest.raises(DomainError, match=r"红|red") as caught:
        paying.begin(request, actor=PAYER)
    assert caught.value.code == "refund.red_first"
    assert paying.begin_approved() == 0
    assert fresh(request).held_because
    assert Event.objects.filter(kind="refund.held").count() == 1

    today = clock.local(clock.now()).date()
    RefundGate.objects.create(reason_code="02", up_to=Decimal("99.99"), before_red=True, effective_from=today)
    assert paying.begin_approved() == 0
    row = RefundGate.objects.create(reason_code="02", up_to=Decimal("100.00"), before_red=True, effective_from=today)
    assert refund_gates.red_first(fresh(request), {}) is None
    RefundGate.objects.filter(pk=row.pk).delete()

    boss = factories.staff_actor(Role.FINANCE_MANAGER, "finance")
    with pytest.raises(DomainError):
        refund_gates.except_from(fresh(request), actor=factories.staff_actor(Role.SERVICE_STAFF), reason="急")
    refund_gates.except_from(fresh(request), actor=boss, reason="客户住院，先行退款")
    assert paying.begin_approved() == 1
    kept = GateException.objects.get()
    assert (kept.by_id, kept.reason) == (boss.user_id, "客户住院，先行退款")
    assert [(e.refund.pk, e.exception) for e in settlement.exposure(finance())] == [(request.pk, kept)]


@pytest.mark.req("VOI-13")
@pytest.mark.parametrize("by_request", [True, False])
def test_of_an_invoice_undone_in_part_no_more_leaves_than_was_undone(by_request):
    RefundGate.objects.all().delete()
    buyer = factories.make_customer()
    order = factories.OrderFactory(customer=buyer)
    blue = invoice(line("1000.00", "10"), kind="e_ordinary", customer=buyer, order=order)
    part = tax.begun(of=blue, reason="02", asks=[Ask(blue.lines.get(), Decimal(3))])
    tax_operations.settle(part.operations.get(), TaxOutcome(Proof.SUCCEEDED, certificate="99" + "1" * 18))
    paid = payment("1130.00", customer=buyer, order=order)
    by = {"void_request": VoidRequest.objects.get()} if by_request else {}
    small, large, last = (approve(refund(paid, amount=amount, **by)) for amount in ("300.00", "39.01", "39.00"))

    assert refund_gates.invoice_of(small) is None
    paying.begin(small, actor=PAYER)
    with pytest.raises(DomainError) as caught:
        paying.begin(large, actor=PAYER)
    assert caught.value.code == "refund.red_first"
    paying.begin(last, actor=PAYER)

    assert settlement.exposure(finance()) == []
    boss = factories.staff_actor(Role.FINANCE_MANAGER, "finance")
    refund_gates.except_from(fresh(large), actor=boss, reason="客户住院，先行退款")
    paying.begin(fresh(large), actor=PAYER)
    assert {one.invoice for one in settlement.exposure(finance())} == {str(blue)}


@pytest.mark.req("VOI-13")
def test_more_than_the_undone_invoice_waits_for_the_orders_other_one():
    RefundGate.objects.all().delete()
    buyer = factories.make_customer()
    order = factories.OrderFactory(customer=buyer)
    small = tax.begun(of=invoice(line("100.00"), kind="e_ordinary", customer=buyer, order=order))
    tax_operations.settle(small.operations.get(), TaxOutcome(Proof.SUCCEEDED, certificate="99" + "2" * 18))
    other = invoice(line("900.00"), kind="e_ordinary", customer=buyer, order=order)
    paid, of = payment("1130.00", customer=buyer, order=order), VoidRequest.objects.get()

    covered, more = (approve(refund(paid, amount=amount, void_request=of)) for amount in ("113.00", "113.01"))

    assert refund_gates.invoice_of(covered) is None
    assert refund_gates.invoice_of(more) == other


def test_wechat_takes_one_part_a_minute_within_a_year(providers):  # noqa: F811
    paid = payment("100.00", PayChannel.WECHAT_PAY)
    first, second = (approve(refund(paid, amount="10.00")) for _ in range(2))
    paying.begin(first, actor=PAYER)
    with pytest.raises(DomainError) as caught:
        paying.begin(second, actor=PAYER)
    assert caught.value.code == "refund.one_a_minute"
    with clock.at(clock.now() + timedelta(seconds=61)):
        paying.begin(second, actor=PAYER)
    old = approve(
        refund(payment("50.00", PayChannel.WECHAT_PAY, paid_at=clock.now() - timedelta(days=366)), amount="9")
    )
    with pytest.raises(DomainError) as caught:
        paying.begin(old, actor=PAYER)
    assert caught.value.code == "refund.too_late"


@pytest.mark.req("REF-10")
def test_too_little_money_queues_warns_and_reroutes_by_rule(providers):  # noqa: F811
    factories.staff(Role.FINANCE_OFFICER, "finance")
    request = approve(refund(payment("500.00", PayChannel.ALIPAY), amount="300.00", payee=CARD))
    providers.ledger.set_balance("alipay", 20000)
    floats.watch()
    row = ProviderFloat.objects.get(channel="alipay")
    assert (row.balance, floats.queued("alipay")) == (Decimal("200.00"), Decimal("300.00"))
    assert paying.begin_approved() == 0
    assert fresh(request).held_because
    floats.watch()
    assert Event.objects.filter(kind="float.low").count() == 1

    ProviderFloat.objects.update(reroute_after=4)
    with clock.at(clock.now() + timedelta(hours=5)):
        floats.watch()
    moved = fresh(request)
    assert (moved.state, moved.channel, moved.round) == (RefundState.CREATED, PayChannel.BANK, 2)

    providers.ledger.set_balance("alipay", 100000)
    floats.watch()
    assert Event.objects.filter(kind="float.well").count() == 1


@pytest.mark.req("REF-01")
@pytest.mark.parametrize("layout", Layout.values)
def test_a_batch_is_drawn_up_released_by_another_downloaded_once_and_read_back(layout, settings):
    settings.BANK_DEBTOR = {"name": "晴川电器", "account": "1001244300000000001", "bank": "102100099996"}
    attempts = [at_bank(amount=a) for a in ("88.00", "12.50", "1.00")]
    maker, checker = finance(), finance(Role.FINANCE_MANAGER)
    batch = bank_batches.draw_up(layout, actor=maker)
    assert (batch.count, batch.total) == (3, Decimal("101.50"))
    with pytest.raises(DomainError) as caught:
        bank_batches.draw_up(layout, actor=maker)
    assert caught.value.code == "batch.empty"
    with pytest.raises(DomainError) as caught:
        bank_batches.release(batch, actor=maker)
    assert caught.value.code == "batch.own"
    released = bank_batches.release(batch, actor=checker)
    _name, content = bank_batches.download(released, actor=maker)
    assert content
    with pytest.raises(DomainError) as caught:
        bank_batches.download(released, actor=maker)
    assert caught.value.code == "batch.taken"
    if layout == Layout.PAIN001:
        assert files.invalid(content) == []

    table = io.StringIO()
    rows = [["商户流水号", "金额", "状态", "原因"], [attempts[0].number, "88.00", "成功", ""],
            [attempts[1].number, "12.51", "成功", ""], ["R404", "1", "成功", ""],
            [attempts[2].number, "1.00", "失败", "户名不符"]]  # fmt: skip
    csv.writer(table).writerows(rows)
    read = bank_batches.read_result(batch, "result.csv", table.getvalue().encode("gb18030"), actor=maker)
    assert (read.settled, read.waiting) == (2, 1)
    assert [e.code for e in read.errors] == ["batch.row_amount", "batch.row_unknown"]
    again = bank_batches.read_result(batch, "result.csv", table.getvalue().encode("gb18030"), actor=maker)
    assert again.settled == 0
    states = {a.number: a.refund.state for a in RefundAttempt.objects.select_related("refund")}
    assert [states[a.number] for a in attempts] == ["succeeded", "processing", "needs_fallback"]

    pain002 = _pain002([(attempts[1].number, "ACSC")])
    assert bank_batches.read_result(batch, "r.xml", pain002, actor=maker).waiting == 0
    batch.__class__.objects.get(pk=batch.pk, state=BatchState.DONE)


def _pain002(rows):
    root = etree.Element("{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}Document")
    for number, state in rows:
        item = etree.SubElement(root, "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}TxInfAndSts")
        etree.SubElement(item, "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}OrgnlEndToEndId").text = number
        etree.SubElement(item, "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}TxSts").text = state
    return etree.tostring(root)


def test_a_cancelled_batch_gives_its_transfers_back_and_a_broken_result_changes_nothing():
    at_bank()
    maker, checker = finance(), finance()
    batch = bank_batches.draw_up(Layout.GENERIC, actor=maker)
    with pytest.raises(DomainError) as caught:
        bank_batches.read_result(batch, "r.csv", b"x", actor=maker)
    assert caught.value.code == "batch.not_with_bank"
    bank_batches.cancel(batch, actor=maker, reason="重做")
    second = bank_batches.draw_up(Layout.GENERIC, actor=maker)
    bank_batches.download(bank_batches.release(second, actor=checker), actor=maker)
    for name, content in (("r.xlsx", b"PK broken"), ("r.xml", b"<a/>"), ("r.csv", b""), ("r.csv", b"a,b\n1,2")):
        with pytest.raises(DomainError) as caught:
            bank_batches.read_result(second, name, content, actor=maker)
        assert caught.value.code == "batch.unreadable"
    assert BankBatchRow.objects.filter(alive=True).count() == 1


def test_cells_that_look_like_formulas_stay_text():
    content = files.sheet(
        Layout.GENERIC, [files.Transfer("R1", "=1+1", "6222", "@bank", Decimal("1.00"), "x")],
        files.Debtor("a", "b", "c"), clock.now(),
    )  # fmt: skip
    import python_calamine

    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[1][2:5] == ["'=1+1", "6222", "'@bank"]


@pytest.mark.req("REF-01")
def test_payment_by_hand_counts_when_a_second_person_confirms():
    request = approve(refund(payment("100.00", PayChannel.MANUAL)))
    attempt = pay(request)
    one, two = finance(), finance()
    with pytest.raises(DomainError) as caught:
        by_hand.confirm(attempt, actor=two)
    assert caught.value.code == "hand.not_recorded"
    by_hand.record(attempt, by_hand.Paid("TILL-7", clock.now()), actor=one)
    with pytest.raises(DomainError) as caught:
        by_hand.confirm(attempt, actor=one)
    assert caught.value.code == "hand.own"
    assert fresh(request).state == RefundState.PROCESSING
    by_hand.confirm(attempt, actor=two)
    assert fresh(request).state == RefundState.SUCCEEDED


@pytest.mark.req("REF-07")
@pytest.mark.parametrize("kind", ["coupon", "points", "membership"])
def test_compensation_walks_the_same_path(kind, providers):  # noqa: F811
    draft = refunds.RefundDraft(Decimal("20.00"), "致歉", kind=kind, customer=factories.make_customer())
    request = refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))
    with pytest.raises(DomainError):
        paying.begin(request, actor=PAYER)
    providers.faults.set(next=["drop-after"])
    pay(approve(request), times=2)

    assert fresh(request).state == RefundState.SUCCEEDED
    assert list(providers.ledger.paid_out().values()) == [2000]


@pytest.mark.req("REF-05")
def test_the_customer_is_told_amount_channel_days_and_result(providers):  # noqa: F811
    from apps.journal import deliveries

    factories.staff(Role.FINANCE_OFFICER, "finance")
    ticket = factories.ticket()
    providers.faults.set(next=["no-balance"])
    request = approve(refund(payment("100.00", PayChannel.ALIPAY), ticket=ticket))
    pay(request)
    deliveries.drain()
    pay(approve(refunds.reroute(fresh(request), Payee(), actor=finance())))
    deliveries.drain()

    told = list(OutgoingMessage.objects.filter(template__startswith="refund_").order_by("id"))
    assert sorted(m.template for m in told) == ["refund_delayed", "refund_paid", "refund_sent", "refund_sent"]
    assert all("100.00" in m.body and "支付宝" in m.body for m in told)
    assert any("1–3" in m.body for m in told)
    assert Notice.objects.filter(kind="refund_stuck").exists()


@pytest.mark.req("REF-09")
def test_a_complaint_and_its_repeats_settle_once_and_capped(providers, monkeypatch):  # noqa: F811
    first = factories.ticket()
    repeat = factories.ticket()
    repeat.__class__.objects.filter(pk=repeat.pk).update(repeat_of=first)
    repeat = repeat.__class__.objects.get(pk=repeat.pk)
    paid = payment("100.00", PayChannel.ALIPAY)
    pay(approve(refund(paid, amount="60.00", ticket=first)))
    pay(approve(refund(paid, amount="10.00", ticket=repeat)))
    draft = refunds.RefundDraft(Decimal("50.00"), "致歉", kind="coupon", customer=paid.customer, ticket=repeat)
    pay(approve(refunds.file(draft, actor=factories.staff_actor(Role.SERVICE_STAFF))))
    monkeypatch.setitem(settlement._parts, "logistics", lambda ids: Decimal("12.00") * (len(ids) > 1))
    monkeypatch.setitem(settlement._parts, "penalties", lambda ids: Decimal("5.00"))

    one, other = settlement.settlement(first), settlement.settlement(repeat)
    assert one == other
    assert (one.refund, one.compensation, one.sum) == (Decimal("70.00"), Decimal("50.00"), Decimal("127.00"))
    assert (one.cap, one.total, one.is_capped) == (Decimal("100.00"), Decimal("100.00"), True)
