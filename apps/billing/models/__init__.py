from apps.billing.models.approval import Approval, Delegation
from apps.billing.models.invoice import Invoice, InvoiceFact, InvoiceLine
from apps.billing.models.red_form import RedForm, TaxOperation
from apps.billing.models.refund import Payment, Refund, RefundAttempt
from apps.billing.models.rule import ApprovalRule, VoidReason, VoidRule
from apps.billing.models.void_request import VoidCheck, VoidLine, VoidRequest

__all__ = [
    "Approval",
    "ApprovalRule",
    "Delegation",
    "Invoice",
    "InvoiceFact",
    "InvoiceLine",
    "Payment",
    "RedForm",
    "Refund",
    "RefundAttempt",
    "TaxOperation",
    "VoidCheck",
    "VoidLine",
    "VoidReason",
    "VoidRequest",
    "VoidRule",
]
