"""What the texts of messages may hold, each with its meaning and a sample."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`private`: a name, a private link or free text, kept out of subjects. `prose`: free text, shortened in an SMS."""

    name: str
    meaning: str | Promise
    sample: str | Promise
    private: bool = False
    prose: bool = False


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
AUTHOR = Placeholder("author", _("who wrote it"), "李娜")
CHANGE = Placeholder("change", _("what happened"), _("a solution was proposed"))
INVOICE = Placeholder("invoice", _("invoice number"), "26317000000012345678")
UNTIL = Placeholder("until", _("until when more time is asked for"), "2024-05-16 18:00")
DECISION = Placeholder("decision", _("what was decided"), _("granted"))
LEVEL = Placeholder("level", _("step of the escalation ladder"), _("Head of department"))


DOOR_NAME = Placeholder("door", _("name of the door, mailbox or gateway"), "微信公众号")
DOOR_TROUBLE = Placeholder("trouble", _("what failed last"), "HTTP 502")
DOOR_SINCE = Placeholder("since", _("since when"), "2024-05-11 09:30")

CALL = (
    Placeholder("caller", _("caller, masked"), "138****5678"),
    Placeholder("at", _("when it rang"), "2024-05-11 09:30"),
    DUE_AT,
    DESK_LINK,
)

REFUND = (
    Placeholder("refund", _("number of the refund"), "202405-007"),
    Placeholder("amount", _("amount in yuan"), "299.00"),
    Placeholder("channel", _("way of payment"), "支付宝"),
)


def prose(name: str, meaning: str | Promise, sample: str | Promise) -> Placeholder:
    return Placeholder(name, meaning, sample, private=True, prose=True)
