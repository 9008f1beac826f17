"""Tags of the pages of audit and retention."""

from typing import Any

from django import template
from django.db.models import Model

from apps.accounts.principals import actor_for
from apps.billing.models import AuditItem
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
    return item.questions - item.open  # type: ignore[attr-defined]


@register.simple_tag(takes_context=True)
def retention_of(context: template.RequestContext, record: Model) -> dict[str, Any]:
    """A record's retention and holds for a line on its page; nothing for who may not see holds (no query either)."""
    actor = actor_for(context["request"])
    if not any(actor.can(right) for right in RIGHTS):
        return {"visible": False}
    kept = records.kept(record)
    return {
        "visible": True,
        "until": kept.until,
        "why": kept.why,
        "holds": kept.holds,
        "type": record._meta.label_lower,
    }
