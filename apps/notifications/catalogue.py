"""Every message the product can send: its code, its channels, and the placeholders its texts may use (HND-06, HND-07).

A caller gives a value for every placeholder of the code ("" where there is none); `company` and `recipient_name` are
filled in here. A text may use fewer. The list is fixed in code because each placeholder needs a caller that knows its
value.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.notifications.message_type import DOOR, EMAIL, IN_APP, PHONE, SMS, MessageType
from apps.notifications.money_types import MONEY_TYPES
from apps.notifications.placeholders import (
    AUTHOR,
    AUTOMATIC,
    CALL,
    CATEGORY,
    CHANGE,
    CONTACT,
    CUSTOMER,
    DECISION,
    DEPARTMENT,
    DESK_LINK,
    DOOR_NAME,
    DOOR_SINCE,
    DOOR_TROUBLE,
    DUE_AT,
    HANDLER,
    KIND,
    LEVEL,
    LINK,
    METRIC,
    NUMBER,
    REASON,
    RECEIVED_AT,
    REPLY_BY,
    RESPONSIBLE,
    SURVEY_LINK,
    UNTIL,
    URGENCY,
    Placeholder,
    prose,
)

_TO_CUSTOMER = (EMAIL, SMS, PHONE, DOOR)  # a door says what the SMS says, unless it has a text of its own
_TO_STAFF = (IN_APP, EMAIL)
_DEADLINE = (NUMBER, METRIC, DUE_AT, URGENCY, CATEGORY, DEPARTMENT, RESPONSIBLE, DESK_LINK)

_TYPES = (
    MessageType(
        "acknowledgement",
        _("Acknowledgement"),
        _TO_CUSTOMER,
        (NUMBER, KIND, RECEIVED_AT, REPLY_BY, CONTACT, LINK),
        needs=("number", "link"),
    ),
    MessageType(
        "staff_reply",
        _("Reply from staff"),
        _TO_CUSTOMER,
        (
            NUMBER,
            prose("message", _("what the member of staff wrote"), _("Please send us a photo of the label.")),
            HANDLER,
            CONTACT,
            LINK,
        ),
        needs=("message",),
    ),
    MessageType(
        "progress_update",
        _("Progress update"),
        _TO_CUSTOMER,
        (
            NUMBER,
            prose("progress", _("what has been done"), _("The part has been ordered; it arrives on 14 May.")),
            Placeholder("next_update_by", _("when the next news is due (may be empty)"), "2024-05-13 18:00"),
            CONTACT,
            LINK,
        ),
        needs=("progress",),
    ),
    MessageType(
        "waiting_for_customer",
        _("Question to the customer"),
        _TO_CUSTOMER,
        (
            NUMBER,
            prose("question", _("what we need to know"), _("Which light blinks when you switch it on?")),
            HANDLER,
            CONTACT,
            LINK,
        ),
        needs=("question",),
    ),
    MessageType(
        "result_notice",
        _("Result notice"),
        _TO_CUSTOMER,
        (
            NUMBER,
            prose("solution", _("the solution"), _("We replace the battery free of charge; a courier collects it.")),
            HANDLER,
            CONTACT,
            LINK,
        ),
        needs=("number", "solution", "handler", "contact"),
    ),
    MessageType("survey", _("Survey"), _TO_CUSTOMER, (NUMBER, CONTACT, SURVEY_LINK), needs=("number",)),
    MessageType(
        "survey_reminder",
        _("Survey reminder"),
        _TO_CUSTOMER,
        (
            NUMBER,
            Placeholder("closes_on", _("when the ticket closes without an answer (may be empty)"), "2024-05-20"),
            CONTACT,
            SURVEY_LINK,
        ),
    ),
    MessageType(
        "survey_help", _("How to answer the survey"), (SMS,), (NUMBER, CONTACT, SURVEY_LINK), needs=("number",)
    ),
    MessageType("survey_stopped", _("Survey messages stopped"), (SMS,), (NUMBER, CONTACT)),
    MessageType(
        "second_followup",
        _("Second follow-up"),
        _TO_CUSTOMER,
        (
            NUMBER,
            Placeholder("contact_by", _("when we get in touch (may be empty)"), "2024-05-15 18:00"),
            CONTACT,
            LINK,
        ),
        needs=("number",),
    ),
    MessageType(
        "nudge_received",
        _("Nudge received"),
        _TO_CUSTOMER,
        (
            NUMBER,
            Placeholder("due_at", _("when the next step is due (may be empty)"), "2024-05-13 18:00"),
            CONTACT,
            LINK,
        ),
        needs=("number",),
    ),
    MessageType("closed_notice", _("Closing notice"), _TO_CUSTOMER, (NUMBER, CONTACT, LINK), needs=("number",)),
    MessageType("reopened", _("Reopened"), _TO_CUSTOMER, (NUMBER, REASON, REPLY_BY, CONTACT, LINK), needs=("number",)),
    MessageType(
        "critical_alert",
        _("Critical feedback"),
        (IN_APP, EMAIL, SMS),
        (NUMBER, KIND, CATEGORY, DEPARTMENT, CUSTOMER, RECEIVED_AT, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "assigned",
        _("Ticket assigned"),
        _TO_STAFF,
        (NUMBER, KIND, URGENCY, CATEGORY, DEPARTMENT, CUSTOMER, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType("deadline_warned", _("Deadline comes near"), _TO_STAFF, _DEADLINE, needs=("number",), for_staff=True),
    MessageType("deadline_breached", _("Deadline missed"), _TO_STAFF, _DEADLINE, needs=("number",), for_staff=True),
    MessageType(
        "deadline_escalated",
        _("Escalation"),
        (IN_APP, EMAIL, SMS),
        (*_DEADLINE, LEVEL),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "customer_replied",
        _("Customer replied"),
        _TO_STAFF,
        (NUMBER, KIND, CATEGORY, CUSTOMER, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "mentioned",
        _("Named in a note"),
        _TO_STAFF,
        (NUMBER, AUTHOR, CATEGORY, CUSTOMER, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "ticket_changed",
        _("Followed ticket changed"),
        _TO_STAFF,
        (NUMBER, CHANGE, CATEGORY, CUSTOMER, DEPARTMENT, RESPONSIBLE, DUE_AT, DESK_LINK),
        needs=("number", "change"),
        for_staff=True,
    ),
    MessageType(
        "extension_asked",
        _("Extension asked for"),
        _TO_STAFF,
        (NUMBER, METRIC, DUE_AT, UNTIL, AUTHOR, REASON, DEPARTMENT, DESK_LINK),
        needs=("number", "until"),
        for_staff=True,
    ),
    MessageType(
        "extension_decided",
        _("Extension decided"),
        _TO_STAFF,
        (NUMBER, METRIC, DECISION, DUE_AT, REASON, DESK_LINK),
        needs=("number", "decision"),
        for_staff=True,
    ),
    MessageType(
        "account_security",
        _("Your log-in was changed"),
        _TO_STAFF,
        (CHANGE, AUTHOR, Placeholder("at", _("when"), "2024-05-16 18:00"), REASON, DESK_LINK),
        needs=("change",),
        for_staff=True,
    ),
    MessageType(
        "library_review",
        _("Monthly keyword review"),
        _TO_STAFF,
        (
            Placeholder("month", _("the month"), "2026-06"),
            Placeholder("changes", _("how many changes there were since the last month began"), "12"),
            DESK_LINK,
        ),
        needs=("month",),
        for_staff=True,
    ),
    MessageType(
        "official_days_missing",
        _("Public holidays not announced"),
        _TO_STAFF,
        (Placeholder("year", _("the year"), "2027"), DESK_LINK),
        needs=("year",),
        for_staff=True,
    ),
    MessageType(
        "survey_contradicted",
        _("Good score, but not solved"),
        _TO_STAFF,
        (NUMBER, KIND, CATEGORY, DEPARTMENT, CUSTOMER, RESPONSIBLE, REASON, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "customer_nudged",
        _("Customer asks where it stands"),
        _TO_STAFF,
        (
            NUMBER,
            Placeholder("count", _("how often by now"), "3"),
            URGENCY,
            CATEGORY,
            DEPARTMENT,
            CUSTOMER,
            RESPONSIBLE,
            DUE_AT,
            REASON,
            DESK_LINK,
        ),
        needs=("number", "count"),
        for_staff=True,
    ),
    MessageType(
        "repeat_received",
        _("The same issue came in again"),
        _TO_STAFF,
        (NUMBER, Placeholder("repeat", _("number of the repeat"), "202405-014"), CATEGORY, CUSTOMER, DESK_LINK),
        needs=("number", "repeat"),
        for_staff=True,
    ),
    MessageType(
        "parts_done",
        _("All parts are done"),
        _TO_STAFF,
        (NUMBER, Placeholder("part", _("number of the last part"), "202405-015"), DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "supervisor_requested",
        _("Customer asks for a supervisor"),
        _TO_STAFF,
        (NUMBER, KIND, CATEGORY, DEPARTMENT, CUSTOMER, RESPONSIBLE, REASON, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "chat_waiting",
        _("Somebody waits in the chat"),
        (IN_APP,),
        (NUMBER, CATEGORY, DEPARTMENT, CUSTOMER, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    MessageType(
        "platform_refused",
        _("Payment provider refused our answer"),
        (IN_APP,),
        (NUMBER, REASON, CUSTOMER, DUE_AT, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
    *(
        MessageType(
            code,
            label,
            (IN_APP,),
            (
                NUMBER,
                AUTHOR,
                prose("question", _("what was asked or answered"), _("Is the photo of this invoice?")),
                DESK_LINK,
            ),
            needs=("number", "question"),
            for_staff=True,
        )
        for code, label in (
            ("question_asked", _("Asked back before a decision")),
            ("question_answered", _("Your question was answered")),
        )
    ),
    MessageType("missed_call", _("Missed call"), (IN_APP,), CALL, needs=("caller",), for_staff=True),
    MessageType("call_unlogged", _("Call not logged"), (IN_APP,), CALL, needs=("caller",), for_staff=True),
    *MONEY_TYPES,
    MessageType(
        "door_failing",
        _("Door fails"),
        (IN_APP,),
        (DOOR_NAME, DOOR_TROUBLE, DOOR_SINCE, DESK_LINK),
        needs=("door",),
        for_staff=True,
    ),
    MessageType(
        "door_well",
        _("Door is well again"),
        (IN_APP,),
        (DOOR_NAME, DOOR_TROUBLE, DOOR_SINCE, DESK_LINK),
        needs=("door",),
        for_staff=True,
    ),
)

MESSAGE_TYPES: dict[str, MessageType] = {each.code: each for each in _TYPES}
TO_CUSTOMERS = tuple(each.code for each in _TYPES if not each.for_staff)


def codes() -> list[tuple[str, str | Promise]]:
    """Choices of the models; a function, so that a new message needs no migration."""
    return [(each.code, each.label) for each in _TYPES]


def placeholders(code: str) -> dict[str, Placeholder]:
    """All placeholders a text of this code may use, by name. Raises KeyError for an unknown code."""
    return {each.name: each for each in (*AUTOMATIC, *MESSAGE_TYPES[code].placeholders)}
