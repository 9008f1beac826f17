"""Who hears that somebody is waiting in the chat. Each runs exactly once per event (journal.deliveries)."""

from django.db.models import Q

from apps.accounts.models import User
from apps.channels.chat import events
from apps.feedback.models import Ticket
from apps.feedback.services import announcements
from apps.journal.models import Event
from apps.journal.receivers import on

_MAY_HANDLE = Q(groups__permissions__codename="handle_ticket", groups__permissions__content_type__app_label="feedback")


@on(events.CHAT_OPENED, name="channels.announce_chat")
def announce_chat(event: Event) -> None:
    """Everybody in the department who may answer hears that a customer waits in the chat; else its heads."""
    ticket = Ticket.objects.select_related("customer", "department", "category", "assignee").get(pk=event.subject_id)
    members = User.objects.filter(_MAY_HANDLE, is_active=True, department_id=ticket.department_id).distinct()
    users = [ticket.assignee] if ticket.assignee else list(members.order_by("pk"))
    announcements.to_staff(users or announcements.responsible(ticket), "chat_waiting", ticket, event)
