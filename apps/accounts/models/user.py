from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.vocabulary import Language


class User(AbstractUser):
    """A member of staff. Roles are Django groups (`accounts.roles`); customers have no account."""

    display_name = models.CharField(_("full name"), max_length=60, blank=True)
    staff_number = models.CharField(_("staff number"), max_length=20, unique=True, null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    department = models.ForeignKey(
        "accounts.Department",
        verbose_name=_("department"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="members",
    )
    language = models.CharField(_("language"), max_length=10, choices=Language, default=Language.ZH_HANS)
    second_factor_at = models.DateTimeField(_("second factor since"), null=True, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")

    def get_full_name(self) -> str:
        return self.display_name or super().get_full_name()

    def __str__(self) -> str:
        return self.display_name or self.get_username()
