"""Who hears of changes to a log-in: the person whose it is, on the desk and by e-mail (ADM-03).

Somebody who resets another's second factor to get in themselves can't keep it from them.
"""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts import events
from apps.accounts.models import User
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox
from apps.notifications.states import MessageChannel

TEMPLATE = "account_security"
CHANGES = {
    events.SECOND_FACTOR_SET_UP: _("second factor set up on a phone"),
    events.SECOND_FACTOR_REMOVED: _("second factor switched off"),
    events.SECOND_FACTOR_RESET: _("second factor reset by an administrator"),
    events.SECOND_FACTOR_LOCKED: _("too many wrong codes, log-in locked for a while"),
    events.RECOVERY_CODE_USED: _("a recovery code was used"),
    events.STAFF_PASSWORD_SET: _("password set by an administrator"),
}


@on(*CHANGES, name="notifications.tell_whose_log_in_it_is")
def tell_whose_log_in_it_is(event: Event) -> None:
    user = User.objects.get(pk=event.subject_id.int)
    link = reverse("admin:second_factor")
    facts = {
        "change": CHANGES[event.kind],
        "author": str(event.actor or event.actor_label),
        "at": event.at,
        "reason": event.reason,
        "link": f"{settings.PUBLIC_URL}{link}",
    }
    outbox.notify_many([user], TEMPLATE, context=facts, event=event, link=link)
    if user.is_active and user.email:
        outbox.send(TEMPLATE, to=outbox.Recipient(user=user), context=facts, channel=MessageChannel.EMAIL, event=event)
