"""Nobody rates or closes their own contradiction (HND-12): who worked on a ticket is read from its events."""

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Survey, Ticket
from apps.feedback.states import TO_CUSTOMER
from apps.journal.models import Event

RATES = "feedback.follow_up_ticket"
_WORK = (
    events.TICKET_ACCEPTED, events.TICKET_WAITING, events.PLAN_WRITTEN, events.SOLUTION_PROPOSED, events.TICKET_RESOLVED,
)  # fmt: skip


def handlers(ticket: Ticket) -> set[int]:
    """The people who worked on it: its handler, and whoever accepted, asked, planned, proposed, answered or resolved.

    What happened after the last survey was answered is follow-up, not handling.
    """
    done = Event.objects.filter(subject_id=ticket.pk, actor_id__isnull=False)
    survey = Survey.objects.filter(ticket=ticket, answered_at__isnull=False).order_by("-round").first()
    if survey is not None:
        done = done.filter(at__lte=survey.answered_at)
    worked = done.filter(kind__in=_WORK)
    answered = done.filter(kind=events.MESSAGE_ADDED, data__kind__in=[str(kind.value) for kind in TO_CUSTOMER])
    found = {*worked.values_list("actor_id", flat=True), *answered.values_list("actor_id", flat=True)}
    return {pk for pk in (*found, ticket.assignee_id) if pk is not None}


def check_rating(ticket: Ticket, actor: Actor) -> None:
    """Customers rate; staff only write down what a customer of others said.

    Raises DomainError `core.not_allowed`, `survey.own_rating`.
    """
    if actor.kind in ("customer", "system"):
        return
    if actor.user_id is None or not actor.can(RATES):
        raise DomainError("core.not_allowed")
    if actor.user_id in handlers(ticket):
        raise DomainError("survey.own_rating")


def check_closing(ticket: Ticket, actor: Actor) -> None:
    """Raises DomainError `survey.own_contradiction`; a client without a person behind it counts as one who handled it."""
    survey = Survey.objects.filter(ticket=ticket, round=ticket.reopen_count).first()
    if survey is None or not survey.contradiction or actor.kind == "system":
        return
    if actor.user_id is None or actor.user_id in handlers(ticket):
        raise DomainError("survey.own_contradiction")
