from django.db import models
from django.utils.translation import gettext_lazy as _


class Leaf(models.Model):
    """An event's place in the evidence log (ARC-03). No foreign key: verification must survive a vanished event."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("evidence leaf")
        verbose_name_plural = _("evidence leaves")


class Head(models.Model):
    """A signed root over the first `size` leaves, in the order of RFC 9162, chained to the head before it."""

    size = models.BigIntegerField(_("events"), primary_key=True)
    root = models.BinaryField(max_length=32)
    frontier = models.JSONField(help_text="Roots of the perfect subtrees, largest first: lets the sealer go on.")
    max_event_id = models.BigIntegerField()
    sealed_at = models.DateTimeField(_("sealed at"))
    previous = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=16)
    signature = models.BinaryField(max_length=64)

    class Meta:
        verbose_name = _("evidence head")
        verbose_name_plural = _("evidence heads")
        ordering = ["-size"]

    def __str__(self) -> str:
        return str(self.size)
