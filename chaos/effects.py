"""What must be true at the end, asked of the database."""

import time

from apps.core import actors
from apps.crm.services.customers import Contact
from apps.feedback.models import Ticket
from apps.feedback.services import intake
from apps.feedback.services.intake import Report
from apps.journal.models import Delivery, Event
from apps.notifications.models import OutgoingMessage


def receive(n: int) -> float:
    """One intake; returns its seconds."""
    started = time.monotonic()
    report = Report(
        text=f"第{n}台空调制热很慢，已经等了三天没人联系",
        contact=Contact(name="混沌", email=f"chaos{n}@example.com"),
        channel="online",
    )
    intake.receive(report, actor=actors.CUSTOMER)
    return time.monotonic() - started


def wait_until_delivered(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (
            not Delivery.objects.filter(done_at=None).exists()
            and not OutgoingMessage.objects.filter(state="queued").exists()
        ):
            return True
        time.sleep(0.5)
    return False


def wrong(tickets: int) -> list[str]:
    """Findings; none when everything happened exactly once."""
    found = []
    numbers = sorted(int(n.split("-")[1]) for n in Ticket.objects.values_list("number", flat=True))
    if numbers != list(range(1, tickets + 1)):
        found.append(f"{len(numbers)} tickets, numbers not 1…{tickets}")
    received = Event.objects.filter(kind="ticket.received").count()
    if received != tickets:
        found.append(f"{received} events of {tickets} receipts")
    acknowledged = OutgoingMessage.objects.filter(template="acknowledgement")
    if acknowledged.count() != tickets or acknowledged.values("subject_id").distinct().count() != tickets:
        found.append(f"{acknowledged.count()} acknowledgements for {tickets} tickets")
    if unsent := acknowledged.exclude(state="sent").count():
        found.append(f"{unsent} acknowledgements not sent")
    sent = Event.objects.filter(kind="message.sent").count()
    if sent != acknowledged.count():
        found.append(f"{sent} events of {acknowledged.count()} messages sent")
    if open_deliveries := Delivery.objects.filter(done_at=None).count():
        found.append(f"{open_deliveries} deliveries never done")
    return found
