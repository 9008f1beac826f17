"""The words of this room: kinds of invoices, what the law asks about them, and the states of requests and refunds."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class InvoiceKind(models.TextChoices):
    """VOID-RULES: the kind decides whether an invoice can be voided at all."""

    PAPER_SPECIAL = "paper_special", _("Paper special VAT invoice")  # 纸质增值税专用发票
    PAPER_ORDINARY = "paper_ordinary", _("Paper ordinary VAT invoice")  # 纸质普通发票
    ROLL = "roll", _("Roll invoice")  # 卷票
    E_ORDINARY = "e_ordinary", _("Electronic ordinary invoice")  # 电子普票
    E_SPECIAL = "e_special", _("Electronic special invoice")  # 电子专票
    DIGITAL_SPECIAL = "digital_special", _("Fully digital special invoice")  # 数电专票
    DIGITAL_ORDINARY = "digital_ordinary", _("Fully digital ordinary invoice")  # 数电普票
    DIGITAL_PAPER = "digital_paper", _("Fully digital invoice on paper")  # 数电纸票
    PURCHASE = "purchase", _("Farm or scrap purchase invoice")  # 农产品/废旧物资收购发票


DIGITAL = (InvoiceKind.DIGITAL_SPECIAL, InvoiceKind.DIGITAL_ORDINARY, InvoiceKind.DIGITAL_PAPER)


class InvoiceState(models.TextChoices):
    ISSUED = "issued", pgettext_lazy("invoice", "Issued")  # 正常
    PARTLY_RED = "partly_red", pgettext_lazy("invoice", "Partly red-lettered")  # 部分红冲
    FULLY_RED = "fully_red", pgettext_lazy("invoice", "Red-lettered")  # 全额红冲
    VOIDED = "voided", pgettext_lazy("invoice", "Voided")  # 已作废


class Fact(models.TextChoices):
    """What the rule table asks of an invoice. Each is known (yes or no, from a source, at a time) or not known."""

    SAME_MONTH = "same_month", _("issued in this calendar month")  # computed, never recorded
    COPIES_BACK = "copies_back", _("all copies are back")  # 各联次收回
    TAX_FILED = "tax_filed", _("the seller has filed the month")  # 抄税
    SELLER_BOOKED = "seller_booked", _("the seller has booked it")  # 记账
    AUTHENTICATED = "authenticated", _("the buyer has authenticated it")  # 认证
    DEDUCTED = "deducted", _("the buyer has deducted its tax")  # 抵扣
    DELIVERED = "delivered", _("it was delivered to the buyer")  # 交付
    USE_CONFIRMED = "use_confirmed", _("the buyer has confirmed its use")  # 用途确认
    BUYER_BOOKED = "buyer_booked", _("the buyer has booked it")  # 入账
    EXPORT_REFUND = "export_refund", _("it is used for an export refund")  # 出口退税勾选


class Source(models.TextChoices):
    """Where a fact or the result of a check comes from."""

    TAX = "tax", _("tax platform")
    BOOKS = "books", _("our books")
    ORDER = "order", _("order")
    WAREHOUSE = "warehouse", _("warehouse")
    PERSON = "person", _("a person")


class Act(models.TextChoices):
    VOID = "void", _("Void")  # 作废
    RED = "red", _("Red-letter")  # 红冲


class Starter(models.TextChoices):
    SELLER = "seller", _("we, the seller")
    BUYER = "buyer", _("the buyer")
    EITHER = "either", _("either side, the other confirms")


class FormKind(models.TextChoices):
    NONE = "none", _("no form")
    INFORMATION = "information", _("Red-letter information sheet")  # 《开具红字增值税专用发票信息表》
    CONFIRMATION = "confirmation", _("Red-letter confirmation")  # 《红字发票信息确认单》


class FormState(models.TextChoices):
    """Of a red form; the values are the tax platform's (VOID-RULES). Only 01 and 04 allow the red invoice."""

    NOT_NEEDED = "01", _("no confirmation needed")
    WAITS_FOR_BUYER = "02", _("entered by us, waits for the buyer")
    WAITS_FOR_SELLER = "03", _("entered by the buyer, waits for us")
    CONFIRMED = "04", _("confirmed by both")
    REFUSED_BY_BUYER = "05", _("refused by the buyer")
    REFUSED_BY_SELLER = "06", _("refused by us")
    LAPSED = "07", _("lapsed after 72 hours")
    WITHDRAWN = "08", _("withdrawn by its initiator")
    WITHDRAWN_LATE = "09", _("withdrawn after confirmation")
    ABNORMAL = "10", _("abnormal")


