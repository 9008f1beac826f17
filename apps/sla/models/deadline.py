from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core import clock
from apps.core.models import Noun
from apps.journal.events import Ref
from apps.sla.states import Level, Purpose, State, metrics


class Deadline(Noun):
    """Something that is due about a subject (SLA-07). Written only by `sla.services`, in bulk.

    It is a clock, not a case: nobody decides about it, so it does not pass the transition door. Moments are UTC.
    """

    subject_type = models.CharField(_("belongs to"), max_length=60, editable=False)
    subject_id = models.UUIDField(_("id of what it belongs to"), editable=False)
    metric = models.CharField(pgettext_lazy("deadline", "what"), max_length=40, choices=metrics)
    purpose = models.CharField(pgettext_lazy("deadline", "purpose"), max_length=10, choices=Purpose)
    # No index on the two foreign keys: nobody looks deadlines up by them, and every intake would pay for it.
    policy = models.ForeignKey(
        "sla.Policy", verbose_name=_("policy"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    department = models.ForeignKey(
        "accounts.Department", verbose_name=_("department"), null=True, on_delete=models.PROTECT, related_name="+",
        db_index=False,
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    started_at = models.DateTimeField(pgettext_lazy("deadline", "started"))
    due_at = models.DateTimeField(pgettext_lazy("deadline", "due"))
    warn_at = models.DateTimeField(pgettext_lazy("deadline", "warning"), null=True)
    next_check_at = models.DateTimeField(null=True)  # when the sweep must look again; empty: nothing can happen by time
    paused_at = models.DateTimeField(_("paused since"), null=True)
    warned_at = models.DateTimeField(pgettext_lazy("deadline", "warned"), null=True)
    breached_at = models.DateTimeField(_("breach found"), null=True)
    level = models.SmallIntegerField(_("escalated to level"), default=0)  # 0, or the rank in states.RANK
    ended_at = models.DateTimeField(pgettext_lazy("deadline", "ended"), null=True)  # met, cancelled or fired
    hand_due_at = models.DateTimeField(_("due by hand"), null=True)
    hand_set_at = models.DateTimeField(_("set by hand"), null=True)
    hand_by = models.CharField(_("set by"), max_length=80, blank=True)
    hand_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("deadline")
        verbose_name_plural = _("deadlines")
        ordering = ["due_at"]
        permissions = [("approve_extension", "Can set a due time by hand (approve an extension)")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "metric"], condition=Q(state="open"), name="deadline_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="deadline_state"),
            models.CheckConstraint(
                condition=Q(purpose="obligation") | Q(purpose="timer", warned_at=None, breached_at=None, level=0),
                name="deadline_purpose",
            ),
            models.CheckConstraint(
                condition=Q(Q(next_check_at=None) | Q(paused_at=None), state="open", ended_at=None)
                | Q(~Q(state="open"), ended_at__isnull=False, next_check_at=None, paused_at=None),
                name="deadline_running",
            ),
            models.CheckConstraint(condition=Q(level__range=(0, len(Level.values))), name="deadline_level"),
            models.CheckConstraint(
                condition=Q(hand_due_at=None, hand_set_at=None)
                | Q(hand_due_at__isnull=False, hand_set_at__isnull=False),
                name="deadline_by_hand",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="deadline_subject"),
            models.Index(
                fields=["next_check_at"], name="deadline_next_check", condition=Q(next_check_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()} {clock.local(self.due_at):%Y-%m-%d %H:%M}"

    @property
    def subject(self) -> Ref:
        return Ref(self.subject_type, self.subject_id)

    @property
    def is_timer(self) -> bool:
        return self.purpose == Purpose.TIMER

    @property
    def is_by_hand(self) -> bool:
        return self.hand_due_at is not None

    def is_late(self, moment: datetime) -> bool:
        """Whether it is, or was, not met in time; the sweep may not have found it yet."""
        if self.breached_at is not None:
            return True
        running = self.state == State.OPEN and self.paused_at is None and not self.is_timer
        return running and self.due_at <= moment


class Pause(models.Model):
    """A time in which the subject waited for the customer (SLA-03). Open while `ended_at` is empty."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    began_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(pgettext_lazy("deadline", "ended"), null=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["began_at"]
        constraints = [
            models.UniqueConstraint(fields=["subject_id"], condition=Q(ended_at=None), name="pause_one_open"),
            models.CheckConstraint(condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="pause_order"),
        ]
        indexes = [models.Index(fields=["subject_id", "began_at"], name="pause_subject")]

    def __str__(self) -> str:
        ended = f"{clock.local(self.ended_at):%Y-%m-%d %H:%M}" if self.ended_at else ""
        return f"{clock.local(self.began_at):%Y-%m-%d %H:%M} – {ended}"
