"""The words of retention, personal data rights and audit (ARC-04, ARC-05, ARC-06, LAW-04, LAW-05)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RecordKind(models.TextChoices):
    """What a retention class is about."""

    VOUCHER = "voucher", _("Accounting vouchers: invoices, voids, refunds, payments")
    STATEMENT = "statement", _("Statements of payment providers")
    COMPLAINT = "complaint", _("Complaints and other feedback")
    TRANSACTION = "transaction", _("Orders")
    PERSON = "person", _("Personal data of customers")


class CountsFrom(models.TextChoices):
    FISCAL_YEAR = "fiscal_year", _("the first day after the fiscal year")
    END = "end", _("the day it ended")


class ListState(models.TextChoices):
    """Of a destruction list (销毁清册)."""

    DRAWN_UP = "drawn_up", pgettext_lazy("destruction", "Waits for two witnesses")
    WITNESSED = "witnessed", pgettext_lazy("destruction", "Witnessed, waits to be carried out")
    CARRIED_OUT = "carried_out", pgettext_lazy("destruction", "Being carried out")
    DONE = "done", pgettext_lazy("destruction", "Destroyed")
    CANCELLED = "cancelled", pgettext_lazy("destruction", "Cancelled")


class ErasedFor(models.TextChoices):
    TIME_UP = "time_up", _("the time to keep it was up")
    REQUEST = "request", _("the person asked for it")
    DESTRUCTION = "destruction", _("a destruction list")


class RequestKind(models.TextChoices):
    """What a person may ask of us (LAW-05)."""

    SEE = "see", _("See what we hold")
    COPY = "copy", _("Get a copy")
    CORRECT = "correct", _("Correct something")
    DELETE = "delete", _("Delete it")


class RequestState(models.TextChoices):
    RECEIVED = "received", pgettext_lazy("data request", "Identity to be checked")
    CHECKED = "checked", pgettext_lazy("data request", "To be answered")
    ANSWERED = "answered", pgettext_lazy("data request", "Answered")
    REFUSED = "refused", pgettext_lazy("data request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("data request", "Withdrawn")


OPEN_REQUESTS = (RequestState.RECEIVED, RequestState.CHECKED)


class RequestOutcome(models.TextChoices):
    GIVEN = "given", _("a copy was given")
    CORRECTED = "corrected", _("corrected")
    ERASED = "erased", _("erased")
    RESTRICTED = "restricted", _("restricted: kept by law, nothing else is done with it")
    NOTHING = "nothing", _("nothing is held")


class CaseKind(models.TextChoices):
    VOID = "void", _("Void requests")
    REFUND = "refund", _("Refunds and compensation")


class CheckAnswer(models.TextChoices):
    OPEN = "open", pgettext_lazy("audit", "not looked at")
    RIGHT = "right", pgettext_lazy("audit", "in order")
    WRONG = "wrong", pgettext_lazy("audit", "not in order")
    NOT_NEEDED = "not_needed", pgettext_lazy("audit", "does not apply")


class Severity(models.TextChoices):
    MINOR = "minor", _("minor")
    MAJOR = "major", _("major")
    CRITICAL = "critical", _("critical")


class FindingState(models.TextChoices):
    OPEN = "open", pgettext_lazy("finding", "With its owner")
    ANSWERED = "answered", pgettext_lazy("finding", "Answered, the auditor looks")
    CLOSED = "closed", pgettext_lazy("finding", "Closed")


class FlagKind(models.TextChoices):
    """ARC-06, and what else is worth a look."""

    SPLIT = "split", _("Split below an approval step")
    PAIR = "pair", _("The same two people again and again")
    NEW_PAYEE = "new_payee", _("Money to an account never used before")
    ONE_PAYEE = "one_payee", _("Many refunds to one account")
    AFTER_CLOSE = "after_close", _("Undone after the month was over")
    QUICK = "quick", _("Signed within seconds")
    NIGHT = "night", _("Signed at night")
