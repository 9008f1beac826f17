from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.accounts.models import ApprovalLimit
from apps.billing import events
from apps.billing.models.invoice import Invoice
from apps.billing.states import Act, CheckKind, CheckResult, Fact, FormKind, Source, VoidState
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun
from apps.feedback.models import Ticket
from apps.journal.transitions import condition

S = VoidState


@condition("void.checks_open")
def all_checked(request: VoidRequest) -> bool:
    return not request.checks.exclude(result__in=[CheckResult.PASSED, CheckResult.NOT_NEEDED]).exists()


@condition("void.undecided")
def is_decided(request: VoidRequest) -> bool:
    return bool(request.act)


@condition("void.not_archivable")
def has_archive_pack(request: VoidRequest) -> bool:
    return request.executed_at is not None


def own_or(permission: str) -> Any:
    """Whoever filed it, or the system; what the system filed belongs to all who may file."""
    return lambda request, actor: (
        actor.kind == "system" or (actor.can(permission) and request.requested_by_id in (None, actor.user_id))
    )


def system_only(case: Any, actor: Actor) -> bool:
    return actor.kind == "system"


class VoidRequestQuerySet(models.QuerySet["VoidRequest"]):
    def visible_to(self, actor: Actor) -> VoidRequestQuerySet:
        """Finance sees all (ADM-02); others what they filed themselves, or the system for a ticket that they see."""
        if actor.can("billing.view_voidrequest"):
            return self
        if actor.user_id and actor.can("billing.request_void"):
            by_system = Q(requested_by=None, ticket__in=Ticket.objects.visible_to(actor))
            return self.filter(Q(requested_by_id=actor.user_id) | by_system)
        return self.none()


