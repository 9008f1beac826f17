"""What a state may demand of a ticket (HND-11): the facts that staff can fill in, and the papers that hang on it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.casework.models import Investigation, TimeEntry
from apps.feedback.models import Message, Ticket
from apps.feedback.services import facts
from apps.feedback.states import MessageKind


@dataclass(frozen=True, slots=True)
class Need:
    """`act` names the step of the workspace by which it is supplied."""

    label: str | Promise
    met: Callable[[Ticket], bool]
    act: str


def _filled(name: str) -> Callable[[Ticket], bool]:
    """Zero is an answer, an empty text or date is none."""
    return lambda ticket: getattr(ticket, name) not in ("", None)


def _has_product(ticket: Ticket) -> bool:
    return bool(ticket.product_id or ticket.product_text)


def _investigated(ticket: Ticket) -> bool:
    newest = Investigation.objects.filter(ticket=ticket).first()
    return newest is not None and newest.signed_at is not None


def _root_cause(ticket: Ticket) -> bool:
    newest = Investigation.objects.filter(ticket=ticket).first()
    return newest is not None and bool(newest.root_cause)


def _said(kind: MessageKind) -> Callable[[Ticket], bool]:
    return lambda ticket: Message.objects.filter(ticket=ticket, kind=kind).exists()


NEEDS: dict[str, Need] = {
    **{name: Need(Ticket._meta.get_field(name).verbose_name, _filled(name), "facts") for name in facts.FIELDS},
    "product_text": Need(Ticket._meta.get_field("product_text").verbose_name, _has_product, "facts"),
    "demand": Need(Ticket._meta.get_field("demand").verbose_name, lambda t: t.demand not in ("", "none"), "reclassify"),
    "plan": Need(_("Handling plan"), lambda t: t.plans.exists(), "plan"),
    "solution": Need(_("Approved solution"), lambda t: t.solutions.filter(approved=True).exists(), "propose_solution"),
    "attachment": Need(_("Picture or file"), lambda t: t.attachments.exists(), "message"),
    "call": Need(_("Call record"), _said(MessageKind.CALL), "message"),
    "test_report": Need(_("Test report"), _said(MessageKind.TEST_REPORT), "message"),
    "root_cause": Need(_("Root cause"), _root_cause, "investigation"),
    "investigation": Need(_("Signed investigation"), _investigated, "investigation"),
    "time": Need(_("Time spent"), lambda t: TimeEntry.objects.filter(ticket=t).exists(), "time"),
}


def choices() -> list[tuple[str, str]]:
    return [(code, str(need.label)) for code, need in NEEDS.items()]
