"""Placeholders of reply templates (HND-06): checked when a template is saved, filled for one ticket.

The syntax is that of the messages (`notifications.rendering`): `{name}`, nothing else; a filled-in value is never looked
at for placeholders again, and a line whose placeholders are all empty is left out.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.notifications.rendering import Value, plain
from apps.notifications.services import outbox

BODY_LENGTH = 4_000  # characters of a template
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_BRACED = re.compile(r"\{[^{}\n]{0,60}\}?|\}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`value` finds it for a ticket; empty for a `personal` one, which comes from the customer's record."""

    meaning: str | Promise
    sample: str | Promise
    value: Callable[[Ticket], Value] = lambda ticket: ""
    personal: str = ""


def _handler(ticket: Ticket) -> Value:
    return outbox.handler(ticket.assignee)


def _promised(ticket: Ticket) -> Value:
    plan = ticket.plans.first()
    return plan.promised_at if plan else ""


def _measures(ticket: Ticket) -> Value:
    plan = ticket.plans.first()
    return plan.measures if plan else ""


KNOWN: dict[str, Placeholder] = {
    "customer": Placeholder(_("customer's name"), "张三", personal="name"),
    "phone": Placeholder(_("customer's phone"), "138****5678", personal="phone"),
    "address": Placeholder(_("customer's address"), "浙江省杭州市****", personal="address"),
    "number": Placeholder(_("ticket number"), "202405-001", lambda t: t.number),
    "title": Placeholder(_("what it is about, in short"), "洗衣机漏水", lambda t: t.title),
    "product": Placeholder(
        _("product or model"), "QC-WM80", lambda t: str(t.product) if t.product_id else t.product_text
    ),
    "serial_number": Placeholder(_("machine serial number"), "SN20240501", lambda t: t.serial_number),
    "order_number": Placeholder(_("order number"), "DD00000017", lambda t: t.order_number),
    "invoice_number": Placeholder(_("invoice number"), "24312000000012345678", lambda t: t.invoice_number),
    "category": Placeholder(_("category"), "产品质量", lambda t: str(t.category)),
    "department": Placeholder(_("responsible department"), "售后服务部", lambda t: str(t.department)),
    "handler": Placeholder(_("handler: masked name and staff number"), "李*（工号 1024）", _handler),
    "received_at": Placeholder(_("when the feedback arrived"), "2024-05-11 09:30", lambda t: t.received_at),
    "reply_by": Placeholder(_("next deadline"), "2024-05-12 09:30", lambda t: t.next_due_at or ""),
    "promised_at": Placeholder(_("until when the plan promises it"), "2024-05-14 18:00", _promised),
    "measures": Placeholder(_("measures of the plan"), "5月14日前上门更换电池", _measures),
    "hotline": Placeholder(_("hotline"), "400-820-8210", lambda t: rules().hotline),
    "company": Placeholder(_("name of the company"), "晴川电器", lambda t: settings.COMPANY_NAME),
}


def check(body: str, field: str = "body") -> list[DomainError]:
    """All that is wrong with a text's placeholders, in words that name the known ones."""
    listing = " ".join(f"{{{name}}}" for name in KNOWN)
    errors = []
    for found in dict.fromkeys(_BRACED.findall(body)):
        match = _PLACEHOLDER.fullmatch(found)
        if match is None:
            errors.append(DomainError("reply.stray_brace", field=field, text=found, known=listing))
        elif match[1] not in KNOWN:
            errors.append(DomainError("reply.unknown_placeholder", field=field, placeholder=found, known=listing))
    return errors


def used(body: str) -> list[str]:
    """The known placeholders of a text, in their order."""
    return [name for name in dict.fromkeys(_PLACEHOLDER.findall(body)) if name in KNOWN]


def values(body: str, ticket: Ticket, actor: Actor, language: str, personal: Callable[[str], str]) -> dict[str, str]:
    """What stands for each placeholder of the text; `personal` gives the customer's fields as the reader may have them."""
    with override(language):
        return {
            name: plain(personal(KNOWN[name].personal) if KNOWN[name].personal else KNOWN[name].value(ticket))
            for name in used(body)
        }


def samples(body: str) -> dict[str, str]:
    return {name: str(KNOWN[name].sample) for name in used(body)}


def fill(body: str, found: Mapping[str, str]) -> str:
    """The text with values in the place of placeholders."""
    lines = (line for line in body.replace("\r\n", "\n").split("\n") if not _is_empty(line, found))
    return "\n".join(_PLACEHOLDER.sub(lambda m: found.get(m[1], m[0]), line) for line in lines).strip()


def _is_empty(line: str, found: Mapping[str, str]) -> bool:
    names = [name for name in _PLACEHOLDER.findall(line) if name in KNOWN]
    return bool(names) and not any(found.get(name) for name in names)
