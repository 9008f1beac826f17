from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.core.vocabulary import Kind


class DoorKind(models.TextChoices):
    WECHAT = "wechat", _("WeChat official account")
    WEIBO = "weibo", _("Weibo")
    FACEBOOK = "facebook", _("Facebook")
    CHAT = "chat", _("Website chat")
    WECHAT_PAY = "wechat_pay", _("WeChat Pay complaints")


class Door(Noun):
    """A way in that another system or page knocks at: its settings, its keys and how it fares (INT-01)."""

    kind = models.CharField(_("door"), max_length=12, choices=DoorKind)
    name = models.CharField(_("name"), max_length=60, unique=True)
    active = models.BooleanField(_("active"), default=True)
    ticket_kind = models.CharField(_("kind of its tickets"), max_length=12, choices=Kind, default=Kind.COMPLAINT)
    settings = models.JSONField(_("settings"), default=dict, blank=True, help_text=_("What is no secret, as JSON."))
    secrets = EncryptedTextField(_("keys"), blank=True, help_text=_("JSON; kept encrypted and never shown again."))

    # How it fares; the health page reads these.
    heard_at = models.DateTimeField(_("last heard from"), null=True, blank=True)
    answered_at = models.DateTimeField(_("last answered"), null=True, blank=True)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    failure = models.TextField(_("what failed"), blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)

    # A request without our shared secret: somebody else's, or a wrong setting. Noted once a minute at most.
    refused_at = models.DateTimeField(_("last refused request"), null=True, blank=True)
    # What the platform lends us for its API (WeChat's access_token), kept encrypted until it runs out.
    token = EncryptedTextField(blank=True, editable=False)
    token_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("door")
        verbose_name_plural = _("doors")
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name
