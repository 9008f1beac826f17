"""Reply templates for a ticket (HND-06): the suitable ones first, and advice for an upset customer."""

from dataclasses import dataclass

from django.db.models import Q

from apps.casework import matching, placeholders
from apps.casework.models import ReplyTemplate, ToneGuide
from apps.casework.states import Tone
from apps.core.actors import Actor
from apps.core.vocabulary import Kind, Language, Urgency
from apps.feedback.models import Ticket

MOST = 60


@dataclass(frozen=True, slots=True)
class Guidance:
    """`level` is `angry` for the lowest guide of the language, else `upset`."""

    level: str
    lines: list[str]


def guidance(ticket: Ticket) -> Guidance | None:
    """Advice for whoever answers, where the customer's words were judged low; in the ticket's language, else Chinese."""
    if ticket.sentiment >= 0 or not ticket.is_open or _only_asks(ticket):
        return None
    guides = list(ToneGuide.objects.filter(active=True, language__in=(ticket.language, Language.ZH_HANS)))
    own = [g for g in guides if g.language == ticket.language] or guides
    fitting = sorted((g for g in own if ticket.sentiment <= float(g.at_most)), key=lambda g: g.at_most)
    if not fitting:
        return None
    angriest = min(g.at_most for g in own)
    level = "angry" if fitting[0].at_most == angriest else "upset"
    return Guidance(level, [line.strip() for line in fitting[0].text.splitlines() if line.strip()])


def _only_asks(ticket: Ticket) -> bool:
    """A plain question or wish that nobody pressed: its words count as low for what is missing, not for anger."""
    pressed = ticket.urgency != Urgency.NORMAL or ticket.escalated or ticket.nudges or ticket.reopen_count
    return ticket.kind in (Kind.INQUIRY, Kind.SUGGESTION, Kind.REQUEST) and not pressed


def offered(ticket: Ticket, *, search: str = "") -> list[ReplyTemplate]:
    """Templates that may serve here, the most suitable first; a search looks at title and text.

    Its category (or one above it), its channel, and for an upset customer its calming tone move a template forward.
    """
    search = search.strip()[:60]
    found = ReplyTemplate.objects.filter(active=True, language__in=_languages(ticket))
    if search:
        found = found.filter(Q(title__icontains=search) | Q(body__icontains=search))
    upset = guidance(ticket) is not None
    line = matching.line_of(ticket)
    fitting = [
        t
        for t in found
        if (t.category_id is None or t.category_id in line or search) and (t.channel in ("", ticket.channel) or search)
    ]

    def order(template: ReplyTemplate) -> tuple[bool, bool, bool, bool, int]:
        return (
            template.language != ticket.language,
            upset and template.tone != Tone.CALMING,
            template.category_id is None or template.category_id not in line,
            not upset and template.tone == Tone.CALMING,
            template.position,
        )

    return sorted(fitting, key=order)[:MOST]


def _languages(ticket: Ticket) -> set[str]:
    """The ticket's own; where none is kept in traditional script, the simplified ones serve."""
    own = ticket.language
    if own == Language.ZH_HANT and not ReplyTemplate.objects.filter(active=True, language=own).exists():
        return {Language.ZH_HANS.value}
    return {own}


def preview(body: str, ticket: Ticket, actor: Actor, language: str = "") -> str:
    """The text filled for this ticket with the customer's masked values: for eyes that only choose."""
    customer = ticket.customer
    masked = {name: getattr(customer, f"{name}_masked") for name in ("name", "phone", "address")}
    found = placeholders.values(body, ticket, actor, language or ticket.language, lambda field: masked[field])
    return placeholders.fill(body, found)
