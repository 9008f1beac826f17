from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.casework.states import Party
from apps.core import clock
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun


class Investigation(Noun):
    """A version of the investigation record (HND-04): the newest holds, earlier ones stay, a signature is under one."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="investigations")
    number = models.PositiveSmallIntegerField(_("version"))
    findings = models.TextField(_("findings"))
    root_cause = models.TextField(_("root cause"), blank=True)
    department = models.ForeignKey(
        "accounts.Department", verbose_name=_("responsible department"), null=True, blank=True,
        on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip
    conclusion = models.TextField(_("conclusion"), blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("written at"), default=clock.now)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("signed by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(_("signed at"), null=True)

    class Meta:
        verbose_name = _("investigation")
        verbose_name_plural = _("investigations")
        ordering = ["-number"]
        default_permissions = ("view",)
        permissions = [("sign_investigation", "Can sign off investigations")]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "number"], name="investigation_version"),
            models.CheckConstraint(
                condition=Q(signed_by=None, signed_at=None) | Q(signed_by__isnull=False, signed_at__isnull=False),
                name="investigation_signature",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} · {self.number}"

    @property
    def words(self) -> str:
        """All that was written, as one text."""
        return "\n".join((self.findings, self.root_cause, self.conclusion))


class Kept(Noun):
    """A row of the record that stays: what turns out to be wrong is struck out with a reason, never removed."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("written at"), default=clock.now)
    struck_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    struck_at = models.DateTimeField(_("struck out at"), null=True)
    strike_reason = models.TextField(_("reason"), blank=True)

    class Meta:
        abstract = True


class Interview(Kept):
    """Who said what, and when (HND-04)."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="interviews")
    party = models.CharField(_("who"), max_length=10, choices=Party)
    person = EncryptedTextField(_("name"))
    person_masked = models.CharField(_("name"), max_length=120)
    held_at = models.DateTimeField(_("when"))
    said = models.TextField(_("what was said"))

    class Meta:
        verbose_name = _("interview")
        verbose_name_plural = _("interviews")
        ordering = ["held_at", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_party_display()} {self.person_masked}"


class Evidence(Kept):
    """A file the investigation rests on: one that came with the ticket, or one of our own (HND-04)."""

    ticket = models.ForeignKey("feedback.Ticket", on_delete=models.PROTECT, related_name="evidence")
    upload = models.ForeignKey("core.Upload", on_delete=models.PROTECT, related_name="+")
    attachment = models.ForeignKey("feedback.Attachment", null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("what it shows"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("piece of evidence")
        verbose_name_plural = _("evidence")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "upload"], condition=Q(struck_at=None), name="evidence_once_per_ticket"
            )
        ]

    def __str__(self) -> str:
        return self.upload.name
