"""The messages about money, audit and retention; part of `catalogue`."""

from django.utils.translation import gettext_lazy as _

from apps.notifications.message_type import DOOR, EMAIL, IN_APP, PHONE, SMS, MessageType
from apps.notifications.placeholders import (
    CONTACT,
    DESK_LINK,
    DUE_AT,
    INVOICE,
    LINK,
    METRIC,
    NUMBER,
    REASON,
    REFUND,
    UNTIL,
    Placeholder,
)

_TO_CUSTOMER = (EMAIL, SMS, PHONE, DOOR)
_TO_STAFF = (IN_APP, EMAIL)

WHAT = Placeholder("what", _("what the customer is given"), _("Points"))

MONEY_TYPES = (
    *(
        MessageType(code, label, _TO_CUSTOMER, (NUMBER, *REFUND, CONTACT, LINK), needs=("amount", "channel"))
        for code, label in (
            ("refund_sent", _("Refund on its way")),
            ("refund_paid", _("Refund paid")),
            ("refund_delayed", _("Refund takes longer")),
        )
    ),
    *(
        MessageType(code, label, _TO_CUSTOMER, (NUMBER, WHAT, *REFUND, CONTACT, LINK), needs=("what", "amount"))
        for code, label in (
            ("compensation_sent", _("Compensation on its way")),
            ("compensation_paid", _("Compensation paid")),
            ("compensation_delayed", _("Compensation takes longer")),
            ("benefit_granted", _("Coupon, points or membership granted")),
        )
    ),
    MessageType(
        "refund_refused",
        _("Refund refused"),
        _TO_CUSTOMER,
        (NUMBER, REFUND[0], REFUND[1], REASON, CONTACT, LINK),
        needs=("amount", "reason"),
    ),
    MessageType(
        "money_decided",
        _("Money of a ticket: decided"),
        (IN_APP,),
        (
            NUMBER,
            Placeholder("what", _("what was decided"), _("refund approved")),
            Placeholder("case", _("number of the void request, refund or cancellation"), "202405-007"),
            REFUND[1],
            REASON,
            DESK_LINK,
        ),
        needs=("number", "what", "case"),
        for_staff=True,
    ),
    MessageType(
        "money_not_opened",
        _("Money of a ticket: left to a person"),
        (IN_APP,),
        (NUMBER, REASON, DESK_LINK),
        needs=("number", "reason"),
        for_staff=True,
    ),
    MessageType(
        "refund_stuck",
        _("Refund needs another way"),
        (IN_APP,),
        (*REFUND, Placeholder("failure", _("the provider's code"), "ACQ.SELLER_BALANCE_NOT_ENOUGH"), DESK_LINK),
        needs=("refund",),
        for_staff=True,
    ),
    MessageType(
        "red_form_reminder",
        _("Red form waits for the buyer"),
        _TO_CUSTOMER,
        (NUMBER, INVOICE, UNTIL, CONTACT, LINK),
        needs=("invoice",),
    ),
    MessageType(
        "red_form_stays",
        _("Red form to be withdrawn at the tax bureau"),
        (IN_APP,),
        (
            Placeholder("request", _("number of the void request"), "202611-004"),
            Placeholder("form", _("number of the red form"), "HZ3326000000000001"),
            Placeholder("failure", _("what the tax platform said"), "FORM_BUSY"),
            DESK_LINK,
        ),
        needs=("request",),
        for_staff=True,
    ),
    MessageType(
        "month_end_voids",
        _("Voids that turn into red letters"),
        _TO_STAFF,
        (
            Placeholder("count", _("how many requests"), "3"),
            Placeholder("amount", _("amount"), "3,390.00"),
            Placeholder("requests", _("numbers of the void requests"), "202611-004, 202611-009", prose=True),
            Placeholder("day", _("last day of the month"), "2026-11-30"),
            DESK_LINK,
        ),
        needs=("count",),
        for_staff=True,
    ),
    MessageType(
        "pack_failed",
        _("Evidence pack could not be built"),
        (IN_APP,),
        (
            Placeholder("case", _("case and version"), "202611-004 v1"),
            Placeholder("failure", _("what went wrong"), "OSError: disk full"),
            DESK_LINK,
        ),
        needs=("case",),
        for_staff=True,
    ),
    MessageType(
        "float_low",
        _("Too little money at a payment provider"),
        (IN_APP,),
        (
            REFUND[2],
            Placeholder("balance", _("what is left there, in yuan"), "1,200.00"),
            Placeholder("queued", _("what waits to be paid, in yuan"), "3,450.00"),
            Placeholder("daily", _("what goes out in a day, in yuan"), "2,100.00"),
            DESK_LINK,
        ),
        needs=("channel",),
        for_staff=True,
    ),
    MessageType(
        "difference_found",
        _("Difference in a provider's statement"),
        (IN_APP,),
        (
            Placeholder("number", _("our refund number"), "R20240500101"),
            Placeholder("kind", _("what differs"), _("another amount")),
            REFUND[2],
            DESK_LINK,
        ),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "money_deadline",
        _("Deadline of a finance case"),
        (IN_APP,),
        (NUMBER, METRIC, DUE_AT, Placeholder("stage", _("how it stands"), _("was missed")), DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "audit_task",
        _("Work of the audit, of retention and of data requests"),
        (IN_APP,),
        (NUMBER, Placeholder("task", _("what is to be done"), _("a finding for you")), DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
)
