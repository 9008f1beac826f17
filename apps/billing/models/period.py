"""Accounting months and what is booked in them (ARC-07)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.billing import events
from apps.billing.states import PeriodState, PostingKind
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun

S = PeriodState


class PeriodQuerySet(models.QuerySet["Period"]):
    def visible_to(self, actor: Actor) -> PeriodQuerySet:
        return self if actor.can("billing.view_period") else self.none()


class Period(Noun):
    """A month of the books, by the calendar of Shanghai. Closed, it takes no posting: the database refuses it."""

    month = models.DateField(_("month"), unique=True, help_text=_("Its first day."))
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=8, choices=S.choices, default=S.OPEN, protected=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("closed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reopened by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    reopened_at = models.DateTimeField(_("reopened"), null=True, blank=True)
    reopened_because = models.TextField(_("why it was reopened"), blank=True)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        verbose_name = _("accounting month")
        verbose_name_plural = _("accounting months")
        ordering = ["-month"]
        permissions = [
            ("close_period", _("Can close accounting months")),
            ("reopen_period", _("Can reopen accounting months")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="period_state_known"),
            models.CheckConstraint(condition=Q(month__day=1), name="period_first_day"),
            models.CheckConstraint(
                condition=Q(closed_by=None) | Q(reopened_by=None) | ~Q(closed_by=models.F("reopened_by")),
                name="period_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @transition(
        field=state, source=S.OPEN, target=S.CLOSED, permission="billing.close_period",
        custom={"event": events.PERIOD_CLOSED, "label": _("Close the month")},
    )  # fmt: skip
    def close(self: Any, *, by: int | None, count: int, total: Any) -> dict[str, Any]:
        self.closed_by_id, self.closed_at = by, clock.now()
        self.reopened_by, self.reopened_at, self.reopened_because = None, None, ""
        return {"month": f"{self.month:%Y-%m}", "postings": count, "total": total}

    @transition(
        field=state, source=S.CLOSED, target=S.OPEN, permission="billing.reopen_period",
        custom={"event": events.PERIOD_REOPENED, "label": _("Reopen the month")},
    )  # fmt: skip
    def reopen(self: Any, *, by: int | None, because: str) -> dict[str, Any]:
        self.reopened_by_id, self.reopened_at, self.reopened_because = by, clock.now(), because
        return {"month": f"{self.month:%Y-%m}"}


class Posting(Noun):
    """What was booked: an invoice undone, money that left, money that came back. Append-only.

    `happened_at` is when it took effect, `posting_date` the day of the books it counts on: the same day of Shanghai,
    unless that month was closed already; then the day it became known.
    """

    kind = models.CharField(_("what"), max_length=10, choices=PostingKind)
    amount = models.DecimalField(
        _("amount"), max_digits=14, decimal_places=2,
        help_text=_("Yuan, as it moves the books: less sales and money out are negative."),
    )  # fmt: skip
    happened_at = models.DateTimeField(_("happened"))
    posting_date = models.DateField(_("booked on"))
    void_request = models.ForeignKey(
        "billing.VoidRequest", null=True, blank=True, on_delete=models.PROTECT, related_name="postings"
    )
    refund = models.ForeignKey(
        "billing.Refund", null=True, blank=True, on_delete=models.PROTECT, related_name="postings"
    )
    attempt = models.ForeignKey(
        "billing.RefundAttempt", null=True, blank=True, on_delete=models.PROTECT, related_name="postings"
    )

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ["-posting_date", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["void_request"], name="posting_void_once"),
            models.CheckConstraint(
                condition=Q(void_request__isnull=True) ^ Q(refund__isnull=True), name="posting_one_case"
            ),
        ]
        indexes = [models.Index(fields=["posting_date", "kind"], name="posting_date")]

    def __str__(self) -> str:
        return f"{self.posting_date} {self.kind} {self.amount}"

    @property
    def is_late(self) -> bool:
        """Booked in another month than it happened in."""
        happened = clock.local(self.happened_at).date()
        return (happened.year, happened.month) != (self.posting_date.year, self.posting_date.month)
