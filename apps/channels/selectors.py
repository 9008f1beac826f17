"""How every way in and out of the house is: doors, mailboxes, the mail server and the SMS gateway."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.channels.models import Door, Inbound
from apps.channels.services import doors
from apps.core import clock
from apps.feedback.models import Mailbox
from apps.feedback.selectors import mail
from apps.notifications.adapters import EmailAdapter, SmsGatewayAdapter
from apps.notifications.models import OutgoingMessage
from apps.notifications.states import MessageChannel, MessageState

FAILING_FROM = 3  # failures in a row: one is weather
STUCK = timedelta(minutes=10)
RECENT = 1000  # of the newest messages: what a page may look through


@dataclass(slots=True)
class Checkup:
    """One way in or out. `state`: well, new, off, silent (a worry) or ill; moments are aware.

    `refused`: requests without the right signature in the last 24 hours. Anybody can send one, so they say nothing about
    the state; `refused_at` is the last one, kept to the minute.
    """

    about: str
    name: str
    kind: str
    state: str = "well"
    words: str = ""
    error: str = ""
    heard_at: datetime | None = None
    answered_at: datetime | None = None
    failed_at: datetime | None = None
    failures: int = 0
    waiting: int = 0
    failed: int = 0
    link: str = ""
    failed_link: str = ""
    refused: int = 0
    refused_at: datetime | None = None

    @property
    def ill(self) -> bool:
        return self.state == "ill"


def checkups() -> list[Checkup]:
    """Everything at once, doors first."""
    return [*_doors(Door.objects.all()), *_mailboxes(), *_ways_out()]


def checkup(door: Door) -> Checkup:
    """One door, as the list of all shows it."""
    return next(_doors(Door.objects.filter(pk=door.pk)))


def failed_items(limit: int = 20) -> list[Inbound]:
    """Incoming items that need a person, newest first."""
    rows = Inbound.objects.filter(state=Inbound.State.FAILED).select_related("door").defer("payload")
    return list(rows.order_by("-at", "-id")[:limit])


def _doors(wanted: "QuerySet[Door]") -> Iterator[Checkup]:
    now, rows = clock.now(), list(wanted.defer("secrets", "token"))
    open_items = Inbound.objects.filter(state__in=[Inbound.State.RECEIVED, Inbound.State.FAILED], door__in=rows).values(
        "door"
    )
    counted = {
        row["door"]: row
        for row in open_items.annotate(
            waiting=Count("pk", filter=Q(state=Inbound.State.RECEIVED)),
            failed=Count("pk", filter=Q(state=Inbound.State.FAILED)),
            oldest=Min("at", filter=Q(state=Inbound.State.RECEIVED, error="")),
        )
    }
    refused = doors.refused_lately(door.pk for door in rows)
    for door in rows:
        items = counted.get(door.pk, {"waiting": 0, "failed": 0, "oldest": None})
        found = Checkup(
            f"door:{door.pk}", door.name, door.get_kind_display(),
            heard_at=door.heard_at, answered_at=door.answered_at, failed_at=door.failed_at, error=_(door.failure),
            failures=door.failures, waiting=items["waiting"], failed=items["failed"],
            link=reverse("admin:channels_door_change", args=[door.pk]),
            failed_link=f"{reverse('admin:channels_inbound_changelist')}?door__id__exact={door.pk}&state__exact=failed",
            refused=refused[door.pk], refused_at=door.refused_at,
        )  # fmt: skip
        found.state, found.words = _door_state(door, found, now, items["oldest"])
        yield found


def _door_state(door: Door, found: Checkup, now: datetime, oldest: datetime | None) -> tuple[str, str]:
    if not door.active:
        return "off", _("out of use")
    if door.failures >= FAILING_FROM:
        return "ill", _("fails again and again")
    if found.failed:
        return "ill", _("items that could not be taken in")
    if oldest and now - oldest > STUCK:
        return "silent", _("Is the background worker running?")
    if door.heard_at is None and door.answered_at is None:
        return "new", _("nothing heard yet")
    return "well", _("well")


def _mailboxes() -> Iterator[Checkup]:
    now = clock.now()
    for mailbox in mail.with_unattended(Mailbox.objects.defer("password")):
        health = mail.health(mailbox, now)
        state = health.state
        if state == "ill" and mailbox.failures < FAILING_FROM:
            state = "silent"
        elif state == "silent":  # nobody has read it for a while
            state = "ill"
        yield Checkup(
            f"mailbox:{mailbox.pk}", mailbox.address, _("Mailbox"),
            state=state,
            words=health.words,
            error=health.detail if mailbox.trouble else "",
            heard_at=mailbox.last_success_at,
            failures=mailbox.failures,
            failed=mailbox.unattended_count,
            link=reverse("admin:feedback_mailbox_change", args=[mailbox.pk]),
            failed_link=f"{reverse('admin:feedback_incomingmail_changelist')}?attention=1",
        )  # fmt: skip


def _ways_out() -> Iterator[Checkup]:
    if settings.EMAIL_HOST:
        yield _way_out("mail", MessageChannel.EMAIL, EmailAdapter.name)
    if settings.SMS_GATEWAY_URL:
        yield _way_out("sms", MessageChannel.SMS, SmsGatewayAdapter.name)


def _way_out(about: str, channel: MessageChannel, provider: str) -> Checkup:
    """Told from the messages themselves: what waits with an error, and the last that went out."""
    queued = OutgoingMessage.objects.filter(channel=channel, next_try_at__isnull=False).exclude(error="").order_by()
    told = queued.aggregate(count=Count("pk"), worst=Count("pk", filter=Q(attempts__gte=FAILING_FROM)))
    newest = OutgoingMessage.objects.order_by("-id").values("pk")[:RECENT]
    recent = OutgoingMessage.objects.filter(pk__in=newest, channel=channel)
    last = recent.filter(state=MessageState.SENT, provider=provider).order_by("-sent_at").first()
    wrong = queued.defer("body", "recipient", "recipient_name", "thread").order_by("-next_try_at").first()
    failed = recent.filter(state=MessageState.FAILED).exclude(provider="").count()
    state = "ill" if told["worst"] else ("silent" if told["count"] else ("well" if last else "new"))
    words = {"ill": _("fails again and again"), "silent": _("tries again"), "new": _("nothing sent lately")}
    outbox = reverse("admin:notifications_outgoingmessage_changelist")
    return Checkup(
        about, _(provider), MessageChannel(channel).label, state=state, words=words.get(state, _("well")),
        error=_(wrong.error) if wrong else "", answered_at=last.sent_at if last else None,
        failures=wrong.attempts if wrong else 0, waiting=told["count"], failed=failed,
        link=f"{outbox}?channel__exact={channel.value}",
        failed_link=f"{outbox}?channel__exact={channel.value}&state__exact=failed",
    )  # fmt: skip
