from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import label


class ApprovalLimit(models.Model):
    """Up to how many yuan a role may approve something alone (HND-05, VOI-02)."""

    class Subject(models.TextChoices):
        SOLUTION = "solution", _("Solution cost")
        VOID = "void", _("Invoice void")
        REFUND = "refund", _("Refund")
        COMPENSATION = "compensation", _("Compensation")

    role = models.ForeignKey(Group, verbose_name=_("role"), on_delete=models.CASCADE, related_name="approval_limits")
    subject = models.CharField(_("matter to approve"), max_length=20, choices=Subject)
    limit = models.DecimalField(
        _("limit (yuan)"), max_digits=14, decimal_places=2, null=True, blank=True, help_text=_("Empty means no limit.")
    )

    class Meta:
        verbose_name = _("approval limit")
        verbose_name_plural = _("approval limits")
        constraints = [models.UniqueConstraint(fields=["role", "subject"], name="approval_limit_role_subject")]

    def __str__(self) -> str:
        return f"{label(self.role.name)}: {self.get_subject_display()}"
