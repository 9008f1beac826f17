"""Every message the product can send: its code, its channels, and the placeholders its texts may use (HND-06, HND-07).

A caller gives a value for every placeholder of the code ("" where there is none); `company` and `recipient_name` are
filled in here. A text may use fewer. The list is fixed in code because each placeholder needs a caller that knows its
value.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.notifications.states import MessageChannel

EMAIL, SMS, PHONE, IN_APP = (
    MessageChannel.EMAIL,
    MessageChannel.SMS,
    MessageChannel.PHONE,
    MessageChannel.IN_APP,
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`private`: a name, a private link or free text, kept out of subjects. `prose`: free text, shortened in an SMS."""

    name: str
    meaning: str | Promise
    sample: str | Promise
    private: bool = False
    prose: bool = False


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message to customers (`for_staff` False) or colleagues; `needs` are placeholders no text may leave out."""

    code: str
    label: str | Promise
    channels: tuple[MessageChannel, ...]
    placeholders: tuple[Placeholder, ...]
    needs: tuple[str, ...] = ()
    for_staff: bool = False


COMPANY = Placeholder("company", _("name of the company"), _("Qingchuan Appliances"))
RECIPIENT = Placeholder("recipient_name", _("name of the recipient"), _("Zhang San"), private=True)
AUTOMATIC = (COMPANY, RECIPIENT)

NUMBER = Placeholder("number", _("ticket number"), "202405-001")
KIND = Placeholder("kind", _("kind of feedback"), _("Complaint"))
URGENCY = Placeholder("urgency", _("urgency"), _("Urgent"))
CATEGORY = Placeholder("category", _("category"), _("Product quality"))
DEPARTMENT = Placeholder("department", _("responsible department"), _("After-sales service"))
CUSTOMER = Placeholder("customer", _("customer's name, masked"), "张*")
LINK = Placeholder("link", _("private link to the tracking page"), "https://service.example.com/t/7Kq2…", private=True)
SURVEY_LINK = Placeholder("link", _("private link to the survey"), "https://service.example.com/s/9Xd4…", private=True)
DESK_LINK = Placeholder("link", _("link to the ticket in the desk"), "https://service.example.com/desk/…", private=True)
RECEIVED_AT = Placeholder("received_at", _("when the feedback arrived"), "2024-05-11 09:30")
REPLY_BY = Placeholder("reply_by", _("when an answer is due (may be empty)"), "2024-05-12 09:30")
CONTACT = Placeholder("contact", _("how to reach us"), "400-820-0000")
HANDLER = Placeholder("handler", _("handler: masked name and staff number"), _("Li* (staff no. 1024)"))
REASON = Placeholder(
    "reason", _("reason (may be empty)"), _("The fault came back after two days"), private=True, prose=True
)
RESPONSIBLE = Placeholder("responsible", _("who works on it (may be empty)"), "李娜")
METRIC = Placeholder("metric", _("what is due"), _("First response"))
DUE_AT = Placeholder("due_at", _("when it is due"), "2024-05-11 10:30")
LEVEL = Placeholder("level", _("step of the escalation ladder"), _("Head of department"))


def _prose(name: str, meaning: str | Promise, sample: str | Promise) -> Placeholder:
    return Placeholder(name, meaning, sample, private=True, prose=True)


_TO_CUSTOMER = (EMAIL, SMS, PHONE)
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
            _prose("message", _("what the member of staff wrote"), _("Please send us a photo of the label.")),
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
            _prose("progress", _("what has been done"), _("The part has been ordered; it arrives on 14 May.")),
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
            _prose("question", _("what we need to know"), _("Which light blinks when you switch it on?")),
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
            _prose("solution", _("the solution"), _("We replace the battery free of charge; a courier collects it.")),
            HANDLER,
            CONTACT,
            LINK,
        ),
        needs=("number", "solution", "handler", "contact"),
    ),
    MessageType("survey", _("Survey"), _TO_CUSTOMER, (NUMBER, CONTACT, SURVEY_LINK)),
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
        "supervisor_requested",
        _("Customer asks for a supervisor"),
        _TO_STAFF,
        (NUMBER, KIND, CATEGORY, DEPARTMENT, CUSTOMER, RESPONSIBLE, REASON, DESK_LINK),
        needs=("number",),
        for_staff=True,
    ),
)

MESSAGE_TYPES: dict[str, MessageType] = {each.code: each for each in _TYPES}


def codes() -> list[tuple[str, str | Promise]]:
    """Choices of the models; a function, so that a new message needs no migration."""
    return [(each.code, each.label) for each in _TYPES]


def placeholders(code: str) -> dict[str, Placeholder]:
    """All placeholders a text of this code may use, by name. Raises KeyError for an unknown code."""
    return {each.name: each for each in (*AUTOMATIC, *MESSAGE_TYPES[code].placeholders)}
