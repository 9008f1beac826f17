from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.casework.states import StepKind
from apps.core.actors import Actor
from apps.core.models import Noun
from apps.core.vocabulary import Urgency


class MacroQuerySet(models.QuerySet["Macro"]):
    def visible_to(self, actor: Actor) -> "MacroQuerySet":
        """Shared ones and the own ones, for those who work on tickets."""
        if not actor.can("feedback.handle_ticket"):
            return self.none()
        return self.filter(Q(owner=None) | Q(owner_id=actor.user_id) if actor.user_id else Q(owner=None))


class Macro(Noun):
    """Several steps under one name, done to a ticket all or not at all (HND-09)."""

    name = models.CharField(_("name"), max_length=60)
    description = models.CharField(_("what it is for"), max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("private to"), null=True, blank=True, on_delete=models.CASCADE,
        related_name="+", help_text=_("Empty: shared with everybody who works on tickets."),
    )  # fmt: skip
    active = models.BooleanField(_("active"), default=True)

    objects = MacroQuerySet.as_manager()

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["name"]
        permissions = [("share_macro", "Can share macros with everybody")]
        constraints = [models.UniqueConstraint(fields=["name", "owner"], nulls_distinct=False, name="macro_name")]

    def __str__(self) -> str:
        return self.name


class MacroStep(models.Model):
    """One step; which of the columns it reads hangs on its kind (`services.macros.TAKES`)."""

    macro = models.ForeignKey(Macro, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    kind = models.CharField(pgettext_lazy("macro", "step"), max_length=12, choices=StepKind)
    department = models.ForeignKey(
        "accounts.Department", verbose_name=_("department"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("handler"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, blank=True)
    tag = models.CharField(_("tag"), max_length=30, blank=True)
    checklist = models.ForeignKey(
        "casework.ChecklistTemplate", verbose_name=_("check-list"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    reply = models.ForeignKey(
        "casework.ReplyTemplate", verbose_name=_("reply template"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    text = models.TextField(_("text"), blank=True, help_text=_("Instead of a template; may use its placeholders."))

    class Meta:
        verbose_name = pgettext_lazy("macro", "step")
        verbose_name_plural = pgettext_lazy("macro", "steps")
        ordering = ["position", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.get_kind_display())
