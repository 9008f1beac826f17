from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from apps.accounts.roles import Role
from apps.casework import events
from apps.casework.models.rule import TicketRule
from apps.casework.states import CareMoment, CareState
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun
from apps.core.vocabulary import Tier
from apps.feedback.models import Ticket
from apps.triage.states import PriorityLevel

HANDLE = "feedback.handle_ticket"


def roles() -> list[tuple[str, str]]:
    """Choices of the models; a function, so that a new role needs no migration."""
    return list(Role.choices)


class CareRule(TicketRule):
    """Which tickets get an extra care task (客户关怀, HND-10)."""

    code = models.SlugField(max_length=40, unique=True, null=True, editable=False)  # of the shipped ones
    task = models.CharField(_("what is to be done"), max_length=200)
    tier = models.CharField(_("customer tier"), max_length=10, choices=Tier, blank=True)
    priority = models.CharField(_("priority"), max_length=10, choices=PriorityLevel, blank=True)
    moment = models.CharField(_("when"), max_length=10, choices=CareMoment, default=CareMoment.RECEIVED)
    role = models.CharField(_("responsible role"), max_length=30, choices=roles, default=Role.SERVICE_LEAD)

    class Meta:
        verbose_name = _("care rule")
        verbose_name_plural = _("care rules")
        ordering = ["task"]

    def __str__(self) -> str:
        return self.task


class CareTaskQuerySet(models.QuerySet["CareTask"]):
    def visible_to(self, actor: Actor) -> "CareTaskQuerySet":
        """Those of the tickets that this actor may know of (ADM-02)."""
        if actor.kind == "system" or actor.can("feedback.view_all_tickets"):
            return self
        return self.filter(ticket__in=Ticket.objects.visible_to(actor).order_by())


class CareTask(Noun):
    """Something extra that is done for a customer; due by `sla` (metric `care_task`), which also escalates it."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="care_tasks")
    rule = models.ForeignKey(CareRule, null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(_("what is to be done"), max_length=200)
    role = models.CharField(_("responsible role"), max_length=30, choices=roles)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("taken by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    state = FSMField(_("state"), max_length=10, choices=CareState.choices, default=CareState.OPEN, protected=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    outcome = models.TextField(_("what came of it"), blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(_("ended at"), null=True)

    objects = CareTaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("care task")
        verbose_name_plural = _("care tasks")
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["ticket", "rule"], name="care_task_once_per_rule"),
            models.CheckConstraint(condition=Q(state__in=CareState.values), name="care_task_state"),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None) | ~Q(state="open") & Q(ended_at__isnull=False),
                name="care_task_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["ticket"], name="care_task_ticket"),
            models.Index(fields=["role"], name="care_task_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.title

    @transition(
        field=state, source=CareState.OPEN, target=CareState.DONE, permission=HANDLE,
        custom={"event": events.CARE_DONE, "label": pgettext_lazy("care task", "Done")},
    )  # fmt: skip
    def finish(self: Any, *, outcome: str, user_id: int | None) -> dict[str, Any]:
        return self._end(outcome, user_id)

    @transition(
        field=state, source=CareState.OPEN, target=CareState.SKIPPED, permission=HANDLE,
        custom={"event": events.CARE_SKIPPED, "label": _("Skip")},
    )  # fmt: skip
    def skip(self: Any, *, outcome: str, user_id: int | None) -> dict[str, Any]:
        return self._end(outcome, user_id)

    @transition(
        field=state, source=[CareState.DONE, CareState.SKIPPED], target=CareState.OPEN, permission=HANDLE,
        custom={"event": events.CARE_REOPENED, "label": _("Open again")},
    )  # fmt: skip
    def open_again(self: Any) -> dict[str, Any]:
        self.outcome, self.ended_by_id, self.ended_at = "", None, None
        return {"ticket": str(self.ticket_id)}

    def _end(self: Any, outcome: str, user_id: int | None) -> dict[str, Any]:
        self.outcome, self.ended_by_id, self.ended_at = outcome, user_id, clock.now()
        return {"ticket": str(self.ticket_id)}