FORM_ALLOWS_RED = (FormState.NOT_NEEDED, FormState.CONFIRMED)
FORM_WAITS = (FormState.WAITS_FOR_BUYER, FormState.WAITS_FOR_SELLER)
FORM_ALIVE = (*FORM_ALLOWS_RED, *FORM_WAITS)


class VoidState(models.TextChoices):
    """Of a void request (缴销申请)."""

    DRAFT = "draft", pgettext_lazy("void", "Draft")  # 草稿
    FINANCE_REVIEW = "finance_review", pgettext_lazy("void", "Finance review")  # 财务审核
    MANAGEMENT_REVIEW = "management_review", pgettext_lazy("void", "Management review")  # 管理层审批
    VERIFICATION = "verification", pgettext_lazy("void", "Verification")  # 核实中
    AWAITING_FORM = "awaiting_form", pgettext_lazy("void", "Waiting for the other side")  # 等待购方确认
    READY = "ready", pgettext_lazy("void", "Ready")  # 待执行
    EXECUTING = "executing", pgettext_lazy("void", "Being executed")  # 执行中
    UNKNOWN = "unknown", pgettext_lazy("void", "Outcome unknown")  # 结果未知：先查询，绝不重做
    DONE = "done", pgettext_lazy("void", "Done")  # 已完成
    ARCHIVED = "archived", pgettext_lazy("void", "Archived")  # 已归档
    REJECTED = "rejected", pgettext_lazy("void", "Rejected")  # 已驳回
    WITHDRAWN = "withdrawn", pgettext_lazy("void", "Withdrawn")  # 已撤回


OPEN_VOIDS = [s for s in VoidState if s not in (VoidState.ARCHIVED, VoidState.REJECTED, VoidState.WITHDRAWN)]
"""These hold a part of their invoice's balance; a rejected or withdrawn one gives it back."""

LETS_FORM_GO = (
    VoidState.FINANCE_REVIEW, VoidState.MANAGEMENT_REVIEW, VoidState.VERIFICATION, VoidState.REJECTED, VoidState.WITHDRAWN,
)  # fmt: skip
"""In these states a request wants no red form; one that is left from before is withdrawn."""


class CheckKind(models.TextChoices):
    """The verification of a void request (VOI-03)."""

    GENUINE = "genuine", _("The invoice is genuine: number, code, amount and buyer match")
    CUSTOMER = "customer", _("The customer is who bought")
    TRANSACTION = "transaction", _("The order is the one invoiced")
    GOODS_BACK = "goods_back", _("The goods are back")
    AMOUNT = "amount", _("The amount is covered by what is left of the invoice")
    DEDUCTION = "deduction", _("Deduction and booking are known")
    COPIES = "copies", _("The copies are back")


class CheckResult(models.TextChoices):
    OPEN = "open", pgettext_lazy("check", "not checked")
    PASSED = "passed", pgettext_lazy("check", "passed")
    FAILED = "failed", pgettext_lazy("check", "failed")
    NOT_NEEDED = "not_needed", pgettext_lazy("check", "not needed")


class Step(models.TextChoices):
    """A signature that a case needs (VOI-02)."""

    FINANCE = "finance", _("Finance")
    MANAGEMENT = "management", _("Management")
    SECOND = "second", _("Second finance approver")


