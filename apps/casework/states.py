"""The words of this room."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.feedback.states import TicketState


class CareState(models.TextChoices):
    """What became of a care task (HND-10)."""

    OPEN = "open", pgettext_lazy("care task", "Open")
    DONE = "done", pgettext_lazy("care task", "Done")
    SKIPPED = "skipped", pgettext_lazy("care task", "Skipped")  # with a reason


class CareMoment(models.TextChoices):
    """When a care rule looks at a ticket."""

    RECEIVED = "received", _("when it comes in or is reclassified")
    RESOLVED = "resolved", _("when it is resolved")


class Party(models.TextChoices):
    """Who was interviewed (HND-04)."""

    CUSTOMER = "customer", _("Customer")
    COLLEAGUE = "colleague", _("Colleague")
    SUPPLIER = "supplier", _("Supplier")
    WITNESS = "witness", _("Witness")


class Activity(models.TextChoices):
    """What time was spent on."""

    PHONE = "phone", _("Phone calls")
    WRITING = "writing", _("Writing")
    ANALYSIS = "analysis", _("Analysis")
    TEST = "test", _("Testing and repair")
    VISIT = "visit", _("On-site visit")
    COORDINATION = "coordination", _("Coordination")
    OTHER = "other", pgettext_lazy("activity", "Other")


def activities() -> list[tuple[str, str]]:
    """Choices of the model; a function, so that a new activity needs no migration."""
    return list(Activity.choices)


class Tone(models.TextChoices):
    """How a reply template speaks (HND-06)."""

    PLAIN = "plain", _("Matter-of-fact")
    WARM = "warm", _("Warm")
    CALMING = "calming", _("Calming")  # for customers who are upset: offered first to them
    FORMAL = "formal", _("Formal")


class StepKind(models.TextChoices):
    """What a macro can do; each step is one call of the service that a person would call."""

    ACCEPT = "accept", _("Accept")
    ASSIGN = "assign", _("Assign")
    URGENCY = "urgency", _("Set urgency")
    TAG = "tag", _("Add tag")
    CHECKLIST = "checklist", _("Add check-list")
    NOTE = "note", _("Write an internal note")
    PROGRESS = "progress", _("Send a progress note")
    REPLY = "reply", _("Send a reply")
    WAIT = "wait", _("Ask the customer and wait")
    FOLLOW = "follow", _("Follow the ticket")


# States that staff take a ticket to, and the step by which they do it. Only these can demand something: what the
# customer's own answer or a timer brings about must never fail for a missing field.
ENTERED_BY = {
    TicketState.IN_PROGRESS: "accept",
    TicketState.WAITING: "ask_customer",
    TicketState.SOLUTION_APPROVAL: "propose_solution",
    TicketState.RESOLVED: "resolve",
    TicketState.CLOSED: "close_followed_up",
}


def demanding_states() -> list[tuple[str, str]]:
    """Choices of the model; a function, so that a new state needs no migration."""
    return [(state.value, str(state.label)) for state in ENTERED_BY]
