from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.channels.calls import events
from apps.core import clock
from apps.core.actors import Actor
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun

REPORT = "channels.report_call"


class CallState(models.TextChoices):
    RINGING = "ringing", _("Ringing")
    ANSWERED = "answered", _("On the phone")
    ENDED = "ended", _("Ended")
    MISSED = "missed", _("Missed")  # it rang and nobody answered: somebody calls back


class Outcome(models.TextChoices):
    """What became of a call for the desk."""

    LOGGED = "logged", _("Logged with a ticket")
    NOTHING = "nothing", _("Nothing to log")
    CALLED_BACK = "called_back", _("Called back")
    CAME_THROUGH = "came_through", _("Called again and got through")


class Extension(Noun):
    """An extension of the telephone system and whose desk it stands on."""

    number = models.CharField(_("extension"), max_length=20, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("member of staff"), on_delete=models.CASCADE, related_name="extensions"
    )

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number


class CallQuerySet(models.QuerySet["Call"]):
    def visible_to(self, actor: Actor) -> "CallQuerySet":
        """All calls for who registers feedback and sees all tickets, else the own ones."""
        if actor.kind == "system" or (actor.can("feedback.create_ticket") and actor.can("feedback.view_all_tickets")):
            return self
        if not actor.can("feedback.create_ticket") or actor.user is None:
            return self.none()
        return self.filter(agent_id=actor.user.pk)


class Call(Noun):
    """A call to the hotline, as the telephone system tells of it (INT-12). Written only by `services.calls`."""

    client = models.CharField(max_length=60)  # name of the API key: two telephone systems may use the same ids
    external_id = models.CharField(_("the telephone system's id"), max_length=120)
    line = models.CharField(_("line"), max_length=40, blank=True)
    extension = models.CharField(_("extension"), max_length=40, blank=True)
    caller = EncryptedTextField(_("caller"), blank=True)  # E.164 where it is a number; empty when withheld
    caller_masked = models.CharField(_("caller"), max_length=40, blank=True)
    caller_index = models.CharField(max_length=64, blank=True, editable=False)
    customer = models.ForeignKey("crm.Customer", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("member of staff"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    state = FSMField(_("state"), max_length=10, choices=CallState.choices, default=CallState.RINGING, protected=True)
    rang_at = models.DateTimeField(_("rang"), default=clock.now)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ticket = models.ForeignKey("feedback.Ticket", null=True, blank=True, on_delete=models.PROTECT, related_name="calls")
    outcome = models.CharField(_("what became of it"), max_length=14, choices=Outcome, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("times called back without an answer"), default=0)

    is_new = False  # True on the instance that `services.calls.report` has just made

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        default_permissions = ("view",)
        permissions = [("report_call", "Can report calls of the telephone system")]
        constraints = [
            models.UniqueConstraint(fields=["client", "external_id"], name="call_once"),
            models.CheckConstraint(condition=Q(state__in=CallState.values), name="call_state_known"),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome.values]), name="call_outcome_known"),
        ]
        indexes = [
            models.Index(fields=["agent", "-rang_at"], name="call_of_agent", condition=Q(settled_at=None)),
            models.Index(fields=["rang_at"], name="call_to_return", condition=Q(state="missed", settled_at=None)),
            models.Index(fields=["caller_index"], name="call_of_caller", condition=Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.caller_masked or '—'} {clock.local(self.rang_at):%m-%d %H:%M}"

    @transition(
        field=state,
        source=CallState.RINGING,
        target=CallState.ANSWERED,
        permission=REPORT,
        custom={"event": events.CALL_ANSWERED, "label": _("Answer")},
    )
    def answer(self: Any, *, at: datetime, agent_id: int | None = None) -> dict[str, Any]:
        return self._picked_up(at, agent_id)

    @transition(
        field=state,
        source=CallState.MISSED,
        target=CallState.ENDED,
        permission=REPORT,
        custom={"event": events.CALL_ANSWERED, "label": _("Answer")},
    )
    def answered_after_all(self: Any, *, at: datetime, agent_id: int | None = None) -> dict[str, Any]:
        """The end of a call was reported before its beginning."""
        return self._picked_up(at, agent_id)

    @transition(
        field=state,
        source=CallState.ANSWERED,
        target=CallState.ENDED,
        permission=REPORT,
        custom={"event": events.CALL_ENDED, "label": _("End")},
    )
    def end(self: Any, *, at: datetime) -> dict[str, Any]:
        self.ended_at = at
        return {"seconds": int((at - self.answered_at).total_seconds())}

    @transition(
        field=state,
        source=CallState.RINGING,
        target=CallState.MISSED,
        permission=REPORT,
        custom={"event": events.CALL_MISSED, "label": _("Miss")},
    )
    def miss(self: Any, *, at: datetime) -> None:
        self.ended_at = at

    def _picked_up(self, at: datetime, agent_id: int | None) -> dict[str, Any]:
        self.answered_at = at
        self.agent_id = agent_id or self.agent_id
        return {"agent": self.agent_id}
