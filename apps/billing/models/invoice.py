from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.billing import events
from apps.billing.states import Fact, InvoiceKind, InvoiceState, Source
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun

SEES = "billing.view_invoice"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def visible_to(self, actor: Actor) -> InvoiceQuerySet:
        """Invoices are finance's (ADM-02); service staff see those of a ticket they see, through that ticket's cards."""
        return self if actor.can(SEES) else self.none()

    def blue(self) -> InvoiceQuerySet:
        return self.filter(red_of=None)


class Invoice(Noun):
    """An issued VAT invoice, blue or red. A void or a red letter is a mark or a counter-document, never an edit.

    Amounts in yuan; a red invoice's are negative. What is left of a blue one is counted by `services.balance`.
    """

    code = models.CharField(
        _("invoice code"), max_length=12, blank=True, help_text=_("Paper and older electronic invoices have one.")
    )
    number = models.CharField(_("invoice number"), max_length=20)
    kind = models.CharField(_("kind of invoice"), max_length=20, choices=InvoiceKind)
    issued_at = models.DateTimeField(_("issued"))
    customer = models.ForeignKey(
        "crm.Customer", verbose_name=_("customer"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    order = models.ForeignKey(
        "crm.Order", verbose_name=_("order"), null=True, blank=True, on_delete=models.PROTECT, related_name="invoices"
    )
    buyer_name = models.CharField(_("buyer"), max_length=200)
    buyer_tax_number = models.CharField(_("buyer's tax number"), max_length=20, blank=True)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    gross = models.DecimalField(_("gross"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    state = FSMField(
        _("state"), max_length=12, choices=InvoiceState.choices, default=InvoiceState.ISSUED, protected=True
    )
    red_of = models.ForeignKey(
        "self", verbose_name=_("red letter of"), null=True, blank=True, on_delete=models.PROTECT, related_name="reds"
    )
    replaces = models.ForeignKey(
        "self", verbose_name=_("issued anew for"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="replacements", help_text=_("The voided or red-lettered invoice that this one replaces."),
    )  # fmt: skip
    external_id = models.CharField(_("number in the ERP"), max_length=60, unique=True, null=True, blank=True)
    imported_at = models.DateTimeField(_("taken over"), default=clock.now, editable=False)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["code", "number"], name="invoice_code_number"),
            models.CheckConstraint(condition=Q(state__in=InvoiceState.values), name="invoice_state_known"),
            models.CheckConstraint(condition=Q(gross=F("net") + F("tax")), name="invoice_adds_up"),
            models.CheckConstraint(
                condition=Q(red_of=None, gross__gte=0) | Q(red_of__isnull=False, gross__lte=0), name="invoice_sign"
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="invoice_number"),
            models.Index(fields=["-issued_at", "-id"], name="invoice_newest"),
            models.Index(fields=["customer", "-issued_at"], name="invoice_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.number}".strip()

    @property
    def is_red(self) -> bool:
        return self.red_of_id is not None

    @transition(
        field=state,
        source=InvoiceState.ISSUED,
        target=InvoiceState.VOIDED,
        permission="billing.execute_void",
        custom={"event": events.INVOICE_VOIDED, "label": _("Void")},
    )
    def void(self: Any, *, request: models.Model, certificate: str) -> dict[str, Any]:
        return {"request": str(request.pk), "certificate": certificate}

    @transition(
        field=state,
        source=[InvoiceState.ISSUED, InvoiceState.PARTLY_RED],
        target=InvoiceState.PARTLY_RED,
        permission="billing.execute_void",
        custom={"event": events.INVOICE_RED_LETTERED, "label": _("Red-letter in part")},
    )
    def red_letter_partly(self: Any, *, request: models.Model, red: models.Model) -> dict[str, Any]:
        return {"request": str(request.pk), "red": str(red)}

    @transition(
        field=state,
        source=[InvoiceState.ISSUED, InvoiceState.PARTLY_RED],
        target=InvoiceState.FULLY_RED,
        permission="billing.execute_void",
        custom={"event": events.INVOICE_RED_LETTERED, "label": _("Red-letter what is left")},
    )
    def red_letter_fully(self: Any, *, request: models.Model, red: models.Model) -> dict[str, Any]:
        return {"request": str(request.pk), "red": str(red)}


class InvoiceLine(Noun):
    """One line. VAT is rounded per line to the fen."""

    invoice = models.ForeignKey(Invoice, verbose_name=_("invoice"), on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField(_("line"))
    blue_line = models.ForeignKey(
        "self", verbose_name=_("line of the blue invoice"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="red_lines",
    )  # fmt: skip
    name = models.CharField(_("goods or service"), max_length=200)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=6)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4, help_text=_("0.13 is 13 %."))
    tax = models.DecimalField(_("tax"), max_digits=14, decimal_places=2, help_text=_("Yuan."))

    # Of a blue line: what void requests hold or have undone. The database keeps it within the line (VOI-05).
    held_quantity = models.DecimalField(max_digits=18, decimal_places=6, default=0, editable=False)
    held_net = models.DecimalField(max_digits=14, decimal_places=2, default=0, editable=False)
    held_tax = models.DecimalField(max_digits=14, decimal_places=2, default=0, editable=False)

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["invoice", "position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position"),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lt=1), name="invoice_line_rate"),
            models.CheckConstraint(
                condition=Q(held_quantity=0, held_net=0, held_tax=0)
                | Q(
                    held_quantity__gte=0,
                    held_quantity__lte=F("quantity"),
                    held_net__gte=0,
                    held_net__lte=F("net"),
                    held_tax__gte=0,
                    held_tax__lte=F("tax"),
                ),
                name="invoice_line_red_within_blue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.name}"

    @property
    def gross(self) -> Any:
        return self.net + self.tax


class InvoiceFact(Noun):
    """What somebody or some system said of an invoice, and when. Append-only: the newest of each fact holds (VOI-03)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="facts")
    fact = models.CharField(_("fact"), max_length=20, choices=[c for c in Fact.choices if c[0] != Fact.SAME_MONTH])
    holds = models.BooleanField(_("holds"))
    source = models.CharField(_("source"), max_length=10, choices=Source)
    at = models.DateTimeField(_("as of"), default=clock.now)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("fact about an invoice")
        verbose_name_plural = _("facts about invoices")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["invoice", "fact", "-at"], name="invoice_fact_newest")]
