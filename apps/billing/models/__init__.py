from apps.billing.models.approval import Approval, Delegation
from apps.billing.models.bank_batch import BankBatch, BankBatchRow, HandPayment
from apps.billing.models.gate import GateException, RefundGate
from apps.billing.models.invoice import Invoice, InvoiceFact, InvoiceLine
from apps.billing.models.provider import CallbackNonce, Difference, ProviderFloat, StatementRun
from apps.billing.models.red_form import RedForm, TaxOperation
from apps.billing.models.refund import Payment, Refund, RefundAttempt
from apps.billing.models.rule import ApprovalRule, VoidReason, VoidRule
from apps.billing.models.void_request import VoidCheck, VoidLine, VoidRequest
from apps.billing.models.void_side import InvoiceLookup, MonthEndWarning, RequestSheet, RequestSheetRow

__all__ = [
    "Approval",
    "ApprovalRule",
    "BankBatch",
    "BankBatchRow",
    "CallbackNonce",
    "Delegation",
    "Difference",
    "GateException",
    "HandPayment",
    "Invoice",
    "InvoiceFact",
    "InvoiceLine",
    "InvoiceLookup",
    "MonthEndWarning",
    "Payment",
    "ProviderFloat",
    "RedForm",
    "Refund",
    "RefundAttempt",
    "RefundGate",
    "RequestSheet",
    "RequestSheetRow",
    "StatementRun",
    "TaxOperation",
    "VoidCheck",
    "VoidLine",
    "VoidReason",
    "VoidRequest",
    "VoidRule",
]
