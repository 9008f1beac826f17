from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from apps.accounts.selectors import led_by
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun
from apps.sla import events
from apps.sla.states import ExtensionState

if TYPE_CHECKING:
    from datetime import datetime

E = ExtensionState


def system_only(extension: "ExtensionRequest", actor: Actor) -> bool:
    return actor.kind == "system"


def another(extension: "ExtensionRequest", actor: Actor) -> bool:
    """Whoever has the right and did not ask: nobody decides on their own request, administrators neither."""
    return actor.can("sla.approve_extension") and not extension.is_of(actor)


def requester(extension: "ExtensionRequest", actor: Actor) -> bool:
    return extension.is_of(actor)


class ExtensionQuerySet(models.QuerySet["ExtensionRequest"]):
    def visible_to(self, actor: Actor) -> "ExtensionQuerySet":
        """The own ones and those to decide on; all for whoever may see all (management, auditor)."""
        if actor.kind == "system" or actor.can("sla.view_extensionrequest"):
            return self
        mine = Q(requested_label=actor.label)
        return self.filter(mine | self._decidable(actor)) if actor.can("sla.approve_extension") else self.filter(mine)

    def decidable_by(self, actor: Actor) -> "ExtensionQuerySet":
        """Those of the departments that this actor leads; an approval system (API key) decides for all."""
        return self.filter(self._decidable(actor)) if actor.can("sla.approve_extension") else self.none()

    def _decidable(self, actor: Actor) -> Q:
        if actor.user is None or actor.can("sla.grant_long_extension"):
            return Q(pk__isnull=False)
        return Q(deadline__department_id__in=led_by(actor.user))


class ExtensionRequest(Noun):
    """Somebody asks for more time for a deadline, whatever it belongs to (SLA-05 延期申请). Moments are UTC."""

    deadline = models.ForeignKey(
        "sla.Deadline", verbose_name=_("deadline"), on_delete=models.PROTECT, related_name="extensions"
    )
    state = FSMField(_("state"), max_length=12, choices=E.choices, default=E.REQUESTED, protected=True)
    was_due_at = models.DateTimeField(_("due until now"))
    asked_until = models.DateTimeField(_("asked for until"))
    reason = models.TextField(_("reason"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_label = models.CharField(max_length=80, editable=False)  # as the journal names who asked
    requested_at = models.DateTimeField(_("asked"), default=clock.now)
    granted_until = models.DateTimeField(_("granted until"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("extension", "decided by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_label = models.CharField(max_length=80, blank=True, editable=False)
    decided_at = models.DateTimeField(pgettext_lazy("extension", "decided"), null=True)
    decision_reason = models.TextField(_("words on the decision"), blank=True)

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("extension request")
        verbose_name_plural = _("extension requests")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [
            ("request_extension", "Can ask for more time"),
            ("grant_long_extension", "Can grant extensions of any length and department"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=E.values), name="extension_state"),
            models.UniqueConstraint(
                fields=["deadline"], condition=Q(state=E.REQUESTED.value), name="extension_one_open"
            ),
            models.CheckConstraint(condition=Q(asked_until__gt=F("was_due_at")), name="extension_later"),
            models.CheckConstraint(
                condition=Q(state=E.REQUESTED.value, decided_at=None)
                | (~Q(state=E.REQUESTED.value) & Q(decided_at__isnull=False)),
                name="extension_decided",
            ),
            models.CheckConstraint(
                condition=Q(state=E.APPROVED.value, granted_until__isnull=False)
                | (~Q(state=E.APPROVED.value) & Q(granted_until=None)),
                name="extension_granted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deadline.get_metric_display()} → {clock.local(self.asked_until):%Y-%m-%d %H:%M}"

    def is_of(self, actor: Actor) -> bool:
        """Whether this actor asked for it."""
        if actor.user_id is not None and actor.user_id == self.requested_by_id:
            return True
        return actor.label == self.requested_label

    @transition(
        field=state,
        source=E.REQUESTED,
        target=E.APPROVED,
        permission=another,
        custom={"event": events.EXTENSION_APPROVED, "label": _("Grant")},
    )
    def approve(self: Any, *, by: Actor, until: "datetime", words: str) -> dict[str, Any]:
        self.granted_until = until
        return self._decided(by, words) | {"until": until.isoformat()}

    @transition(
        field=state,
        source=E.REQUESTED,
        target=E.REFUSED,
        permission=another,
        custom={"event": events.EXTENSION_REFUSED, "label": pgettext_lazy("extension", "Refuse")},
    )
    def refuse(self: Any, *, by: Actor, words: str) -> dict[str, Any]:
        return self._decided(by, words)

    @transition(
        field=state,
        source=E.REQUESTED,
        target=E.WITHDRAWN,
        permission=requester,
        custom={"event": events.EXTENSION_WITHDRAWN, "label": _("Withdraw")},
    )
    def withdraw(self: Any, *, by: Actor) -> dict[str, Any]:
        return self._decided(by, "")

    @transition(
        field=state,
        source=E.REQUESTED,
        target=E.EXPIRED,
        permission=system_only,
        custom={"event": events.EXTENSION_EXPIRED, "label": pgettext_lazy("extension", "Expire")},
    )
    def expire(self: Any, *, by: Actor) -> dict[str, Any]:
        return self._decided(by, "")

    def _decided(self, by: Actor, words: str) -> dict[str, Any]:
        self.decided_at, self.decided_by_id = clock.now(), by.user_id
        self.decided_label, self.decision_reason = by.label, words
        return {"deadline": str(self.deadline_id)}