class PayChannel(models.TextChoices):
    """How money came in, or goes back (REF-01)."""

    ALIPAY = "alipay", _("Alipay")
    WECHAT_PAY = "wechat_pay", _("WeChat Pay")
    BANK = "bank", _("Bank transfer")
    BENEFIT = "benefit", _("Benefit account")  # coupons, points, membership
    MANUAL = "manual", _("By hand")


KEEPS_OUR_MONEY = (PayChannel.ALIPAY, PayChannel.WECHAT_PAY)
"""Providers with a balance and a daily statement (`adapters.base.Provider`); a success there may still come back."""

ONLINE = (*KEEPS_OUR_MONEY, PayChannel.BENEFIT)
"""Who can be asked what became of an attempt; on the other ways people say it."""


class RefundKind(models.TextChoices):
    """REF-07: compensation walks the same path."""

    REFUND = "refund", _("Refund")
    CASH = "cash", _("Compensation in cash")
    COUPON = "coupon", _("Coupon")
    POINTS = "points", _("Points")
    MEMBERSHIP = "membership", _("Membership")


class RefundState(models.TextChoices):
    """Of a refund as a whole; each try at a channel is a `RefundAttempt`."""

    CREATED = "created", pgettext_lazy("refund", "Waiting for approval")
    APPROVED = "approved", pgettext_lazy("refund", "Approved")  # waits for the gate or for its turn
    PROCESSING = "processing", pgettext_lazy("refund", "Being paid")
    UNKNOWN = "unknown", pgettext_lazy("refund", "Outcome unknown")
    NEEDS_FALLBACK = "needs_fallback", pgettext_lazy("refund", "Needs another way")  # proven failure; fresh approval
    SUCCEEDED = "succeeded", pgettext_lazy("refund", "Paid")
    BOUNCED = "bounced", pgettext_lazy("refund", "Came back")  # a late bounce after success
    REJECTED = "rejected", pgettext_lazy("refund", "Rejected")
    CANCELLED = "cancelled", pgettext_lazy("refund", "Cancelled")


HOLDS_MONEY = [s for s in RefundState if s not in (RefundState.REJECTED, RefundState.CANCELLED)]
"""In these states a refund's amount is reserved on its payment; the sum never exceeds what was paid (REF-02)."""


class AttemptState(models.TextChoices):
    CREATED = "created", pgettext_lazy("attempt", "Noted")  # committed before the first call
    SENT = "sent", pgettext_lazy("attempt", "Sent")
    PROCESSING = "processing", pgettext_lazy("attempt", "Taken by the provider")
    UNKNOWN = "unknown", pgettext_lazy("attempt", "Unknown")
    SUCCEEDED = "succeeded", pgettext_lazy("attempt", "Succeeded")
    FAILED = "failed", pgettext_lazy("attempt", "Failed, proven")


OPEN_ATTEMPTS = (AttemptState.CREATED, AttemptState.SENT, AttemptState.PROCESSING, AttemptState.UNKNOWN)
"""While one of these runs nothing else is tried."""


class Method(models.TextChoices):
    """How an attempt moves money (REF-08), in the order of the ladder."""

    REFUND = "refund", pgettext_lazy("method", "original route")
    ABNORMAL = "abnormal", pgettext_lazy("method", "to a bank card, by WeChat Pay")
    TRANSFER = "transfer", pgettext_lazy("method", "transfer")
    HAND = "hand", pgettext_lazy("method", "by hand")


class BatchState(models.TextChoices):
    """Of a batch file for online banking."""

    DRAWN_UP = "drawn_up", pgettext_lazy("batch", "Drawn up")  # waits for a second person
    RELEASED = "released", pgettext_lazy("batch", "Released")  # may be downloaded once
    DOWNLOADED = "downloaded", pgettext_lazy("batch", "With the bank")
    DONE = "done", pgettext_lazy("batch", "Settled")
    CANCELLED = "cancelled", pgettext_lazy("batch", "Cancelled")  # only before it was downloaded


