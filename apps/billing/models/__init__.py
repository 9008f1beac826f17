from apps.billing.models.approval import Approval, Delegation
from apps.billing.models.audit import AuditAnswer, AuditCheckpoint, AuditItem, AuditSample, AuditStratum, Finding
from apps.billing.models.bank_batch import BankBatch, BankBatchRow, HandPayment
from apps.billing.models.cancellation import Cancellation, CancellationCheck
from apps.billing.models.evidence_pack import EvidencePack
from apps.billing.models.gate import GateException, RefundGate
from apps.billing.models.invoice import Invoice, InvoiceFact, InvoiceLine
from apps.billing.models.period import Period, Posting
from apps.billing.models.provider import CallbackNonce, Difference, ProviderFloat, StatementRun
from apps.billing.models.red_flag import RedFlag, RedFlagRule
from apps.billing.models.red_form import RedForm, TaxOperation
from apps.billing.models.refund import Payment, Refund, RefundAttempt
from apps.billing.models.retention import (
    DataRequest,
    DestructionItem,
    DestructionList,
    DestructionWitness,
    Erasure,
    LegalHold,
    RetentionClass,
)
from apps.billing.models.return_rule import ReturnRule, SettlementCap
from apps.billing.models.rule import ApprovalRule, VoidReason, VoidRule
from apps.billing.models.void_request import VoidCheck, VoidLine, VoidRequest
from apps.billing.models.void_side import InvoiceLookup, MonthEndWarning, RequestSheet, RequestSheetRow

__all__ = [
    "Approval",
    "ApprovalRule",
    "AuditAnswer",
    "AuditCheckpoint",
    "AuditItem",
    "AuditSample",
    "AuditStratum",
    "BankBatch",
    "BankBatchRow",
    "CallbackNonce",
    "Cancellation",
    "CancellationCheck",
    "DataRequest",
    "Delegation",
    "DestructionItem",
    "DestructionList",
    "DestructionWitness",
    "Difference",
    "Erasure",
    "EvidencePack",
    "Finding",
    "GateException",
    "HandPayment",
    "Invoice",
    "InvoiceFact",
    "InvoiceLine",
    "InvoiceLookup",
    "LegalHold",
    "MonthEndWarning",
    "Payment",
    "Period",
    "Posting",
    "ProviderFloat",
    "RedFlag",
    "RedFlagRule",
    "RedForm",
    "Refund",
    "RefundAttempt",
    "RefundGate",
    "RequestSheet",
    "RequestSheetRow",
    "RetentionClass",
    "ReturnRule",
    "SettlementCap",
    "StatementRun",
    "TaxOperation",
    "VoidCheck",
    "VoidLine",
    "VoidReason",
    "VoidRequest",
    "VoidRule",
]