class VoidRequest(Noun):
    """A request to void or red-letter an invoice, whole or in part (缴销申请, VOI-01 … VOI-06).

    `amount` is the gross that is undone, in yuan, always positive. The ruling is a snapshot: which rule decided, on which
    facts, when. It is made anew at execution when the month or a fact has changed (VOI-11).
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=20, choices=S.choices, default=S.DRAFT, protected=True)

    invoice = models.ForeignKey(
        "billing.Invoice", verbose_name=_("invoice"), on_delete=models.PROTECT, related_name="void_requests"
    )
    ticket = models.ForeignKey(
        "feedback.Ticket", verbose_name=_("ticket"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="void_requests",
    )  # fmt: skip
    reason = models.ForeignKey("billing.VoidReason", verbose_name=_("reason"), on_delete=models.PROTECT)
    words = models.TextField(_("why"), blank=True)
    whole = models.BooleanField(_("the whole invoice"), default=True)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2)
    amount = models.DecimalField(_("gross"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    round = models.PositiveSmallIntegerField(_("round"), default=1, help_text=_("Grows with each resubmission."))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("filed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+", help_text=_("Empty: opened by the system."),
    )  # fmt: skip
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)

    act = models.CharField(_("act"), max_length=10, choices=Act, blank=True)
    rule = models.ForeignKey("billing.VoidRule", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    form_kind = models.CharField(_("form"), max_length=20, choices=FormKind, blank=True)
    ruling = models.JSONField(default=dict, editable=False)  # facts, missing, passed over, as `rulings.decide` said
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    executed_at = models.DateTimeField(_("executed"), null=True, blank=True)
    certificate = models.CharField(_("certificate or red invoice number"), max_length=60, blank=True)
    red_invoice = models.OneToOneField(
        "billing.Invoice", null=True, blank=True, on_delete=models.PROTECT, related_name="red_request"
    )

    objects = VoidRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("void request")
        verbose_name_plural = _("void requests")
        ordering = ["-id"]
        permissions = [
            ("request_void", "Can file void requests"),
            ("approve_void_finance", "Can approve void requests for finance"),
            ("approve_void_management", "Can approve void requests for management"),
            ("verify_void", "Can verify void requests"),
            ("execute_void", "Can void and red-letter invoices"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="void_request_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="void_request_amount_positive"),
            models.CheckConstraint(condition=Q(amount=models.F("net") + models.F("tax")), name="void_request_adds_up"),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="void_request_state"),
            models.Index(fields=["invoice", "id"], name="void_request_invoice"),
            models.Index(fields=["ticket"], name="void_request_ticket"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """Which approval limits count (accounts.ApprovalLimit)."""
        return ApprovalLimit.Subject.VOID

    @transition(
        field=state, source=[S.DRAFT, S.REJECTED], target=S.FINANCE_REVIEW, permission=own_or("billing.request_void"),
        custom={"event": events.VOID_SUBMITTED, "label": _("Submit")},
    )  # fmt: skip
    def submit(self: Any) -> dict[str, Any]:
        if self.submitted_at is not None:
            self.round += 1
        self.submitted_at = clock.now()
        return {"round": self.round, "amount": self.amount, "reason_code": self.reason.code}

    @transition(
        field=state, source=S.FINANCE_REVIEW, target=S.FINANCE_REVIEW, permission="billing.approve_void_finance",
        custom={"event": events.VOID_APPROVED, "label": _("Sign; a second person follows")},
    )  # fmt: skip
    def sign(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.FINANCE_REVIEW, target=S.MANAGEMENT_REVIEW, permission="billing.approve_void_finance",
        custom={"event": events.VOID_APPROVED, "label": _("Approve; management follows")},
    )  # fmt: skip
    def pass_to_management(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.FINANCE_REVIEW, target=S.VERIFICATION, permission="billing.approve_void_finance",
        custom={"event": events.VOID_APPROVED, "label": _("Approve")},
    )  # fmt: skip
    def approve(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.FINANCE_REVIEW, target=S.VERIFICATION, permission=system_only,
        custom={"event": events.VOID_APPROVED, "label": _("Approve by rule")},
    )  # fmt: skip
    def approve_by_rule(self: Any, *, rule: models.Model) -> dict[str, Any]:
        """A dated row lets the system's own filing of a small amount count as approved (LNK-02)."""
        return {"rule": str(rule.pk)}

    @transition(
        field=state, source=S.MANAGEMENT_REVIEW, target=S.VERIFICATION, permission="billing.approve_void_management",
        custom={"event": events.VOID_APPROVED, "label": _("Approve")},
    )  # fmt: skip
    def approve_as_management(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.FINANCE_REVIEW, target=S.REJECTED, permission="billing.approve_void_finance",
        custom={"event": events.VOID_REJECTED, "label": _("Reject")},
    )  # fmt: skip
    def reject(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=S.MANAGEMENT_REVIEW, target=S.REJECTED, permission="billing.approve_void_management",
        custom={"event": events.VOID_REJECTED, "label": _("Reject")},
    )  # fmt: skip
    def reject_as_management(self: Any, *, approval: models.Model) -> dict[str, Any]:
        return {"approval": str(approval.pk), "step": approval.step}

    @transition(
        field=state, source=[S.VERIFICATION, S.READY], target=S.REJECTED, permission="billing.verify_void",
        custom={"event": events.VOID_REJECTED, "label": _("Reject after verification")},
    )  # fmt: skip
    def fail_verification(self: Any) -> None: ...

    @transition(
        field=state, source=[S.DRAFT, S.FINANCE_REVIEW, S.MANAGEMENT_REVIEW, S.VERIFICATION, S.REJECTED],
        target=S.WITHDRAWN, permission=own_or("billing.request_void"),
        custom={"event": events.VOID_WITHDRAWN, "label": _("Withdraw")},
    )  # fmt: skip
    def withdraw(self: Any) -> None: ...

    @transition(
        field=state, source=S.VERIFICATION, target=S.READY, conditions=[all_checked, is_decided],
        permission="billing.verify_void", custom={"event": events.VOID_VERIFIED, "label": _("Verified")},
    )  # fmt: skip
    def confirm(self: Any) -> dict[str, Any]:
        return {"act": self.act, "rule": self.rule.code}

    @transition(
        field=state, source=S.VERIFICATION, target=S.AWAITING_FORM, conditions=[all_checked, is_decided],
        permission="billing.verify_void",
        custom={"event": events.VOID_VERIFIED, "label": _("Verified; the form goes out")},
    )  # fmt: skip
    def confirm_with_form(self: Any) -> dict[str, Any]:
        return {"act": self.act, "rule": self.rule.code, "form": self.form_kind}

    @transition(
        field=state, source=S.AWAITING_FORM, target=S.READY, permission="billing.verify_void",
        custom={"event": events.VOID_FORM_CHANGED, "label": _("The form is confirmed")},
    )  # fmt: skip
    def settle_form(self: Any, *, form: models.Model) -> dict[str, Any]:
        return {"form": str(form.pk), "form_state": form.state}

    @transition(
        field=state, source=S.READY, target=S.AWAITING_FORM, permission="billing.verify_void",
        custom={"event": events.VOID_FORM_CHANGED, "label": _("The form is lost")},
    )  # fmt: skip
    def lose_form(self: Any, *, form: models.Model) -> dict[str, Any]:
        return {"form": str(form.pk), "form_state": form.state}

    @transition(
        field=state, source=[S.AWAITING_FORM, S.READY], target=S.VERIFICATION, permission="billing.verify_void",
        custom={"event": events.VOID_DECIDED, "label": _("Decide again")},
    )  # fmt: skip
    def decide_again(self: Any) -> dict[str, Any]:
        self.act, self.rule, self.form_kind, self.decided_at = "", None, "", None
        return {}

    @transition(
        field=state, source=S.READY, target=S.EXECUTING, conditions=[is_decided], permission="billing.execute_void",
        custom={"event": events.VOID_EXECUTION_BEGUN, "label": _("Execute")},
    )  # fmt: skip
    def begin(self: Any, *, operation: models.Model) -> dict[str, Any]:
        return {"operation": str(operation.pk), "act": self.act}

    @transition(
        field=state, source=S.EXECUTING, target=S.UNKNOWN, permission="billing.execute_void",
        custom={"event": events.VOID_OUTCOME_UNKNOWN, "label": _("Outcome unknown")},
    )  # fmt: skip
    def lose_track(self: Any) -> None: ...

    @transition(
        field=state, source=[S.EXECUTING, S.UNKNOWN], target=S.DONE, permission="billing.execute_void",
        custom={"event": events.VOID_DONE, "label": _("Done")},
    )  # fmt: skip
    def finish(self: Any, *, certificate: str, red_invoice: models.Model | None = None) -> dict[str, Any]:
        self.executed_at, self.certificate, self.red_invoice = clock.now(), certificate, red_invoice
        return {"certificate": certificate, "red_invoice": str(red_invoice or "")}

    @transition(
        field=state, source=[S.EXECUTING, S.UNKNOWN], target=S.READY, permission="billing.execute_void",
        custom={"event": events.VOID_FAILED, "label": _("Failed, proven")},
    )  # fmt: skip
    def fail(self: Any, *, code: str) -> dict[str, Any]:
        return {"code": code}

    @transition(
        field=state, source=S.DONE, target=S.ARCHIVED, conditions=[has_archive_pack], permission="billing.execute_void",
        custom={"event": events.VOID_ARCHIVED, "label": _("Archive")},
    )  # fmt: skip
    def archive(self: Any, *, digest: str) -> dict[str, Any]:
        return {"digest": digest}


