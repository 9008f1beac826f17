"""What we keep of the payment providers themselves: their balance, callbacks seen, statements compared."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.billing.states import DifferenceKind, DifferenceState, PayChannel
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun


class CallbackNonce(models.Model):
    """A callback's nonce, once: the same signature again is a replay (REF-04)."""

    provider = models.CharField(max_length=12)
    nonce = models.CharField(max_length=128)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "nonce"], name="callback_nonce_once")]
        indexes = [models.Index(fields=["at"], name="callback_nonce_at")]


class ProviderFloat(Noun):
    """The money that waits at a provider for refunds, and what to do when it is too little (REF-10)."""

    channel = models.CharField(_("channel"), max_length=12, choices=PayChannel, unique=True)
    reserve = models.DecimalField(
        _("keep back"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan that refunds don't use.")
    )
    warn_below = models.DecimalField(
        _("warn below"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan, beyond what is queued.")
    )
    reroute_after = models.PositiveIntegerField(
        _("another way after"), null=True, blank=True,
        help_text=_("Hours that a refund waits for money before it is sent to the bank; empty: it waits."),
    )  # fmt: skip
    balance = models.DecimalField(_("balance"), max_digits=14, decimal_places=2, null=True, editable=False)
    asked_at = models.DateTimeField(pgettext_lazy("when", "asked"), null=True, editable=False)
    low_since = models.DateTimeField(_("too low since"), null=True, editable=False)

    class Meta:
        verbose_name = _("money at a provider")
        verbose_name_plural = _("money at the providers")

    def __str__(self) -> str:
        return self.get_channel_display()


class StatementRun(Noun):
    """The comparison of one provider's statement of one day (REF-06). A repeat of the same day adds nothing twice."""

    channel = models.CharField(_("channel"), max_length=12, choices=PayChannel)
    day = models.DateField(_("day"))
    digest = models.CharField(_("SHA-256 of the statement"), max_length=64, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    matched = models.PositiveIntegerField(_("agree"), default=0)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=0)
    at = models.DateTimeField(_("compared"), default=clock.now)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-day", "channel"]
        constraints = [models.UniqueConstraint(fields=["channel", "day"], name="statement_run_once")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.day}"


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def visible_to(self, actor: Actor) -> DifferenceQuerySet:
        return self if actor.can("billing.view_difference") else self.none()


class Difference(Noun):
    """Something that a statement and our books don't agree about: owned, ageing, worked off with words (REF-06)."""

    run = models.ForeignKey(
        StatementRun, verbose_name=_("reconciliation"), null=True, on_delete=models.PROTECT, related_name="differences"
    )
    channel = models.CharField(_("channel"), max_length=12, choices=PayChannel)
    day = models.DateField(_("day"))
    number = models.CharField(_("our refund number"), max_length=64)
    kind = models.CharField(_("kind"), max_length=14, choices=DifferenceKind)
    ours = models.DecimalField(_("ours"), max_digits=14, decimal_places=2, null=True)
    theirs = models.DecimalField(_("theirs"), max_digits=14, decimal_places=2, null=True)
    detail = models.CharField(_("what the query said"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=DifferenceState, default=DifferenceState.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    resolution = models.TextField(_("how it was settled"), blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("settled by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    resolved_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "day", "number", "kind"], name="difference_once"),
            models.CheckConstraint(condition=Q(state__in=DifferenceState.values), name="difference_state_known"),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="difference_open")]

    def __str__(self) -> str:
        return f"{self.number} {self.get_kind_display()}"
