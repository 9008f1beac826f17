"""Tags of the pages of audit and retention."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.accounts.principals import actor_for
from apps.billing.audit_events import RECORD_DESTROYED
from apps.billing.models import AuditItem, Erasure
from apps.billing.retention import records, terms
from apps.billing.retention.terms import Term

register = template.Library()
RIGHTS = ("billing.view_legalhold", "billing.place_hold")


@register.filter
def term_length(term: Term) -> str:
    """`30 years` of a retention class."""
    return terms.length(term.row.months)


@register.filter
def share_drawn(layer: dict[str, Any]) -> int:
    """Percent of a layer's cases that were drawn."""
    return round(100 * layer["drawn"] / layer["population"]) if layer["population"] else 0


@register.filter
def layer_name(strata: list[dict[str, Any]], place: int) -> str:
    return strata[place]["name"]


@register.filter
def answered(item: AuditItem) -> int:
    """Questions of a drawn case that are answered; `item` carries the counts."""
    return item.questions - item.open


@register.simple_tag(takes_context=True)
def retention_of(context: template.RequestContext, record: Model) -> dict[str, Any]:
    """A record's retention and holds for a line on its page; nothing for who may not see holds (no query either)."""
    actor = actor_for(context["request"])
    if not any(actor.can(right) for right in RIGHTS):
        return {"visible": False}
    kept = records.kept(record)
    return {
        "visible": True,
        "gone": records.destroyed(record) if kept.until is not None and kept.until <= terms.today() else None,
        "until": kept.until,
        "why": kept.why,
        "holds": kept.holds,
        "type": record._meta.label_lower,
    }


@register.filter
def who_by(label: str) -> str:
    """`system:destruction X202611-001` without the name of the process."""
    process, _blank, rest = label.partition(" ")
    return f"{_('the system')} {rest}".strip() if process.startswith("system:") else label


@register.simple_tag
def gone_of(record: Model, story: Iterable[Any]) -> Erasure | None:
    """The record of destruction of a case whose story tells of one; no query for all the others."""
    return records.destroyed(record) if any(line.event.kind == RECORD_DESTROYED for line in story) else None
