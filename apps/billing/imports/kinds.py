"""What can be brought in: the headings that mean a column, which rows belong together, and the service behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.billing.imports import cells
from apps.billing.imports.cells import Row
from apps.billing.models import Invoice
from apps.billing.services import takeover
from apps.billing.services.invoices import InvoiceDraft, LineDraft
from apps.billing.services.takeover import PaymentDraft
from apps.billing.states import InvoiceKind, PayChannel
from apps.core.actors import Actor
from apps.core.bulk import Taken
from apps.core.errors import DomainError
from apps.core.vocabulary import ContactChannel, Language, Tier
from apps.crm.models import Customer, Order
from apps.crm.services import sync
from apps.crm.services.sync import LineReport, OrderReport
from apps.crm.states import OrderState

Rows = list[Row]
Names = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`headings`: column → what its heading may read, the first shown to people. Rows with the same `key` are one thing."""

    name: str
    label: str | Promise
    headings: Names
    needed: tuple[str, ...]
    key: str
    take: Callable[[Rows, Actor], Taken[Any]]


def _customer(rows: Rows, actor: Actor) -> Taken[Customer]:
    row = rows[0]
    plain = ("external_id", "name", "phone", "email", "address", "region")
    said = {name: value for name in plain if (value := cells.text(row, name))}
    for name, choices in (("tier", Tier), ("language", Language), ("preferred_channel", ContactChannel)):
        if cells.text(row, name):
            said[name] = cells.choice(row, name, choices)
    return sync.customer(said, actor=actor)


def _product(rows: Rows, actor: Actor) -> Taken[Any]:
    row = rows[0]
    said: dict[str, Any] = {
        name: cells.text(row, name) for name in ("sku", "name", "group", "model") if cells.text(row, name)
    }
    if cells.text(row, "active"):
        said["active"] = cells.yes(row, "active")
    return sync.product(said, actor=actor)


def _order(rows: Rows, actor: Actor) -> Taken[Order]:
    row = rows[0]
    lines = [_order_line(each) for each in rows if cells.text(each, "sku")]
    report = OrderReport(
        cells.needed(row, "number"), cells.needed(row, "customer"), cells.moment(row, "ordered_at"),
        cells.number(row, "total"), cells.choice(row, "state", OrderState), cells.text(row, "external_id"),
        cells.moment(row, "shipped_at", must=False), cells.moment(row, "delivered_at", must=False), lines,
    )  # fmt: skip
    return sync.order(report, actor=actor)


def _order_line(row: Row) -> LineReport:
    quantity = cells.number(row, "quantity") if cells.text(row, "quantity") else Decimal(1)
    if quantity < 1 or quantity != int(quantity):
        raise DomainError("crm.line_figures", field="quantity")
    amount = cells.number(row, "amount")
    price = cells.number(row, "unit_price") if cells.text(row, "unit_price") else amount / quantity
    return LineReport(cells.text(row, "sku"), int(quantity), price, amount, cells.text(row, "serial_number"))


def _invoice(rows: Rows, actor: Actor) -> Taken[Invoice]:
    row = rows[0]
    draft = InvoiceDraft(
        cells.needed(row, "number"), cells.choice(row, "kind", InvoiceKind), cells.moment(row, "issued_at"),
        cells.needed(row, "buyer_name"), [_invoice_line(each) for each in rows], cells.text(row, "code"),
        cells.text(row, "buyer_tax_number"), _find_customer(row), _find_order(row), cells.text(row, "external_id"),
        cells.number(row, "gross") if cells.text(row, "gross") else None,
    )  # fmt: skip
    return takeover.invoice(draft, actor=actor)


def _invoice_line(row: Row) -> LineDraft:
    quantity = cells.number(row, "quantity") if cells.text(row, "quantity") else Decimal(1)
    net, rate, tax = (cells.number(row, name) for name in ("net", "rate", "tax"))
    return LineDraft(cells.needed(row, "goods"), quantity, net, rate, tax, cells.text(row, "unit"))


def _payment(rows: Rows, actor: Actor) -> Taken[Any]:
    row = rows[0]
    customer = _find_customer(row)
    if customer is None:
        raise DomainError("core.required", field="customer")
    draft = PaymentDraft(
        cells.needed(row, "number"), cells.choice(row, "channel", PayChannel), customer, cells.number(row, "amount"),
        cells.moment(row, "paid_at"), cells.text(row, "provider_number"), _find_order(row), cells.text(row, "payer_name"),
    )  # fmt: skip
    return takeover.payment(draft, actor=actor)


