"""The second factor of staff (ADM-03): what proves it, who must have it, and before which acts it is asked for again."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.roles import label
from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun


class SecondFactor(Noun):
    """A person's authenticator app, and how often they have failed. It counts from `User.second_factor_at` on."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("member of staff"),
        on_delete=models.CASCADE,
        related_name="second_factor",
    )
    secret = EncryptedTextField(blank=True, editable=False)
    pending = EncryptedTextField(blank=True, editable=False)  # shown as a QR code, not confirmed yet
    last_step = models.BigIntegerField(default=0, editable=False)  # of 30 s; a code of it or before is a replay
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True, editable=False)

    class Meta:
        default_permissions = ()
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")


class RecoveryCode(models.Model):
    """A code for the day the phone is lost: shown once, kept as a keyed digest, used once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]


class EnrolmentDuty(models.Model):
    """Whose log-in needs a second factor. People with the role have so many days to set it up, then they must."""

    role = models.OneToOneField(Group, verbose_name=_("role"), on_delete=models.CASCADE, related_name="enrolment_duty")
    since = models.DateField(_("demanded since"), help_text=_("Who joins later counts from their first day."))
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=14, help_text=_("0: at the next log-in."))

    class Meta:
        verbose_name = _("duty to have a second factor")
        verbose_name_plural = _("duties to have a second factor")
        ordering = ["role__name"]

    def __str__(self) -> str:

        return label(self.role.name)


class SecondLook(models.Model):
    """Before which acts about money the code is asked for again, from which amount, and for how long it holds."""

    class Act(models.TextChoices):
        APPROVE = "approve", _("Approve a refund, compensation or void")
        EXECUTE = "execute", _("Void or red-letter an invoice")
        PAY = "pay", _("Send a refund, or send it another way")
        BATCH = "batch", _("Draw up, release or download a bank batch")
        HAND = "hand", _("Record or confirm what was done by hand")

    act = models.CharField(_("act"), max_length=10, choices=Act, unique=True)
    active = models.BooleanField(_("active"), default=True)
    above = models.DecimalField(
        _("above"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan; 0 means always.")
    )
    minutes = models.PositiveSmallIntegerField(
        _("holds for minutes"), default=10, help_text=_("So long after a code nothing is asked; 0: every time.")
    )
    code_only = models.BooleanField(
        _("only a code counts"), default=True,
        help_text=_("Otherwise people without a second factor confirm with their password."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("second look")
        verbose_name_plural = _("second looks")
        ordering = ["act"]

    def __str__(self) -> str:
        return self.get_act_display()


class ImportSheet(Noun):
    """A table that a colleague uploads (LNK-04): read and checked first, brought in when they say so, row by row.

    `rows` is cipher text, since it holds customers, and is emptied when all is done. Errors name row and field, no values.
    """

    kind = models.CharField(_("what it holds"), max_length=20)
    name = models.CharField(_("file name"), max_length=200)
    digest = models.CharField(max_length=64, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("uploaded by"), on_delete=models.PROTECT, related_name="+"
    )
    rows = EncryptedTextField(blank=True, editable=False)
    total = models.PositiveIntegerField(_("rows"), default=0)
    checked = models.PositiveIntegerField(_("checked"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    new = models.PositiveIntegerField(_("new rows"), default=0)
    changed = models.PositiveIntegerField(_("changed rows"), default=0)
    errors = models.JSONField(_("errors"), default=list, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    confirmed_at = models.DateTimeField(_("begun"), null=True, editable=False)
    finished_at = models.DateTimeField(_("import finished"), null=True, editable=False)
    at = models.DateTimeField(_("uploaded"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        permissions = [("import_tables", _("Can import tables"))]
        indexes = [models.Index(fields=["id"], name="import_sheet_open", condition=models.Q(finished_at__isnull=True))]

    def __str__(self) -> str:
        return self.name
