"""What other systems are told by themselves (LNK-04): an address of theirs, and each call that is made to it."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun


class Webhook(Noun):
    """An address that hears of events, signed with a secret that is shown once."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    url = models.CharField(_("address"), max_length=500, validators=[URLValidator(schemes=["https", "http"])])
    secret = EncryptedTextField(editable=False)
    kinds = ArrayField(models.CharField(max_length=60), verbose_name=_("events"))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class WebhookCall(Noun):
    """One event for one address: tried until it is taken, at most two days. Its id is the receiver's idempotency key."""

    webhook = models.ForeignKey(Webhook, verbose_name=_("webhook"), on_delete=models.CASCADE, related_name="calls")
    event_id = models.BigIntegerField(_("event"))
    kind = models.CharField(_("kind"), max_length=60)
    body = models.TextField(editable=False)
    due_at = models.DateTimeField(_("next try"), null=True, default=clock.now)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    status = models.PositiveSmallIntegerField(_("last answer"), null=True)
    error = models.CharField(_("what went wrong"), max_length=200, blank=True)
    taken_at = models.DateTimeField(_("taken"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)

    class Meta:
        verbose_name = _("call of a webhook")
        verbose_name_plural = _("calls of webhooks")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["webhook", "event_id"], name="webhook_call_once")]
        indexes = [models.Index(fields=["due_at"], name="webhook_call_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
