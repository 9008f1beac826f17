"""By which way the customer hears what is written on a ticket (HND-07): said before it is sent, and after."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.feedback.models import Ticket
from apps.feedback.services import announcements
from apps.notifications.states import MessageChannel


@dataclass(frozen=True, slots=True)
class Told:
    """`hint` stands below the composer, `done` is said after sending; `by_us`: staff call, no message goes out."""

    hint: str
    done: str
    reaches: bool = True
    by_us: bool = False


def told(ticket: Ticket) -> Told:
    """How the ticket's customer would be told now: what `announcements.to_customer` would do, in words, masked."""
    fresh = Ticket.objects.select_related("customer", "parent").get(pk=ticket.pk)
    if why := _nothing_goes_out(fresh):
        return Told(why, _("Saved. %(why)s") % {"why": why}, reaches=False)
    found = announcements.way_to(fresh)
    if found is None:
        why = _("No address of the customer is known: nothing can be sent.")
        return Told(why, _("Saved. %(why)s") % {"why": why}, reaches=False)
    channel, to = found
    customer = fresh.customer
    if channel == MessageChannel.PHONE:
        hint = _("The customer is called: it becomes a call to make, %(phone)s.") % {"phone": customer.phone_masked}
        return Told(hint, _("Saved as a call to make: %(phone)s.") % {"phone": customer.phone_masked}, by_us=True)
    address = {
        MessageChannel.EMAIL.value: customer.email_masked,
        MessageChannel.SMS.value: customer.phone_masked,
        MessageChannel.DOOR.value: to.door_label,
    }[channel]
    label = "" if channel == MessageChannel.DOOR else str(MessageChannel(channel).label)
    way = f"{label} {address}".strip()
    return Told(
        _("The customer is told by %(how)s.") % {"how": way}, _("Sent; the customer is told by %(how)s.") % {"how": way}
    )


def _nothing_goes_out(ticket: Ticket) -> str:
    if ticket.is_drill:
        return _("A drill: nothing leaves the house.")
    if ticket.customer.restricted_at is not None:
        return _("The customer's data is restricted: nothing is sent.")
    if ticket.parent is not None:
        return _("Words to the customer go out from %(number)s.") % {"number": ticket.parent.number}
    return ""
