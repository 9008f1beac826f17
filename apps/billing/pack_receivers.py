"""What this room does when a case closes, or a pack could not be built. Each runs exactly once per event."""

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing import events
from apps.billing.archive import packs
from apps.billing.models import EvidencePack, Refund, VoidRequest
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox


@on(events.VOID_DONE, name="billing.pack_void")
def pack_void(event: Event) -> None:
    """The invoice is undone: its case goes into the archive once its refunds are settled, too (ARC-01)."""
    packs.consider(VoidRequest.objects.get(pk=event.subject_id))


@on(
    events.REFUND_SUCCEEDED, events.REFUND_PAID_AFTER_ALL, events.REFUND_REJECTED, events.REFUND_CANCELLED,
    name="billing.pack_refund",
)  # fmt: skip
def pack_refund(event: Event) -> None:
    packs.consider(Refund.objects.get(pk=event.subject_id))


@on(events.PACK_FAILED, name="billing.pack_failed")
def pack_failed(event: Event) -> None:
    """Whoever asked for it hears of it, and those who answer for the archive."""
    pack = EvidencePack.objects.select_related("requested_by").get(pk=event.subject_id)
    people: dict[int, User] = {user.pk: user for user in with_role(Role.FINANCE_MANAGER, Role.ADMINISTRATOR)}
    if pack.requested_by is not None:
        people[pack.requested_by.pk] = pack.requested_by
    facts = {"case": str(pack), "failure": pack.failure}
    outbox.notify_many(list(people.values()), "pack_failed", context=facts, event=event, link=packs.address(pack))
