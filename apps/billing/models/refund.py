from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models import ApprovalLimit
from apps.billing import events
from apps.billing.models.outbound import OutboundCall
from apps.billing.models.void_request import system_only
from apps.billing.states import OPEN_ATTEMPTS, AttemptState, Method, PayChannel, RefundKind, RefundState
from apps.core import clock
from apps.core.actors import Actor
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.feedback.models import Ticket

S = RefundState


def may_approve(refund: Refund, actor: Actor) -> bool:
    """Which of the two is asked now is `services.approvals`' business."""
    return actor.can("billing.approve_refund_finance") or actor.can("billing.approve_refund_management")


class Payment(Noun):
    """Money a customer paid. `reserved` is what refunds hold or have taken; the database keeps it within `amount`."""

    number = models.CharField(_("our payment number"), max_length=64, unique=True)  # out_trade_no
    provider_number = models.CharField(_("provider's number"), max_length=64, blank=True)
    channel = models.CharField(_("channel"), max_length=12, choices=PayChannel)
    order = models.ForeignKey(
        "crm.Order", verbose_name=_("order"), null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    customer = models.ForeignKey(
        "crm.Customer", verbose_name=_("customer"), on_delete=models.PROTECT, related_name="payments"
    )
    amount = models.DecimalField(_("paid"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    reserved = models.DecimalField(_("refunded or reserved"), max_digits=14, decimal_places=2, default=0)
    paid_at = models.DateTimeField(_("paid at"))
    payer_name = EncryptedTextField(_("payer"), blank=True)
    payer_name_masked = models.CharField(_("payer"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-paid_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, reserved__lte=F("amount")), name="payment_not_exceeded"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class RefundQuerySet(models.QuerySet["Refund"]):
    def visible_to(self, actor: Actor) -> RefundQuerySet:
        """Finance sees all (ADM-02); others what they filed themselves, or the system for a ticket that they see."""
        if actor.can("billing.view_refund"):
            return self
        if actor.user_id and actor.can("billing.request_refund"):
            by_system = Q(requested_by=None, ticket__in=Ticket.objects.visible_to(actor))
            return self.filter(Q(requested_by_id=actor.user_id) | by_system)
        return self.none()


class Refund(Noun):
    """Money (or a coupon, points, a membership) that goes to a customer, exactly once (REF-02, REF-07)."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=16, choices=S.choices, default=S.CREATED, protected=True)
    kind = models.CharField(_("kind"), max_length=12, choices=RefundKind, default=RefundKind.REFUND)
    payment = models.ForeignKey(
        Payment, verbose_name=_("payment"), null=True, blank=True, on_delete=models.PROTECT, related_name="refunds"
    )
    customer = models.ForeignKey("crm.Customer", verbose_name=_("customer"), on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey(
        "feedback.Ticket", verbose_name=_("ticket"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="refunds",
    )  # fmt: skip
    void_request = models.ForeignKey(
        "billing.VoidRequest", verbose_name=_("void request"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="refunds",
    )  # fmt: skip
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    words = models.TextField(_("why"), blank=True)
    channel = models.CharField(_("channel now"), max_length=12, choices=PayChannel)
    method = models.CharField(_("method now"), max_length=12, choices=Method, default=Method.REFUND)
    round = models.PositiveSmallIntegerField(_("round"), default=1, help_text=_("Grows with each fresh approval."))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("filed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    payee_name = EncryptedTextField(_("payee"), blank=True)
    payee_name_masked = models.CharField(_("payee"), max_length=60, blank=True)
    payee_account = EncryptedTextField(_("account"), blank=True)
    payee_account_masked = models.CharField(_("account"), max_length=40, blank=True)
    payee_account_index = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    payee_bank = models.CharField(_("bank"), max_length=100, blank=True)
    # Filed while its complaint already cost what the cap allows: management signs as well (REF-09).
    above_cap = models.BooleanField(_("above the settlement cap"), default=False, editable=False)
    held_because = models.CharField(_("waits for"), max_length=200, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-id"]
        permissions = [
            ("request_refund", "Can file refunds and compensation"),
            ("approve_refund_finance", "Can approve refunds for finance"),
            ("approve_refund_management", "Can approve refunds for management"),
            ("pay_refund", "Can have refunds paid"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="refund_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_positive"),
            models.CheckConstraint(
                condition=~Q(kind=RefundKind.REFUND) | Q(payment__isnull=False), name="refund_has_payment"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="refund_state"),
            models.Index(fields=["payment"], name="refund_payment"),
            models.Index(fields=["ticket"], name="refund_ticket"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """Which approval limits count (accounts.ApprovalLimit)."""
        return ApprovalLimit.Subject.REFUND if self.kind == RefundKind.REFUND else ApprovalLimit.Subject.COMPENSATION

    @transition(
        field=state, source=[S.CREATED], target=S.CREATED, permission=may_approve,
        custom={"event": events.REFUND_SIGNED, "label": _("Sign; another person follows")},
    )  # fmt: skip
    def sign(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.CREATED, target=S.APPROVED,
        permission=may_approve,
        custom={"event": events.REFUND_APPROVED, "label": _("Approve")},
    )  # fmt: skip
    def approve(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step, "amount": self.amount, "channel": self.channel}

    @transition(
        field=state, source=S.CREATED, target=S.APPROVED, permission=system_only,
        custom={"event": events.REFUND_APPROVED, "label": _("Approve by rule")},
    )  # fmt: skip
    def approve_by_rule(self: Any, *, rule: models.Model) -> dict[str, Any]:
        """A dated row lets the system's own filing of a small amount count as approved (LNK-02)."""
        return {"rule": str(rule.pk), "amount": self.amount, "channel": self.channel}

    @transition(
        field=state, source=[S.CREATED, S.APPROVED], target=S.REJECTED,
        permission=may_approve,
        custom={"event": events.REFUND_REJECTED, "label": _("Reject")},
    )  # fmt: skip
    def reject(self: Any) -> None:
        self.settled_at = clock.now()

    @transition(
        field=state, source=[S.CREATED, S.APPROVED, S.NEEDS_FALLBACK], target=S.CANCELLED,
        permission="billing.request_refund", custom={"event": events.REFUND_CANCELLED, "label": _("Cancel")},
    )  # fmt: skip
    def cancel(self: Any) -> None:
        self.settled_at = clock.now()

    @transition(
        field=state, source=S.APPROVED, target=S.PROCESSING, permission="billing.pay_refund",
        custom={"event": events.REFUND_SENT, "label": _("Pay")},
    )  # fmt: skip
    def send(self: Any, *, attempt: models.Model) -> dict[str, Any]:
        self.held_because = ""
        return {"attempt": str(attempt.pk), "channel": attempt.channel, "our_number": attempt.number}

    @transition(
        field=state, source=S.PROCESSING, target=S.UNKNOWN, permission="billing.pay_refund",
        custom={"event": events.REFUND_OUTCOME_UNKNOWN, "label": _("Outcome unknown")},
    )  # fmt: skip
    def lose_track(self: Any, *, attempt: models.Model) -> dict[str, Any]:
        return {"attempt": str(attempt.pk)}

    @transition(
        field=state, source=[S.PROCESSING, S.UNKNOWN], target=S.SUCCEEDED, permission="billing.pay_refund",
        custom={"event": events.REFUND_SUCCEEDED, "label": _("Paid")},
    )  # fmt: skip
    def succeed(self: Any, *, attempt: models.Model) -> dict[str, Any]:
        self.settled_at = clock.now()
        return {"attempt": str(attempt.pk), "amount": self.amount, "channel": attempt.channel}

    @transition(
        field=state, source=[S.PROCESSING, S.UNKNOWN, S.BOUNCED], target=S.NEEDS_FALLBACK,
        permission="billing.pay_refund", custom={"event": events.REFUND_FAILED, "label": _("Failed, proven")},
    )  # fmt: skip
    def fail(self: Any, *, attempt: models.Model) -> dict[str, Any]:
        return {"attempt": str(attempt.pk), "code": attempt.failure}

    @transition(
        field=state, source=S.SUCCEEDED, target=S.BOUNCED, permission="billing.pay_refund",
        custom={"event": events.REFUND_BOUNCED, "label": _("The money came back")},
    )  # fmt: skip
    def bounce(self: Any, *, attempt: models.Model) -> dict[str, Any]:
        self.settled_at = None
        return {"attempt": str(attempt.pk), "code": attempt.failure}

    @transition(
        field=state, source=S.NEEDS_FALLBACK, target=S.CREATED, permission="billing.request_refund",
        custom={"event": events.REFUND_REROUTED, "label": _("Try another way")},
    )  # fmt: skip
    def reroute(self: Any, *, channel: str, by: str = Method.REFUND) -> dict[str, Any]:
        """Each step of the ladder wants a fresh approval (REF-08)."""
        self.channel, self.method, self.round, self.held_because = channel, by, self.round + 1, ""
        return {"channel": channel, "method": by, "round": self.round}

    @transition(
        field=state, source=S.APPROVED, target=S.CREATED, permission="billing.pay_refund",
        custom={"event": events.REFUND_REROUTED, "label": _("Send another way before it was sent")},
    )  # fmt: skip
    def redirect(self: Any, *, channel: str, by: str) -> dict[str, Any]:
        """Approved, but the way is closed (no money there, REF-10): another way, signed anew."""
        self.channel, self.method, self.round, self.held_because = channel, by, self.round + 1, ""
        return {"channel": channel, "method": by, "round": self.round}

    @transition(
        field=state, source=[S.NEEDS_FALLBACK, S.CREATED, S.APPROVED, S.REJECTED, S.CANCELLED], target=S.SUCCEEDED,
        permission="billing.pay_refund",
        custom={"event": events.REFUND_PAID_AFTER_ALL, "label": _("It was paid after all")},
    )  # fmt: skip
    def succeed_late(self: Any, *, attempt: models.Model) -> dict[str, Any]:
        """The provider takes its failure back before another way was tried: nothing else is paid (REF-04)."""
        self.settled_at, self.held_because = clock.now(), ""
        return {"attempt": str(attempt.pk), "amount": self.amount, "channel": attempt.channel}


class RefundAttempt(OutboundCall):
    """One try at one channel. Committed with its number before the first call; the number never changes (REF-02)."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="attempts")
    position = models.PositiveSmallIntegerField(_("attempt"))
    channel = models.CharField(_("channel"), max_length=12, choices=PayChannel)
    method = models.CharField(
        _("method"), max_length=20, default="refund",
        help_text=_("refund: the original route; abnormal: to a card; transfer: to an account."),
    )  # fmt: skip
    number = models.CharField(_("our refund number"), max_length=64, unique=True)  # out_request_no / out_refund_no
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    provider_number = models.CharField(_("provider's number"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("refund attempt")
        verbose_name_plural = _("refund attempts")
        ordering = ["refund", "position"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "position"], name="refund_attempt_position"),
            models.UniqueConstraint(
                fields=["refund"], name="refund_attempt_one_open",
                condition=Q(state__in=[s.value for s in OPEN_ATTEMPTS]),
            ),
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="refund_attempt_state_known"),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["next_query_at"], name="refund_attempt_open",
                condition=Q(state__in=[s.value for s in OPEN_ATTEMPTS]),
            ),
            models.Index(
                fields=["next_query_at"], name="refund_attempt_look_again",
                condition=Q(state__in=["succeeded", "failed"], next_query_at__isnull=False),
            ),
        ]  # fmt: skip
