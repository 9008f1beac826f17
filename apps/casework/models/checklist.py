from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.casework.models.rule import TicketRule
from apps.core import clock
from apps.core.models import Noun


class ChecklistTemplate(TicketRule):
    """What has to be thought of with tickets of a sort (HND-11)."""

    code = models.SlugField(max_length=40, unique=True, null=True, editable=False)  # of the shipped ones
    name = models.CharField(_("name"), max_length=80, unique=True)
    automatic = models.BooleanField(
        _("put on by itself"), default=False,
        help_text=_("Tickets that meet the conditions get it when they come in or are reclassified."),
    )  # fmt: skip
    ruled_since = models.DateTimeField(default=clock.now, editable=False)  # tickets of before need not carry it

    class Meta:
        verbose_name = _("check-list template")
        verbose_name_plural = _("check-list templates")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ChecklistTemplateItem(models.Model):
    template = models.ForeignKey(ChecklistTemplate, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    text = models.CharField(_("what is to be done"), max_length=200)
    required = models.BooleanField(
        _("required"), default=True, help_text=_("The ticket cannot be resolved while this is open.")
    )

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["position", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class Checklist(Noun):
    """A check-list on a ticket: a copy of its template as it was then (HND-11)."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="checklists")
    template = models.ForeignKey(ChecklistTemplate, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    by_rule = models.BooleanField(_("put on by a rule"), default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("added at"), default=clock.now)
    removed_at = models.DateTimeField(_("taken off at"), null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    removal_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("check-list")
        verbose_name_plural = _("check-lists")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "template"], condition=Q(removed_at=None), name="checklist_once_per_ticket"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ChecklistItem(Noun):
    """Open until it is ticked, or until somebody says why it does not apply."""

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField(_("position"))
    text = models.CharField(_("what is to be done"), max_length=200)
    required = models.BooleanField(_("required"))
    settled_at = models.DateTimeField(_("when"), null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    not_applicable = models.BooleanField(_("not applicable"), default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["position", "id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(not_applicable=False) | Q(settled_at__isnull=False) & ~Q(reason=""),
                name="checklist_item_why_not",
            )
        ]

    def __str__(self) -> str:
        return self.text
