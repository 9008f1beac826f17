"""What stands around void requests: the tax platform's word on an invoice, the month-end warnings, sheets of requests."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core import clock
from apps.core.models import Noun


class InvoiceLookup(Noun):
    """What the tax platform answered when it was asked for an invoice (VOI-03). Append-only: the newest holds."""

    invoice = models.ForeignKey("billing.Invoice", on_delete=models.PROTECT, related_name="lookups")
    adapter = models.CharField(_("through"), max_length=20)
    known = models.BooleanField(_("the platform knows it"))
    differences = ArrayField(models.CharField(max_length=20), default=list)  # gross, buyer_name, buyer_tax_number
    at = models.DateTimeField(pgettext_lazy("when", "asked"), default=clock.now)

    class Meta:
        verbose_name = _("look-up on the tax platform")
        verbose_name_plural = _("look-ups on the tax platform")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["invoice", "-at"], name="invoice_lookup_newest")]


class MonthEndWarning(Noun):
    """Finance was told on this day, by the calendar of Shanghai, what can be voided this month only (VOI-11)."""

    day = models.DateField(_("day"), unique=True)
    requests = models.PositiveIntegerField(_("requests"))

    class Meta:
        verbose_name = _("month-end warning")
        verbose_name_plural = _("month-end warnings")


class RequestSheet(Noun):
    """A sheet of void requests that somebody uploaded (VOI-08); the same file again is the same sheet."""

    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(_("file name"), max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("uploaded by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("sheet of void requests")
        verbose_name_plural = _("sheets of void requests")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class RequestSheetRow(Noun):
    """A row that became a request: never a second one."""

    sheet = models.ForeignKey(RequestSheet, on_delete=models.PROTECT, related_name="rows")
    row = models.PositiveIntegerField(_("row"))
    request = models.OneToOneField("billing.VoidRequest", on_delete=models.PROTECT, related_name="sheet_row")

    class Meta:
        verbose_name = _("row of a sheet")
        verbose_name_plural = _("rows of sheets")
        constraints = [models.UniqueConstraint(fields=["sheet", "row"], name="request_sheet_row_once")]
