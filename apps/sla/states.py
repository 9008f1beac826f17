"""The words of this room: what is due, in which clock, and what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Metric(models.TextChoices):
    """What a deadline is about. A new kind of deadline is a new metric here and a policy row, never new timer code."""

    FIRST_RESPONSE = "first_response", _("First response")
    HOTLINE_PICKUP = "hotline_pickup", _("Hotline pick-up")
    ACCEPTANCE = "acceptance", _("Acceptance by the department")
    PROGRESS = "progress", pgettext_lazy("deadline", "Progress update")
    ANSWER = "answer", pgettext_lazy("deadline", "Answer")
    RESOLUTION = "resolution", pgettext_lazy("deadline", "Resolution")
    CALLBACK = "callback", _("Satisfaction call-back")
    SECOND_FOLLOW_UP = "second_follow_up", _("Second follow-up")
    SUPERVISOR_CALL = "supervisor_call", _("Supervisor call-back")
    CARE_TASK = "care_task", _("Customer care")
    SURVEY_SEND = "survey_send", _("Sending the survey")
    SURVEY_REMINDER = "survey_reminder", _("Reminding of the survey")
    SURVEY_NO_REPLY = "survey_no_reply", _("Giving up on the survey")
    PLATFORM_REPLY = "platform_reply", _("Answer at the payment provider")
    PLATFORM_DONE = "platform_done", _("Done at the payment provider")
    CALL_RETURN = "call_return", _("Returning a missed call")
    EIGHT_D = "eight_d", _("8D answer")
    REPLACEMENT = "replacement", _("Replacement request")
    VOIDING = "void", _("Voiding of the invoice")
    RED_FORM = "red_form", _("Confirmation of the red form")
    DIFFERENCE = "difference", _("Settling a statement difference")
    DATA_REQUEST = "data_request", _("Answer to a data request")
    AUDIT_FINDING = "audit_finding", _("Audit finding to be put right")
    REGULATOR = "regulator", _("Settlement of the regulator case")
    LEGAL_REFUND = "legal_refund", _("Refund after the return")
    LEGAL_REFUND_LIMIT = "legal_refund_limit", _("Refund before it is punishable")


def metrics() -> list[tuple[str, str]]:
    """Choices of the models; a function, so that a new metric needs no migration."""
    return list(Metric.choices)


class Purpose(models.TextChoices):
    OBLIGATION = (
        "obligation",
        pgettext_lazy("deadline", "Obligation"),
    )  # somebody must do something in time; can be breached
    TIMER = "timer", pgettext_lazy("deadline", "Timer")  # the system does something when the time has come; fires once


TIMERS = frozenset({Metric.SURVEY_SEND, Metric.SURVEY_REMINDER, Metric.SURVEY_NO_REPLY})
# Their time limits are versions of a legal rule and nothing else (LAW-01, LAW-02).
LEGAL = frozenset({Metric.REGULATOR, Metric.LEGAL_REFUND, Metric.LEGAL_REFUND_LIMIT})

# What service owes the customer by itself: a decision elsewhere neither waits for it nor meets it.
CONTACT = frozenset(
    {
        Metric.FIRST_RESPONSE, Metric.HOTLINE_PICKUP, Metric.ACCEPTANCE, Metric.CALLBACK, Metric.SECOND_FOLLOW_UP,
        Metric.SUPERVISOR_CALL, Metric.CARE_TASK, Metric.CALL_RETURN, Metric.PLATFORM_REPLY,
    }
)  # fmt: skip


def purpose_of(metric: str) -> Purpose:
    return Purpose.TIMER if metric in TIMERS else Purpose.OBLIGATION


class Unit(models.TextChoices):
    CLOCK_MINUTES = "clock_minutes", _("minutes by the clock")
    WORKING_MINUTES = "working_minutes", _("working minutes")
    WORKING_DAYS = "working_days", _("working days")


class State(models.TextChoices):
    """Late or not is told by `breached_at`, not by the state: what is met late stays breached."""

    OPEN = "open", pgettext_lazy("deadline", "Open")
    MET = "met", pgettext_lazy("deadline", "Met")
    CANCELLED = "cancelled", pgettext_lazy("deadline", "Cancelled")  # no longer asked for
    FIRED = "fired", pgettext_lazy("deadline", "Fired")  # a timer that went off


class ExtensionState(models.TextChoices):
    """What became of a request for more time (SLA-05)."""

    REQUESTED = "requested", pgettext_lazy("extension", "Waiting for a decision")  # 待审批
    APPROVED = "approved", pgettext_lazy("extension", "Granted")  # 已同意: the deadline has its new date
    REFUSED = "refused", pgettext_lazy("extension", "Refused")  # 已拒绝: the old date stands
    EXPIRED = "expired", pgettext_lazy("extension", "Expired")  # 已失效: the old date passed, or the deadline ended
    WITHDRAWN = "withdrawn", pgettext_lazy("extension", "Withdrawn")  # 已撤回 by who asked


class DayKind(models.TextChoices):
    HOLIDAY = "holiday", _("Public holiday")
    WORKDAY = "workday", _("Make-up working day")  # 调休
    COMPANY_DAY_OFF = "company_day_off", _("Company day off")
    ORDINARY = "ordinary", _("As its weekday")  # the official entry of this date does not hold here


class Level(models.TextChoices):
    """The escalation ladder, lowest first (SLA-04)."""

    ASSIGNEE = "assignee", _("Assignee")
    HEAD = "head", _("Department head")
    DUTY_MANAGER = "duty_manager", _("Duty manager")
    MANAGEMENT = "management", _("Management")


RANK = {level: rank for rank, level in enumerate(Level.values, start=1)}


class OverdueUnit(models.TextChoices):
    PERCENT = "percent", _("percent of the target")
    MINUTES = "minutes", _("minutes")


class Weekday(models.IntegerChoices):
    """As `date.weekday()` counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")
