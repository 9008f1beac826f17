from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.actors import Actor
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.core.vocabulary import Channel, Kind
from apps.feedback.models.ticket import Ticket


class Security(models.TextChoices):
    TLS = "tls", _("TLS from the start (usually port 993)")
    STARTTLS = "starttls", _("STARTTLS (usually port 143)")
    NONE = "none", _("none: only within one machine")


class Trouble(models.TextChoices):
    """Why a mailbox could not be read."""

    CONNECTION = "connection", _("the mail server does not answer")
    CERTIFICATE = "certificate", _("no secure connection to the mail server")
    LOGIN = "login", _("user name or password refused")
    FOLDER = "folder", _("there is no such folder, or it may not be opened")
    PROTOCOL = "protocol", _("the mail server broke off")
    OURS = "ours", _("an error on our side")


class Verdict(models.TextChoices):
    """What became of a mail (INT-09)."""

    NEW_TICKET = "new_ticket", _("Opened a ticket")
    REPLY = "reply", _("Added to its ticket")
    AUTO_REPLY = "auto_reply", _("Automatic mail")
    BOUNCE = "bounce", _("Returned mail")
    LOOP = "loop", _("Mail loop")
    DUPLICATE = "duplicate", _("Came before")
    BROKEN = "broken", _("Could not be taken in")


class Reason(models.TextChoices):
    """The finer point of a verdict; the first of them are `mail.automatic.Sign`."""

    AUTO_SUBMITTED = "auto_submitted", _("says that it was sent automatically")
    AUTO_HEADER = "auto_header", _("marked by an auto-reply program")
    BULK = "bulk", _("newsletter or mailing list")
    AUTO_SUBJECT = "auto_subject", _("its subject is that of an auto-reply")
    NULL_SENDER = "null_sender", _("asks not to be answered")
    RECEIPT = "receipt", _("receipt of a mail program")
    RETURNED = "returned", _("a message of ours did not arrive")
    DELAYED = "delayed", _("a message of ours is late; the mail server still tries")
    OWN_MESSAGE = "own_message", _("a message of ours came back")
    OWN_ADDRESS = "own_address", _("sent from an address of ours")
    FLOOD = "flood", _("too many mails from one sender within an hour")
    REOPENED = "reopened", _("reopened its ticket")
    THANKS = "thanks", _("only thanks; its closed ticket stays closed")
    AFTER_CLOSING = "after_closing", _("answers a ticket that cannot be reopened any more")
    FOREIGN_NUMBER = "foreign_number", _("names the ticket of somebody else")
    COLLEAGUE = "colleague", _("from a colleague: added as an internal note")
    CUT = "cut", _("larger than what is read of one mail: only its beginning was taken in")
    NO_SENDER = "no_sender", _("has no readable sender")
    REFUSED = "refused", _("was refused by the intake")
    UNREADABLE = "unreadable", _("could not be read")
    STUCK = "stuck", _("reading it was broken off again and again")