class Layout(models.TextChoices):
    GENERIC = "generic", pgettext_lazy("layout", "General sheet")
    ICBC = "icbc", pgettext_lazy("layout", "ICBC")
    CMB = "cmb", pgettext_lazy("layout", "China Merchants Bank")
    PAIN001 = "pain001", pgettext_lazy("layout", "ISO 20022 pain.001")


class DifferenceKind(models.TextChoices):
    """What the provider's statement and our books don't agree about (REF-06)."""

    MISSING_THERE = "missing_there", pgettext_lazy("difference", "not in the statement")
    MISSING_HERE = "missing_here", pgettext_lazy("difference", "unknown to us")
    AMOUNT = "amount", pgettext_lazy("difference", "another amount")
    STATE = "state", pgettext_lazy("difference", "another outcome")
    TWICE = "twice", pgettext_lazy("difference", "paid more than once")


class DifferenceState(models.TextChoices):
    OPEN = "open", pgettext_lazy("difference", "Open")
    EXPLAINED = "explained", pgettext_lazy("difference", "Explained by asking")  # by the query, without a person
    RESOLVED = "resolved", pgettext_lazy("difference", "Resolved")


class PackState(models.TextChoices):
    """Of an evidence pack (ARC-01)."""

    WAITING = "waiting", pgettext_lazy("pack", "Being built")  # its `step` says how far it is
    READY = "ready", pgettext_lazy("pack", "Ready")
    FAILED = "failed", pgettext_lazy("pack", "Failed")  # given up after several attempts; a person tries again


class PackStep(models.TextChoices):
    """How far the building of a pack is, in order."""

    QUEUED = "queued", pgettext_lazy("pack", "Waits for its turn")
    SEALING = "sealing", pgettext_lazy("pack", "Sealing the events")
    COLLECTING = "collecting", pgettext_lazy("pack", "Collecting documents")
    PROVING = "proving", pgettext_lazy("pack", "Computing the proofs")
    DRAWING = "drawing", pgettext_lazy("pack", "Drawing the index")
    KEEPING = "keeping", pgettext_lazy("pack", "Signing and keeping")


class PeriodState(models.TextChoices):
    """Of an accounting month (ARC-07)."""

    OPEN = "open", pgettext_lazy("period", "Open")
    CLOSED = "closed", pgettext_lazy("period", "Closed")


class PostingKind(models.TextChoices):
    """What the books take in (ARC-07)."""

    VOID = "void", pgettext_lazy("posting", "Invoice voided")
    RED = "red", pgettext_lazy("posting", "Red invoice")
    PAID = "paid", pgettext_lazy("posting", "Refund paid")
    BACK = "back", pgettext_lazy("posting", "Refund came back")


class CancellationKind(models.TextChoices):
    """What else can be made void (VOI-09)."""

    VOUCHER = "voucher", _("Voucher voiding")  # 兑换券/代金券作废
    ACCOUNT = "account", _("Account closure")  # 账户注销


class CancellationState(models.TextChoices):
    REVIEW = "review", pgettext_lazy("cancellation", "Waiting for approval")  # 待审批
    CHECKING = "checking", pgettext_lazy("cancellation", "Being checked")  # 核查中
    DONE = "done", pgettext_lazy("cancellation", "Done")  # 已完成
    REJECTED = "rejected", pgettext_lazy("cancellation", "Rejected")  # 已驳回
    WITHDRAWN = "withdrawn", pgettext_lazy("cancellation", "Withdrawn")  # 已撤回


OPEN_CANCELLATIONS = (CancellationState.REVIEW, CancellationState.CHECKING)


class CancellationCheckKind(models.TextChoices):
    """The check-lists of VOI-09; `services.cancellations` says which belong to which kind."""

    OWNER = "owner", _("It belongs to this customer")
    UNUSED = "unused", _("The voucher has not been used")
    BALANCE = "balance", _("The account's balance is settled")
    OPEN_MONEY = "open_money", _("No refund or void request is open")
    OPEN_TICKETS = "open_tickets", _("No other ticket is open")
    PERSONAL_DATA = "personal_data", _("The customer knows what is kept of their data, and for how long")
