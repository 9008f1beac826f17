from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.models import Noun


class ApiKey(Noun):
    """A bearer key of another system (ADM-03). Only a digest is kept; the key itself is shown once, when made."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("created by"), null=True, blank=True, on_delete=models.PROTECT,
        editable=False, related_name="+",
    )  # fmt: skip
    acts_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("acts in the name of"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="keys_in_my_name", help_text=_("Only to sign cases about money; counts once this person agrees."),
    )  # fmt: skip
    agreed_at = models.DateTimeField(_("agreed"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name"]
        permissions = [
            ("manage_api_keys", _("Can make and revoke API keys")),
            ("sign_large_by_key", _("Can sign large sums by an API key")),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def usable(self) -> bool:
        """Neither revoked nor expired at this moment."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())