class Mailbox(Noun):
    """A folder of an IMAP server that feedback comes in by. Written by `services.mailboxes`."""

    address = models.EmailField(
        _("address"), unique=True,
        help_text=_("The address customers write to. Answers go back to it, and mail from it opens no ticket."),
    )  # fmt: skip
    host = models.CharField(_("IMAP server"), max_length=200)
    port = models.PositiveIntegerField(
        _("port"), default=993, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(_("encryption"), max_length=10, choices=Security, default=Security.TLS)
    user = models.CharField(_("user name"), max_length=200)
    password = EncryptedTextField(_("password or app code"))
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    channel = models.CharField(
        _("channel"), max_length=12, choices=Channel, default=Channel.EMAIL,
        help_text=_("What its tickets count as, for deadlines and figures."),
    )  # fmt: skip
    kind = models.CharField(
        _("kind of its tickets"), max_length=12, choices=Kind, default=Kind.COMPLAINT,
        help_text=_("Mail does not say what kind it is; staff can change it on the ticket."),
    )  # fmt: skip
    active = models.BooleanField(_("in use"), default=True)

    uid_validity = models.BigIntegerField(null=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    # The mail being taken in right now, and how often that was begun: a mail that kills its worker is set aside.
    trying_uid = models.BigIntegerField(default=0, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    next_fetch_at = models.DateTimeField(default=clock.now, editable=False)
    reading_until = models.DateTimeField(null=True, editable=False)  # while somebody reads it: when their lease ends
    last_success_at = models.DateTimeField(_("last read"), null=True, editable=False)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0, editable=False)
    trouble = models.CharField(_("last error"), max_length=12, choices=Trouble, blank=True, editable=False)
    trouble_detail = models.CharField(_("what the server said"), max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["address"]
        constraints = [
            models.CheckConstraint(condition=Q(port__range=(1, 65535)), name="mailbox_port"),
        ]
        indexes = [models.Index(fields=["next_fetch_at"], name="mailbox_due", condition=Q(active=True))]

    def __str__(self) -> str:
        return self.address


class IncomingMailQuerySet(models.QuerySet["IncomingMail"]):
    def visible_to(self, actor: Actor) -> "IncomingMailQuerySet":
        """Mail of no ticket, and of the tickets this actor may see, with the right to see mail at all (ADM-02)."""
        if not actor.can("feedback.view_incomingmail"):
            return self.none()
        if actor.can("feedback.view_all_tickets"):
            return self
        return self.filter(Q(ticket=None) | Q(ticket__in=Ticket.objects.visible_to(actor).values("pk")))

    def unattended(self) -> "IncomingMailQuerySet":
        """Mail that could not be taken in and that nobody has made a ticket of."""
        return self.filter(verdict=Verdict.BROKEN, ticket=None)


class IncomingMail(Noun):
    """One mail that was found in a mailbox, and what became of it: nothing is passed over silently (INT-09)."""

    mailbox = models.ForeignKey(Mailbox, verbose_name=_("mailbox"), on_delete=models.PROTECT, related_name="mails")
    uid_validity = models.BigIntegerField(editable=False)
    uid = models.BigIntegerField(editable=False)
    header_id = models.CharField(max_length=500, blank=True, editable=False)  # its Message-ID, without brackets
    digest = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField(_("received"))
    sender_index = models.CharField(max_length=64, blank=True, editable=False)
    sender_masked = models.CharField(_("sender"), max_length=260, blank=True)
    subject = models.CharField(_("subject line"), max_length=300, blank=True)
    quoted = models.TextField(_("quoted text"), blank=True)
    size = models.BigIntegerField(_("size"), help_text=_("bytes"))
    verdict = models.CharField(_("what became of it"), max_length=12, choices=Verdict)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    ticket = models.ForeignKey(
        Ticket, verbose_name=_("ticket"), null=True, blank=True, on_delete=models.PROTECT, related_name="mails"
    )
    message = models.ForeignKey(
        "feedback.Message", null=True, blank=True, on_delete=models.PROTECT, related_name="mails", db_index=False
    )
    raw = models.FileField(_("the mail itself"), upload_to="mail/%Y/%m/", blank=True)

    objects = IncomingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming mail")
        verbose_name_plural = _("incoming mail")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "uid_validity", "uid"], name="incoming_mail_once"),
            # The same mail by two ways, at the same moment: only one of them may do something.
            models.UniqueConstraint(
                fields=["digest"], condition=~Q(verdict=Verdict.DUPLICATE), name="incoming_mail_acts_once"
            ),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="incoming_mail_verdict_known"),
        ]
        indexes = [
            models.Index(fields=["header_id"], name="incoming_mail_header_id", condition=~Q(header_id="")),
            models.Index(fields=["sender_index", "received_at"], name="incoming_mail_sender"),
            models.Index(F("created_at").desc(), F("id").desc(), name="incoming_mail_newest"),
            models.Index(
                fields=["mailbox"],
                name="incoming_mail_unattended",
                condition=Q(verdict=Verdict.BROKEN, ticket__isnull=True),
            ),
            models.Index(fields=["created_at"], name="incoming_mail_raw", condition=~Q(raw="")),
        ]

    def __str__(self) -> str:
        return self.subject or self.sender_masked or str(self._meta.verbose_name)
