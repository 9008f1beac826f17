"""The law as dated data: how an invoice is undone (VOI-04), what each reason allows, who must sign (VOI-02)."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApprovalLimit
from apps.billing.states import Act, FormKind, InvoiceKind, Starter, Step
from apps.core.models import Noun


class Dated(models.Model):
    """In force from one day to another, both included, by the calendar of Shanghai."""

    effective_from = models.DateField(_("in force from"))
    effective_to = models.DateField(_("in force until"), null=True, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def span(cls, name: str) -> models.CheckConstraint:
        return models.CheckConstraint(
            condition=Q(effective_to=None) | Q(effective_to__gte=models.F("effective_from")), name=name
        )


class VoidRule(Dated, Noun):
    """A row of the rule table. The first row, by position, whose conditions all hold decides."""

    code = models.SlugField(_("code"), max_length=60)
    position = models.PositiveSmallIntegerField(_("position"))
    kinds = ArrayField(models.CharField(max_length=20, choices=InvoiceKind), verbose_name=_("kinds of invoice"))
    conditions = models.JSONField(
        _("conditions"), default=dict, blank=True, help_text=_("Fact → whether it must hold; all must be as said.")
    )
    act = models.CharField(_("act"), max_length=10, choices=Act)
    starter = models.CharField(_("who starts"), max_length=10, choices=Starter)
    form = models.CharField(_("form"), max_length=20, choices=FormKind, default=FormKind.NONE)
    with_blue_data = models.BooleanField(_("the form names the blue invoice"), default=True)
    form_hours = models.PositiveSmallIntegerField(
        _("hours for the form's confirmation"), null=True, blank=True, help_text=_("By the clock; empty: none.")
    )
    precondition = models.CharField(_("what must happen first"), max_length=200, blank=True)
    basis = models.CharField(_("regulation"), max_length=200)
    to_check = models.BooleanField(_("verify with your tax office"), default=False)
    whole_only = models.BooleanField(
        _("for the whole invoice only"), default=False,
        help_text=_("A part is then refused: e.g. where a part may be red only after the buyer used or booked it."),
    )  # fmt: skip
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("void rule")
        verbose_name_plural = _("void rules")
        ordering = ["position", "-effective_from"]
        constraints = [
            Dated.span("void_rule_span"),
            models.UniqueConstraint(fields=["code", "effective_from"], name="void_rule_version"),
        ]

    def __str__(self) -> str:
        return self.code


class VoidReason(Dated, Noun):
    """Why an invoice is undone (01 开票有误 …) and what that allows (VOID-RULES, VOI-02, VOI-13)."""

    code = models.CharField(_("code"), max_length=4, validators=[RegexValidator(r"^\d\d$")])
    name = models.CharField(_("reason"), max_length=60)
    digital = models.BooleanField(_("for fully digital invoices"), default=False)
    partial = models.BooleanField(_("may undo a part"), default=True)
    quantity = models.BooleanField(_("quantity may change"), default=True)
    amount = models.BooleanField(_("amount may change"), default=True)
    goods_return = models.BooleanField(_("goods must come back"), default=False)
    management = models.BooleanField(_("always needs management"), default=False)
    refund_first_up_to = models.DecimalField(
        _("refund may leave before the red invoice, up to"), max_digits=14, decimal_places=2, default=0,
        help_text=_("Yuan. Above it the money waits for the invoice."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("void reason")
        verbose_name_plural = _("void reasons")
        ordering = ["digital", "code", "-effective_from"]
        constraints = [
            Dated.span("void_reason_span"),
            models.UniqueConstraint(fields=["code", "digital", "effective_from"], name="void_reason_version"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ApprovalRule(Noun):
    """From which amount a step must sign. Split requests of one customer and invoice count together (VOI-02)."""

    subject = models.CharField(_("matter to approve"), max_length=20, choices=ApprovalLimit.Subject)
    step = models.CharField(_("who signs"), max_length=12, choices=Step)
    above = models.DecimalField(
        _("above"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan; 0 means always.")
    )
    together_up_to = models.DecimalField(
        _("may be signed together up to"), max_digits=14, decimal_places=2, default=0,
        help_text=_("Yuan, splits counted together. Cases up to it can be ticked and signed at once; 0 means never."),
    )  # fmt: skip
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("approval rule")
        verbose_name_plural = _("approval rules")
        ordering = ["subject", "above"]
        constraints = [models.UniqueConstraint(fields=["subject", "step"], name="approval_rule_step")]

    def __str__(self) -> str:
        return f"{self.get_subject_display()}: {self.get_step_display()}"
