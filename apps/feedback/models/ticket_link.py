"""How tickets hang together beside the columns of the ticket itself (`repeat_of`, `parent`, `merged_into`)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core import clock
from apps.core.models import Noun
from apps.feedback.states import TicketState


class TicketLink(Noun):
    """Two tickets that have to do with each other (HND-09). It is read in both directions and holds nothing back.

    `source` blocks, or was caused by, `target`; of `related` and `distinct` the one with the smaller id is the source.
    """

    class Kind(models.TextChoices):
        RELATED = "related", pgettext_lazy("link", "related")
        BLOCKS = "blocks", pgettext_lazy("link", "blocks")
        CAUSED_BY = "caused_by", pgettext_lazy("link", "caused by")
        # Somebody looked and said so: these two are never taken for the same issue again (INT-08).
        DISTINCT = "distinct", pgettext_lazy("link", "not the same as")

    source = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="links_out")
    target = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="links_in")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"), default=clock.now)

    class Meta:
        verbose_name = _("link between tickets")
        verbose_name_plural = _("links between tickets")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "kind"], name="ticket_link_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="ticket_link_two"),
            models.CheckConstraint(
                condition=Q(kind__in=["related", "blocks", "caused_by", "distinct"]), name="ticket_link_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.get_kind_display()} {self.target}"


class Merge(Noun):
    """A ticket that went into another, with all that is needed to take it out again (INT-08).

    `into` is the ticket that was named; where that one went into a third, `Ticket.merged_into` is the third.
    """

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="merges")
    into = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="+")
    former_state = models.CharField(max_length=20, choices=TicketState)
    undo = models.JSONField(default=dict)  # what followed from it and is taken back with it, see `services.merging`
    at = models.DateTimeField(_("when"), default=clock.now)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(undone_at=None), name="merge_one_at_a_time"),
            models.CheckConstraint(condition=~Q(ticket=F("into")), name="merge_two"),
            models.CheckConstraint(condition=Q(former_state__in=TicketState.values), name="merge_former_state"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket} → {self.into}"
