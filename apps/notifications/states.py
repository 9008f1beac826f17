"""States of an outgoing message, and the ways it can travel."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")  # claimed by a worker until `next_try_at`
    SENT = "sent", _("Sent")  # the mail server or gateway took it, or staff made the call
    UNKNOWN = "unknown", _("Outcome unknown")  # sending began and nobody confirmed; asked about before any retry
    FAILED = "failed", _("Not delivered")  # proven: refused, or given up while provably unsent
    TO_CALL = "to_call", _("Call to make")  # the customer chose the phone; staff make the call
    SKIPPED = "skipped", _("Switched off")  # its template is switched off


class MessageChannel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    PHONE = "phone", _("Phone call")
    DOOR = "door", _("The door they wrote through")  # WeChat, Weibo, Facebook: an adapter of the room above
    IN_APP = "in_app", _("Notice inside the desk")
