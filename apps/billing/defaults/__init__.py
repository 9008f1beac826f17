"""Shipped rows of this room; staff edit them in the admin from then on."""

from apps.billing.defaults import audit_rows, reasons, void_rules
from apps.billing.models import (
    ApprovalRule,
    AuditCheckpoint,
    AuditStratum,
    ProviderFloat,
    RedFlagRule,
    RefundGate,
    RetentionClass,
    ReturnRule,
    SettlementCap,
    VoidReason,
    VoidRule,
)
from apps.billing.states import KEEPS_OUR_MONEY
from apps.core.actors import Actor


def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing; never overwrite what finance edited."""
    return {
        "void rules": _add(VoidRule, void_rules.rows(), "code"),
        "void reasons": _add(VoidReason, reasons.reasons(), "code", "digital"),
        "approval rules": _add(ApprovalRule, reasons.approval_rules(), "subject", "step"),
        "refund gates": _add(RefundGate, reasons.refund_gates(), "position"),
        "rules for completed returns": _add(ReturnRule, reasons.return_rules(), "position"),
        "settlement caps": _add(SettlementCap, reasons.settlement_caps(), "effective_from"),
        "money at providers": _add(ProviderFloat, [{"channel": c} for c in KEEPS_OUR_MONEY], "channel"),
        "retention classes": _add(RetentionClass, audit_rows.retention_classes(), "code"),
        "audit layers": _add(AuditStratum, audit_rows.strata(), "position"),
        "audit questions": _add(AuditCheckpoint, audit_rows.checkpoints(), "position"),
        "red flag rules": _add(RedFlagRule, audit_rows.red_flag_rules(), "kind"),
    }


def _add(model: type, rows: list[dict], *key: str) -> int:
    known = set(model.objects.values_list(*key))
    missing = [row for row in rows if tuple(row[name] for name in key) not in known]
    model.objects.bulk_create([model(**row) for row in missing])
    return len(missing)