def _find_customer(row: Row) -> Customer | None:
    number = cells.text(row, "customer")
    found = Customer.objects.only("pk", "external_id").filter(external_id=number).first() if number else None
    if number and found is None:
        raise DomainError("crm.no_customer", field="customer", number=number[:60])
    return found


def _find_order(row: Row) -> Order | None:
    number = cells.text(row, "order")
    found = Order.objects.filter(number=number).first() if number else None
    if number and found is None:
        raise DomainError("sheet.no_order", field="order", number=number[:60])
    return found


_CUSTOMER_NUMBER = ("客户编号", "会员号", "customer number", "customer", "external id", "external_id")
_ORDER_NUMBER = ("订单号", "订单编号", "order number", "order")
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "customers", _("Customers"),
            {
                "external_id": _CUSTOMER_NUMBER, "name": ("姓名", "客户姓名", "客户名称", "name"),
                "phone": ("电话", "手机", "手机号", "phone"), "email": ("邮箱", "电子邮箱", "email", "e-mail"),
                "address": ("地址", "address"), "region": ("地区", "区域", "region"),
                "tier": ("客户等级", "会员等级", "等级", "tier"), "language": ("语言", "language"),
                "preferred_channel": ("联系偏好", "preferred channel", "preferred_channel"),
            },
            ("external_id",), "external_id", _customer,
        ),
        Kind(
            "products", _("Products"),
            {
                "sku": ("货号", "sku", "商品编码"), "name": ("名称", "商品名称", "产品名称", "name"),
                "group": ("产品组", "产品类别", "group"), "model": ("型号", "产品型号", "model"),
                "active": ("在售", "active"),
            },
            ("sku",), "sku", _product,
        ),
        Kind(
            "orders", _("Orders"),
            {
                "number": _ORDER_NUMBER, "external_id": ("外部编号", "external id", "external_id"),
                "customer": ("客户编号", "会员号", "customer number", "customer"), "state": ("状态", "订单状态", "state"),
                "ordered_at": ("下单时间", "下单日期", "ordered at", "ordered_at"),
                "shipped_at": ("发货时间", "发货日期", "shipped at", "shipped_at"),
                "delivered_at": ("签收时间", "签收日期", "delivered at", "delivered_at"),
                "total": ("订单金额", "总金额", "total"), "sku": ("货号", "sku", "商品编码"),
                "quantity": ("数量", "quantity"), "unit_price": ("单价", "unit price", "unit_price"),
                "amount": ("金额", "行金额", "amount"), "serial_number": ("序列号", "serial number", "serial_number"),
            },
            ("number", "customer", "state", "ordered_at", "total"), "number", _order,
        ),
        Kind(
            "invoices", _("Invoices"),
            {
                "number": ("发票号码", "发票号", "invoice number", "number"), "code": ("发票代码", "invoice code", "code"),
                "external_id": ("外部编号", "erp编号", "external id", "external_id"),
                "kind": ("发票类型", "发票种类", "票种", "kind"), "issued_at": ("开票日期", "开票时间", "issued at", "issued_at"),
                "buyer_name": ("购方名称", "购买方名称", "buyer", "buyer_name"),
                "buyer_tax_number": ("购方税号", "纳税人识别号", "buyer tax number", "buyer_tax_number"),
                "customer": ("客户编号", "会员号", "customer number", "customer"), "order": _ORDER_NUMBER,
                "goods": ("货物名称", "项目名称", "商品名称", "goods", "name"), "unit": ("单位", "unit"),
                "quantity": ("数量", "quantity"), "net": ("不含税金额", "金额", "net"), "rate": ("税率", "rate"),
                "tax": ("税额", "tax"), "gross": ("价税合计", "gross"),
            },
            ("number", "kind", "issued_at", "buyer_name", "goods", "net", "rate", "tax"), "number", _invoice,
        ),
        Kind(
            "payments", _("Payments"),
            {
                "number": ("支付单号", "商户单号", "payment number", "number"),
                "provider_number": ("渠道流水号", "交易号", "provider number", "provider_number"),
                "channel": ("支付渠道", "支付方式", "渠道", "channel"),
                "customer": ("客户编号", "会员号", "customer number", "customer"), "order": _ORDER_NUMBER,
                "amount": ("金额", "支付金额", "amount"), "paid_at": ("支付时间", "付款时间", "paid at", "paid_at"),
                "payer_name": ("付款人", "付款人姓名", "payer", "payer_name"),
            },
            ("number", "channel", "customer", "amount", "paid_at"), "number", _payment,
        ),
    )
}  # fmt: skip
