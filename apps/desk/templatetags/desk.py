"""Small pieces of the desk's pages."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.accounts.principals import actor_for
from apps.core import clock, uploads
from apps.core.models import Upload
from apps.core.vocabulary import Channel, Tier
from apps.desk import words
from apps.feedback.models import Ticket
from apps.feedback.selectors import rules
from apps.feedback.states import TicketState
from apps.sla.states import Metric
from apps.triage.services import score

register = template.Library()
# Not those of other cases, which are written with a № before them.
_NUMBERS = re.compile(r"(?<![0-9A-Za-z№-])(D?[0-9]{6}-[0-9]{3,12})(?![0-9])")

CHANNEL_ICONS: dict[str, str] = {
    Channel.ONLINE: "language", Channel.EMAIL: "mail", Channel.HOTLINE: "call", Channel.SMS: "sms", Channel.STORE: "storefront",
    Channel.WECHAT: "chat", Channel.WEIBO: "campaign", Channel.FACEBOOK: "groups", Channel.CHAT: "forum",
    Channel.APP: "smartphone", Channel.API: "api", Channel.PAY: "account_balance_wallet", Channel.REGULATOR: "gavel",
}  # fmt: skip
_OPEN, _SHUT = mark_safe("<mark>"), mark_safe("</mark>")  # constants
DUE_ICONS = {"late": "error", "soon": "schedule", "paused": "pause_circle", "quiet": ""}
_PRIORITIES = {"critical": gettext_lazy("top"), "high": gettext_lazy("high"), "medium": gettext_lazy("medium"),
               "low": gettext_lazy("low")}  # fmt: skip
_TIERS = {Tier.VIP.value: "VIP", Tier.GOLD.value: gettext_lazy("Gold"), Tier.SILVER.value: gettext_lazy("Silver")}
# Which of the four state colours a ticket's state wears; most are quiet.
STATE_LEVELS = {TicketState.CLOSED: "done", TicketState.RESOLVED: "done"}


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, label: str = "") -> SafeString | str:
    """A symbol; `label` is read out where no words stand beside it."""
    if not name:
        return ""
    if label:
        return format_html('<span class="icon" role="img" aria-label="{0}" title="{0}">{1}</span>', label, name)
    return format_html('<span class="icon" aria-hidden="true">{}</span>', name)


@register.simple_tag
def marked(pieces: list[tuple[str, bool]]) -> SafeString:
    """A text cut at what was searched for, with the hits marked."""
    return format_html_join("", "{}{}{}", ((_OPEN, text, _SHUT) if hit else ("", text, "") for text, hit in pieces))


@register.simple_tag
def channel_icon(channel: str) -> SafeString | str:
    return icon(CHANNEL_ICONS.get(channel, "help"), str(Channel(channel).label))


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """`11-21 20:07`, with the year where it is another one; the full value on hover and for machines."""
    if value is None:
        return "—"
    local = clock.local(value)
    this_year = local.year == clock.local(clock.now()).year
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%m-%d %H:%M" if this_year else "%Y-%m-%d %H:%M"),
    )


@register.filter(name="clock")
def time_of_day(value: datetime) -> str:
    """`20:07:31` in Shanghai."""
    return f"{clock.local(value):%H:%M:%S}"


@register.filter
def day(value: date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else "—"


@register.filter
def minutes(value: int) -> str:
    """`95` → `1 h 35 min`."""
    return words.duration(timedelta(minutes=value)) if value else "0"


@register.filter
def is_picture(upload: Upload) -> bool:
    return uploads.is_picture(upload)


@register.filter
def yuan(value: Decimal | None) -> str:
    if value is None:
        return "—"
    return f"{'-' if value < 0 else ''}¥{abs(value):,.2f}"


@register.filter
def metric(value: str) -> str:
    try:
        return str(Metric(value).label)
    except ValueError:
        return value


@register.filter
def metrics(values: list[str]) -> str:
    return "、".join(metric(value) for value in values)


@register.filter
def with_links(words: str) -> SafeString:
    """A sentence with the ticket numbers in it as links: what holds a step back is one click away."""
    parts = _NUMBERS.split(words)
    pairs = zip(parts[::2], [*parts[1::2], ""], strict=True)
    return format_html_join("", "{}{}", ((text, _link_to(number) if number else "") for text, number in pairs))


def _link_to(number: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:desk_ticket", args=[number]), number)


def explained(parts: list[Any]) -> SafeString:
    """The break-down of a priority score in words (CLS-05), a line per part."""
    key = tuple((part["factor"], part["value"], part["points"], tuple(part["words"])) for part in parts)
    return _explained(key, get_language())


@lru_cache(maxsize=4096)  # most tickets share theirs with many others, and a list shows fifty
def _explained(parts: tuple[tuple[str, str, int, tuple[str, ...]], ...], language: str) -> SafeString:
    lines = score.explain([dict(zip(("factor", "value", "points", "words"), part, strict=True)) for part in parts])
    return format_html_join(
        "", '<span class="why-line"><span>{}: {}{}</span><b>+{}</b></span>',
        ((each.factor, each.value, format_html(" <i>{}</i>", each.words) if each.words else "", each.points) for each in lines),
    )  # fmt: skip


@register.simple_tag
def priority(ticket: Ticket) -> SafeString:
    """A ticket's score as a chip, which tells on hover or focus what it is made of."""
    level, parts = ticket.priority_level, ticket.priority_parts
    why = explained(parts) if parts else format_html('<span class="why-line">{}</span>', _("Nothing raises it."))
    return format_html(
        '<span class="prio prio-{level}" tabindex="0" role="note" aria-describedby="why-{number}"><b>{score}</b> {word}'
        '<span class="why" role="tooltip" id="why-{number}">{why}</span></span>',
        level=level, word=_PRIORITIES.get(level, level), score=ticket.priority_score, number=ticket.number, why=why,
    )  # fmt: skip


