"""What other systems may subscribe to (LNK-04): the turning points of a ticket, in words."""

from django.utils.translation import gettext_lazy as _

from apps.accounts.services import webhooks
from apps.feedback import events
from apps.feedback.models import Ticket

KINDS = {
    events.TICKET_RECEIVED: _("A ticket was received"),
    events.TICKET_RECLASSIFIED: _("A ticket was classified anew"),
    events.TICKET_ASSIGNED: _("A ticket was assigned"),
    events.TICKET_ACCEPTED: _("A ticket was accepted"),
    events.TICKET_ESCALATED: _("A ticket was escalated"),
    events.SOLUTION_PROPOSED: _("A solution was proposed"),
    events.SOLUTION_APPROVED: _("A solution was approved"),
    events.TICKET_RESOLVED: _("A ticket was resolved"),
    events.SURVEY_ANSWERED: _("A customer answered the survey"),
    events.FOLLOW_UP_STARTED: _("A second follow-up began"),
    events.TICKET_CLOSED: _("A ticket was closed"),
    events.TICKET_REOPENED: _("A ticket was reopened"),
    events.TICKET_REJECTED: _("A ticket was refused"),
    events.TICKET_MERGED: _("A ticket was merged into another"),
}

webhooks.offer(KINDS, numbered=[Ticket])
