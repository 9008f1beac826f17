from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.billing.models.outbound import OutboundCall
from apps.billing.states import (
    FORM_ALIVE,
    FORM_ALLOWS_RED,
    OPEN_ATTEMPTS,
    AttemptState,
    FormKind,
    FormState,
    Starter,
)
from apps.core.models import Noun


class RedForm(Noun):
    """The form that the tax platform wants before a red invoice (VOI-05). Its state is a copy of the platform's.

    A refused or lapsed form stays; another one is a new row (VOI-12).
    """

    request = models.ForeignKey("billing.VoidRequest", on_delete=models.PROTECT, related_name="forms")
    kind = models.CharField(_("form"), max_length=20, choices=FormKind)
    starter = models.CharField(_("started by"), max_length=10, choices=Starter)
    number = models.CharField(_("number on the tax platform"), max_length=40, blank=True)
    state = models.CharField(_("state"), max_length=2, choices=FormState)
    entered_at = models.DateTimeField(_("entered"))
    confirm_by = models.DateTimeField(_("to be confirmed by"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    reminded = models.PositiveSmallIntegerField(_("reminders"), default=0)
    looked_at = models.DateTimeField(_("asked on the tax platform"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("red form")
        verbose_name_plural = _("red forms")
        ordering = ["-entered_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=FormState.values), name="red_form_state_known"),
            models.UniqueConstraint(
                fields=["request"], name="red_form_one_alive",
                condition=Q(state__in=[s.value for s in FORM_ALIVE]),
            ),
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="red_form_number"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number or str(self.pk)

    @property
    def allows_red(self) -> bool:
        return self.state in FORM_ALLOWS_RED

    @property
    def is_let_go(self) -> bool:
        """Its request ended or was decided again: its withdrawal is noted, whatever has become of that."""
        return self.operations.filter(verb=TaxOperation.Verb.WITHDRAW).exists()


class TaxOperation(OutboundCall):
    """One call to the tax platform that must happen exactly once: noted before it is sent, queried before any repeat."""

    class Verb(models.TextChoices):
        VOID = "void", _("Void the invoice")
        FORM = "form", _("Enter the form")
        RED = "red", _("Issue the red invoice")
        WITHDRAW = "withdraw", _("Withdraw the form")

    request = models.ForeignKey("billing.VoidRequest", on_delete=models.PROTECT, related_name="operations")
    form = models.ForeignKey(RedForm, null=True, blank=True, on_delete=models.PROTECT, related_name="operations")
    verb = models.CharField(_("what"), max_length=10, choices=Verb)
    adapter = models.CharField(_("through"), max_length=20)
    key = models.CharField(_("our number"), max_length=64, unique=True, help_text=_("The same for every repeat."))
    certificate = models.CharField(_("certificate number"), max_length=60, blank=True)
    file = models.ForeignKey("core.Upload", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # What a person did on the tax bureau's site; it counts once a second person has looked (`services.tax_by_hand`).
    by_hand = models.JSONField(default=dict, blank=True, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("call to the tax platform")
        verbose_name_plural = _("calls to the tax platform")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AttemptState.values), name="tax_operation_state_known"),
            models.UniqueConstraint(
                fields=["request"], name="tax_operation_one_open",
                condition=Q(state__in=[s.value for s in OPEN_ATTEMPTS]),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["next_query_at"], name="tax_operation_open",
                condition=Q(state__in=[s.value for s in OPEN_ATTEMPTS]),
            ),
        ]  # fmt: skip
