from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.core.vocabulary import Language
from apps.notifications.catalogue import codes
from apps.notifications.states import MessageChannel, MessageState


class OutgoingMessage(Noun):
    """One message to one person over one channel; its id is the idempotency key outside (INT-10, HND-07).

    The row is written with the business transaction and sent afterwards by `services.dispatch`. The subject line
    holds no personal data (`rendering.check` sees to it); the text and the address are encrypted.
    """

    event = models.ForeignKey(
        "journal.Event",
        verbose_name=_("because of"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.UUIDField(null=True)
    reference = models.CharField(_("number"), max_length=40, blank=True)
    template = models.CharField(_("message"), max_length=40, choices=codes)
    channel = models.CharField(
        _("channel"), max_length=10, choices=[c for c in MessageChannel.choices if c[0] != MessageChannel.IN_APP]
    )
    language = models.CharField(_("language"), max_length=10, choices=Language)
    recipient = EncryptedTextField(_("recipient"), blank=True)
    recipient_name = EncryptedTextField(_("name of the recipient"), blank=True)
    recipient_masked = models.CharField(_("recipient"), max_length=120, blank=True)
    recipient_index = models.CharField(max_length=64, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = EncryptedTextField(_("message text"), blank=True)
    thread = EncryptedTextField(blank=True, editable=False)  # the customer's mail it answers (`threads.Thread`)
    state = models.CharField(_("state"), max_length=10, choices=MessageState, default=MessageState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(
        _("next try"),
        null=True,
        help_text=_(
            "While a message is being sent: until when its worker has it. Empty: nothing more happens by itself."
        ),
    )
    sent_at = models.DateTimeField(_("sent at"), null=True)
    provider = models.CharField(_("sent by"), max_length=40, blank=True)
    provider_id = models.CharField(_("number at the provider"), max_length=200, blank=True)
    error = models.CharField(_("last error"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outbox")
        ordering = ["-id"]
        default_permissions = ("change",)
        permissions = [("view_outbox", "Can see the outbox")]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "template", "channel", "recipient_index"], name="message_once_per_event"
            ),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            models.CheckConstraint(
                condition=Q(next_try_at__isnull=False) | ~Q(state__in=[MessageState.QUEUED, MessageState.SENDING]),
                name="message_underway_has_next_try",
            ),
            models.CheckConstraint(
                condition=Q(next_try_at__isnull=True)
                | Q(state__in=[MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN]),
                name="message_finished_has_no_next_try",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="message_due", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["subject_id", "id"], name="message_of_subject"),
            models.Index(fields=["recipient_index"], name="message_recipient"),
            models.Index(fields=["reference"], name="message_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.get_template_display()} → {self.recipient_masked}"
