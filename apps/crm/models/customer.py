from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core import masking
from apps.core.actors import Actor
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.core.vocabulary import Channel, ContactChannel, Language, Tier

# How `channels` begins the numbers of people whom it knows by an account at a platform alone.
PLATFORMS = {
    "wechat": Channel.WECHAT,
    "weibo": Channel.WEIBO,
    "facebook": Channel.FACEBOOK,
    "chat": Channel.CHAT,
    "wechat-pay": Channel.PAY,
}


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, actor: Actor) -> CustomerQuerySet:
        """The customers this actor may know of: all with `crm.view_customer`, otherwise none."""
        return self if actor.can("crm.view_customer") else self.none()


class Customer(Noun):
    """A person who gives feedback. Personal data is cipher text; screens show the masked columns (INT-06, ADM-04).

    The phone tells who somebody is; where there is no phone, the e-mail does. Both are therefore unique, through
    their keyed index. Written only by `crm.services.customers`, which keeps the three columns of a field together.
    """

    external_id = models.CharField(
        _("customer number"), max_length=60, unique=True, null=True, blank=True,
        help_text=_("The number in the ERP or CRM system."),
    )  # fmt: skip
    name = EncryptedTextField(_("full name"), blank=True)
    name_masked = models.CharField(_("full name"), max_length=100, blank=True, editable=False)
    phone = EncryptedTextField(_("phone"), blank=True)
    phone_index = models.CharField(max_length=64, blank=True, editable=False)
    phone_masked = models.CharField(_("phone"), max_length=40, blank=True, editable=False)
    email = EncryptedTextField(_("e-mail"), blank=True)
    email_index = models.CharField(max_length=64, blank=True, editable=False)
    email_masked = models.CharField(_("e-mail"), max_length=260, blank=True, editable=False)
    address = EncryptedTextField(_("address"), blank=True)
    address_masked = models.CharField(_("address"), max_length=20, blank=True, editable=False)
    tier = models.CharField(_("tier"), max_length=10, choices=Tier, default=Tier.NORMAL)
    region = models.CharField(_("region"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ZH_HANS)
    preferred_channel = models.CharField(
        _("preferred contact"), max_length=10, choices=ContactChannel, default=ContactChannel.SMS
    )
    note = EncryptedTextField(
        _("note"), blank=True,
        help_text=_("What colleagues should know before they answer. Everybody who sees the customer can read it."),
    )  # fmt: skip

    # LAW-05: while restricted, everything but storage and protection stops; once erased, nothing names the person.
    restricted_at = models.DateTimeField(_("restricted since"), null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(_("anonymised"), null=True, blank=True, editable=False)

    is_new = False  # True on the instance that `match_or_create` has just inserted

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [("view_personal_data", _("Can see clear personal data (each look is recorded)"))]
        constraints = [
            models.UniqueConstraint(fields=["phone_index"], condition=~Q(phone_index=""), name="customer_phone"),
            models.UniqueConstraint(fields=["email_index"], condition=~Q(email_index=""), name="customer_email"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="customer_newest")]

    def __str__(self) -> str:
        return self.name_masked or self.phone_masked or self.email_masked or self.number_masked or str(_("no name"))

    @property
    def number_masked(self) -> str:
        """The number in words: another system's as it is, an account at a platform (`wechat:o6_…`) masked beside its name."""
        door, colon, account = (self.external_id or "").partition(":")
        platform = PLATFORMS.get(door) if colon else None
        return f"{platform.label} {masking.text(account)}" if platform else self.external_id or ""