class VoidLine(Noun):
    """What is undone of one line of the blue invoice; positive figures. The last one takes the rounding remainder."""

    request = models.ForeignKey(VoidRequest, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey("billing.InvoiceLine", on_delete=models.PROTECT, related_name="void_lines")
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=6)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2)
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2)

    class Meta:
        verbose_name = _("line to undo")
        verbose_name_plural = _("lines to undo")
        constraints = [
            models.UniqueConstraint(fields=["request", "line"], name="void_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0, net__gte=0, tax__gte=0), name="void_line_not_negative"),
        ]


class VoidCheck(Noun):
    """One point of the verification: filled by the system where it can, confirmed by a person where it can't (VOI-03)."""

    request = models.ForeignKey(VoidRequest, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(_("check"), max_length=14, choices=CheckKind)
    result = models.CharField(_("result"), max_length=12, choices=CheckResult, default=CheckResult.OPEN)
    source = models.CharField(_("source"), max_length=10, choices=Source, blank=True)
    detail = models.CharField(_("what was found"), max_length=300, blank=True)
    at = models.DateTimeField(_("checked"), null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["request", "kind"], name="void_check_once")]

    @property
    def found(self) -> str:
        """`detail` in words: what the system noted as names of facts and fields of the invoice; others stand as they are."""
        names = self.detail.split(", ") if self.detail and self.by_id is None else []
        if self.result == CheckResult.OPEN and names and all(name in Fact.values for name in names):
            return gettext("not known: %(what)s") % {"what": _listed(Fact(name).label for name in names)}
        fields = {field.name: field for field in Invoice._meta.get_fields() if hasattr(field, "verbose_name")}
        if self.result == CheckResult.FAILED and names and all(name in fields for name in names):
            return gettext("differs: %(what)s") % {"what": _listed(fields[name].verbose_name for name in names)}
        return self.detail


def _listed(names: Iterable[str | Promise]) -> str:
    return gettext(", ").join(str(name) for name in names)
