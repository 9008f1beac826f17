"""What other systems may subscribe to (LNK-04): the turning points of money, in words."""

from django.utils.translation import gettext_lazy as _

from apps.accounts.services import webhooks
from apps.billing import events
from apps.billing.models import Invoice, Refund, VoidRequest

KINDS = {
    events.INVOICE_IMPORTED: _("An invoice was taken over"),
    events.INVOICE_VOIDED: _("An invoice was voided"),
    events.INVOICE_RED_LETTERED: _("An invoice was red-lettered"),
    events.INVOICE_REPLACED: _("An invoice was issued anew"),
    events.VOID_SUBMITTED: _("A void request was filed"),
    events.VOID_APPROVED: _("A void request was signed"),
    events.VOID_REJECTED: _("A void request was rejected"),
    events.VOID_WITHDRAWN: _("A void request was withdrawn"),
    events.VOID_DECIDED: _("Void or red letter was decided"),
    events.VOID_FORM_CHANGED: _("A red form changed its state"),
    events.VOID_DONE: _("A void request was executed"),
    events.VOID_FAILED: _("An execution failed"),
    events.REFUND_REQUESTED: _("A refund was filed"),
    events.REFUND_APPROVED: _("A refund was approved"),
    events.REFUND_REJECTED: _("A refund was rejected"),
    events.REFUND_SENT: _("A refund was sent"),
    events.REFUND_SUCCEEDED: _("A refund was paid"),
    events.REFUND_PAID_AFTER_ALL: _("A refund was paid after all"),
    events.REFUND_FAILED: _("A way of refunding failed"),
    events.REFUND_BOUNCED: _("Refunded money came back"),
    events.REFUND_CANCELLED: _("A refund was cancelled"),
    events.DIFFERENCE_FOUND: _("Reconciliation found a difference"),
    events.DIFFERENCE_RESOLVED: _("A difference was settled"),
}

webhooks.offer(KINDS, numbered=[Invoice, VoidRequest, Refund])
