"""Invoices, void requests and refunds of the demo company, in every state that finance meets (LNK-01 … LNK-05).

Each deal is a complaint about an order with its invoice and payment; its steps are acts of people at their moments. What
the tax platform and the payment providers answer is written by the engine as if they had: nothing leaves the house.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from apps.accounts.models import User
from apps.billing.adapters.base import Outcome, Proof, Statement, StatementLine, TaxOutcome
from apps.billing.models import Invoice, Payment, Refund, TaxOperation, VoidRequest
from apps.billing.services import (
    bank_batches,
    cancellations,
    executing,
    opening,
    paying,
    reconciliation,
    red_forms,
    refund_gates,
    refunds,
    takeover,
    tax_facts,
    tax_operations,
    verification,
    voids,
)
from apps.billing.services.invoices import InvoiceDraft, LineDraft
from apps.billing.services.takeover import PaymentDraft
from apps.billing.states import CheckResult, FormState, InvoiceKind, Layout, PayChannel, VoidState
from apps.core import actors, clock, money
from apps.core.actors import Actor
from apps.core.vocabulary import Demand
from apps.crm.contacts import Contact
from apps.crm.models import Customer, Order, OrderLine, Product
from apps.crm.services import customers, returns
from apps.crm.services.returns import ReturnReport
from apps.crm.states import OrderState, ReturnState
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, facts, intake
from apps.feedback.services.intake import Report

ERP = actors.system("demo")
UNUSED = {"export_refund": False, "use_confirmed": False, "buyer_booked": False}
USED = {**UNUSED, "use_confirmed": True}
HOUR = 1 / 24
VAT = Decimal("0.13")
STATEMENT_DAYS = 0.4  # before the end, that one is compared


@dataclass(frozen=True, slots=True)
class Plot:
    """A deal as it is told: who bought what, how they paid, what they say, and how far it goes."""

    text: str
    name: str
    sku: str
    days: float  # before the end that the complaint comes in
    steps: Sequence[tuple[float, str]]  # hours after it, what is done
    channel: str = PayChannel.ALIPAY
    facts: Mapping[str, bool] = field(default_factory=lambda: UNUSED)
    demand: str = Demand.RETURN


_SIGNED = [(1, "accept"), (2, "confirm"), (3, "sign")]
_UNDONE = [*_SIGNED, (4, "verify"), (5, "execute")]
PLOTS = (
    Plot("空气净化器收到后噪音很大，七天无理由退货。", "曹文", "QC-KQ-8", 24,
         [*_UNDONE, (5.5, "refund"), (6, "sign_refund"), (6.2, "pay"), (7, "paid")]),
    Plot("电饭煲内胆有划痕，申请退货退款。", "许梅", "QC-DF-4", 17,
         [*_UNDONE, (8, "refund"), (22, "sign_refund"), (22.1, "pay"), (46, "paid")], PayChannel.WECHAT_PAY),
    Plot("破壁机和描述不符，退货退款。", "罗刚", "QC-PB-15", 12,
         [*_UNDONE, (6, "refund"), (7, "sign_refund"), (7.1, "pay"), (9, "paid"), (60, "bounced")]),
    Plot("烤箱门关不严，已寄回，请退款。", "邓丽", "QC-KX-25", 6,
         [*_UNDONE, (6, "refund"), (7, "sign_refund"), (7.1, "pay"), (7.2, "lost")], PayChannel.WECHAT_PAY),
    Plot("公司采购的空调型号买错了，申请退货并红冲发票。", "沈强", "QC-KT-35", 3,
         [*_SIGNED, (4, "verify")], PayChannel.BANK, USED),
    Plot("立柜空调制冷不足，要求退货。", "彭涛", "QC-KT-72", 2, _SIGNED, PayChannel.BANK),
    Plot("洗衣机脱水时移位，要求退货退款。", "苏敏", "QC-XY-10", 1.6, _SIGNED),
    Plot("扫地机器人退货已寄回仓库，请退款。", "蔡军", "QC-SD-R5", 1.2, [(1, "accept"), (6, "goods_back")]),
    Plot("吸尘器吸力太弱，要退货。", "丁洁", "QC-XC-V8", 9, [*_SIGNED[:2], (5, "reject")], PayChannel.WECHAT_PAY),
    Plot("热水器想退货，后来决定不退了。", "薛明", "QC-RS-60", 8, [*_SIGNED[:2], (20, "withdraw")]),
    Plot("优惠券重复领取，请作废一张；另外发货慢请补偿。", "叶青", "QC-KX-25", 0.9,
         [(1, "accept"), (2, "voucher"), (2.5, "coupon")], demand=Demand.CLAIM),
    Plot("冰箱退货，发票在公司名下，请处理。", "阎华", "QC-BX-320", 0.7, [(1, "accept"), (2, "lose_invoice"), (3, "confirm")]),
    Plot("扫拖机器人退货，要求先退款。", "魏东", "QC-SD-R7", 1.4,
         [*_SIGNED, (4, "verify"), (5, "refund"), (6, "sign_refund"), (6.5, "pay")]),
    Plot("安装工人划伤地板，要求赔偿维修费。", "于倩", "QC-XY-10", 2.4,
         [(1, "accept"), (3, "cash"), (5, "sign_refund"), (5.2, "pay"), (5.3, "at_bank")], PayChannel.BANK, demand=Demand.CLAIM),
    Plot("热水器漏水泡坏橱柜，要求赔偿。", "董海", "QC-RS-60", 1.9,
         [(1, "accept"), (3, "cash"), (5, "sign_refund"), (5.2, "pay"), (5.3, "at_bank"), (7, "batch")], PayChannel.BANK, demand=Demand.CLAIM),
)  # fmt: skip


def count(tickets: int) -> int:
    """How many deals a company with so many tickets has: a small one few, so that other stories have room."""
    return min(len(PLOTS), tickets // 12)


def acts(people: Mapping[str, User], tickets: int) -> list[tuple[float, Callable[[], None]]]:
    """(days before the end, act), in the order of each deal."""
    planned: list[tuple[float, Callable[[], None]]] = []
    for place, plot in enumerate(PLOTS[: count(tickets)]):
        deal = Deal(people, plot, place)
        planned.append((plot.days, deal.receive))
        for hours, step in plot.steps:
            moment = plot.days - hours * HOUR
            if moment > 0:
                planned.append((moment, partial(deal.do, step)))
    if count(tickets) == len(PLOTS):
        planned.append((STATEMENT_DAYS, _compare_a_statement))
    return planned


def _compare_a_statement() -> None:
    """The provider's bill of the day before has a refund that our books don't know: somebody has to look into it."""
    day = clock.local(clock.now()).date() - timedelta(days=1)
    line = StatementLine(f"R{day:%Y%m%d}-0917", Decimal("268.00"), "SUCCESS")
    reconciliation.take_in(PayChannel.ALIPAY, day, Statement("0" * 64, (line,)), by=ERP)


@dataclass
class Deal:
    """One complaint with its money; each step does what it names, once it can."""

    people: Mapping[str, User]
    plot: Plot
    place: int
    number: str = ""

    def staff(self, name: str) -> Actor:
        return actors.staff(self.people[name])

    @property
    def clerk(self) -> Actor:
        return self.staff(("wangfang", "liqiang", "zhaomin")[self.place % 3])

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.select_related("order", "customer", "department").get(number=self.number)

    @property
    def request(self) -> VoidRequest:
        return VoidRequest.objects.select_related("invoice", "reason", "rule").get(ticket__number=self.number)

    @property
    def money_back(self) -> Refund:
        return Refund.objects.select_related("payment").get(ticket__number=self.number)

    def do(self, step: str) -> None:
        getattr(self, f"_{step}")()

    def receive(self) -> None:
        """The order with its papers as the ERP has them, then the complaint."""
        contact = Contact(name=self.plot.name, phone=f"138000190{self.place:02d}", region="浙江")
        order, invoice = self._sold(customers.match_or_create(contact, actor=ERP))
        report = Report(
            text=self.plot.text, contact=contact, channel="online", kind="complaint", product=self.plot.sku,
            order_number=order.number, invoice_number=invoice.number, demand=self.plot.demand,
        )  # fmt: skip
        self.number = intake.receive(report, actor=actors.CUSTOMER).number

    def _sold(self, customer: Customer) -> tuple[Order, Invoice]:
        product = Product.objects.get(sku=self.plot.sku)
        at = clock.now() - timedelta(days=4)
        net = Decimal(300 + 530 * (self.place % 9))
        if self.plot.sku == "QC-KT-72":
            net = Decimal("6200")  # above what finance signs alone
        total = net + money.fen(net * VAT)
        order = Order.objects.create(
            number=f"SO{clock.local(at):%Y%m%d}9{self.place:04d}", customer=customer, ordered_at=at, shipped_at=at,
            delivered_at=at + timedelta(days=2), state=OrderState.DELIVERED, total=total,
        )  # fmt: skip
        OrderLine.objects.create(order=order, product=product, quantity=1, unit_price=total, amount=total)
        line = LineDraft(f"{product.name} {product.model}", Decimal(1), net, VAT, money.fen(net * VAT), "台")
        number = f"2633{clock.local(at):%Y%m%d}{self.place:08d}"
        draft = InvoiceDraft(
            number, InvoiceKind.DIGITAL_ORDINARY, at, self.plot.name, [line], customer=customer, order=order,
            facts=dict(self.plot.facts),
        )  # fmt: skip
        takeover.payment(
            PaymentDraft(
                f"PAY{number[-14:]}", self.plot.channel, customer, total, at, f"42{number[-16:]}", order, self.plot.name
            ),
            actor=ERP,
        )
        return order, takeover.invoice(draft, actor=ERP).row

    # What people do ---------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        assignment.accept(self.ticket, actor=self.clerk)

    def _confirm(self) -> None:
        """LNK-01: the void request follows by itself; its receiver runs with the deliveries of this moment."""
        opening.confirm_return(self.ticket, actor=self.clerk, note="电话确认，客户已寄回")

    def _sign(self) -> None:
        """Finance signs; a sum above its threshold goes on to management and waits there."""
        voids.decide(self.request, actor=self.staff("denghua"), approve=True)

    def _reject(self) -> None:
        voids.decide(
            self.request, actor=self.staff("denghua"), approve=False, reason="机器缺少主要配件，请先与客户补齐"
        )

    def _withdraw(self) -> None:
        voids.withdraw(self.request, actor=self.clerk, reason="客户决定不退")

    def _verify(self) -> None:
        request, boss = self.request, self.staff("pengjuan")
        bill = request.invoice
        known = {"known": True, "gross": str(bill.gross), "buyer_name": bill.buyer_name, **self.plot.facts}
        tax_facts.keep(bill, known, "manual")
        verification.refresh(request)
        for check in request.checks.filter(result=CheckResult.OPEN):
            verification.record_check(request, check.kind, passed=True, actor=boss, detail="仓库验收单与系统记录一致")
        verification.confirm(request, actor=boss)
        if self.request.state == VoidState.AWAITING_FORM:
            self._enter_form()

    def _enter_form(self) -> None:
        """Our form goes out; unused invoices need no confirmation of the buyer (01), used ones wait for it (02)."""
        red_forms.enter(self.request, actor=self.staff("pengjuan"))
        state = FormState.WAITS_FOR_BUYER if self.plot.facts is USED else FormState.NOT_NEEDED
        self._tax(form_number=f"3326{self.request.number.replace('-', '')}", form_state=state)

    def _execute(self) -> None:
        executing.execute(self.request, actor=self.staff("pengjuan"))
        self._tax(certificate=f"2699{self.request.number.replace('-', '')}{self.place:04d}")

    def _tax(self, **answer: str) -> None:
        operation = TaxOperation.objects.filter(request=self.request).latest("id")
        tax_operations.settle(operation, TaxOutcome(Proof.SUCCEEDED, **answer))

    def _goods_back(self) -> None:
        """LNK-02: the warehouse has looked at the machine; voiding and refund are filed by the system."""
        number = f"TH{self.number.replace('-', '')}"
        returns.report(ReturnReport(number, self.ticket.order, ReturnState.COMPLETED), actor=ERP)

    def _lose_invoice(self) -> None:
        """A number that our books don't know: what follows is left to a person."""
        facts.correct(self.ticket, {"invoice_number": "26330000000099999999"}, actor=self.clerk)

    def _refund(self) -> None:
        request = self.request
        draft = refunds.RefundDraft(
            request.amount, "退货退款", payment=self._payment(), ticket=self.ticket, void_request=request
        )
        refunds.file(draft, actor=self.clerk)

    def _payment(self) -> Payment:
        return Payment.objects.get(order=self.ticket.order)

    def _sign_refund(self) -> None:
        refunds.decide(self.money_back, actor=self.staff("pengjuan"), approve=True)

    def _pay(self) -> None:
        """The money leaves as soon as its gates let it; where the red invoice is missing the refund says so and waits."""
        refund = self.money_back
        if (refusal := refund_gates.red_first(refund, {})) is not None:
            paying.hold(refund, str(refusal.words))
            return
        if not refund.attempts.exists():  # the doorbell may have been quicker
            paying.begin(refund, actor=paying.PAYER)

    def _paid(self) -> None:
        self._provider(Outcome(Proof.SUCCEEDED, f"50{self.number.replace('-', '')}"))

    def _bounced(self) -> None:
        self._provider(Outcome(Proof.FAILED, failure="USER_ACCOUNT_ABNORMAL"))

    def _lost(self) -> None:
        """The answer got lost; it has been asked after so often that the next question is half an hour away."""
        for _again in range(12):
            self._provider(Outcome(Proof.UNKNOWN, answer={"error": "ReadTimeout"}))

    def _provider(self, said: Outcome) -> None:
        paying.settle(self.money_back.attempts.latest("position"), said)

    def _voucher(self) -> None:
        draft = cancellations.CancellationDraft(
            "voucher", f"DJQ{self.number.replace('-', '')}", self._customer(), Decimal("50.00"), "重复领取", self.ticket
        )
        cancellations.file(draft, actor=self.clerk)

    def _coupon(self) -> None:
        draft = refunds.RefundDraft(
            Decimal("30.00"), "发货延误，补偿优惠券", kind="coupon", customer=self._customer(), ticket=self.ticket
        )
        refunds.file(draft, actor=self.clerk)

    def _cash(self) -> None:
        payee = refunds.Payee(self.plot.name, f"62220212345678{self.place:05d}", "中国工商银行杭州高新支行")
        draft = refunds.RefundDraft(
            Decimal("180.00") + 40 * self.place, "赔偿维修费", kind="cash", customer=self._customer(), ticket=self.ticket,
            payee=payee,
        )  # fmt: skip
        refunds.file(draft, actor=self.clerk)

    def _at_bank(self) -> None:
        """A transfer is on its way once it can go into a file."""
        self._provider(Outcome(Proof.PROCESSING))

    def _batch(self) -> None:
        """Both transfers in one file; a second person's release is what it waits for."""
        bank_batches.draw_up(Layout.GENERIC, actor=self.staff("denghua"))

    def _customer(self) -> Any:
        return Customer.objects.get(pk=self.ticket.customer_id)