@register.filter
def tier_mark(tier: str) -> SafeString | str:
    """A short mark for members; regular customers have none."""
    if tier not in _TIERS:
        return ""
    return format_html('<span class="tier" title="{}">{}</span>', Tier(tier).label, _TIERS[tier])


@register.filter
def state_word(state: str) -> str:
    """As `get_state_display`, which flattens all choices at every call: a list asks for it at every row."""
    return str(TicketState(state).label)


@register.filter
def state_level(state: str) -> str:
    return STATE_LEVELS.get(TicketState(state), "quiet")


@register.simple_tag
def due(at: datetime | None, started: datetime | None = None, paused: bool = False, what: str = "") -> SafeString:
    """A deadline as a shrinking bar with words; `what` is its metric. A list has one in each row, so no template is run."""
    if at is None:
        return format_html('<span class="due none">{}</span>', _("nothing due"))
    soon = timedelta(hours=rules().due_soon_hours)
    found = words.due(at, clock.now(), soon, started=started, paused=paused)
    live = format_html(' data-due="{}"', clock.local(at).isoformat()) if found.level != "paused" else ""
    if live and started:
        live += format_html(' data-started="{}"', clock.local(started).isoformat())
    return format_html(
        '<span class="due due-{}"{}><span class="bar" aria-hidden="true"><span style="width:{}%"></span></span>'
        '<span class="due-words">{}<b>{}</b></span><span class="due-at">{}{}{}</span></span>',
        found.level, live, found.share, icon(DUE_ICONS[found.level]), found.words, metric(what) if what else "",
        " · " if what else "", moment(at),
    )  # fmt: skip


@register.simple_tag
def time_words() -> SafeString:
    """What `desk.js` needs to keep the words of deadlines up to date."""
    formats = {key: str(text) for key, text in words.FORMATS.items()}
    facts = {"soon_hours": rules().due_soon_hours, "home": reverse("admin:index")}
    return json_script({**formats, **facts}, "desk-words")


@register.simple_tag(takes_context=True)
def may(context: template.RequestContext, *permissions: str) -> bool:
    """Whether whoever is signed in holds one of these rights."""
    actor = actor_for(context["request"])
    return any(actor.can(permission) for permission in permissions)
