"""`{% pack_of case as found %}`: the newest evidence pack of a void request or refund, for whoever reads the page."""

from dataclasses import dataclass
from typing import Any

from django import template

from apps.accounts.principals import actor_for
from apps.billing.archive import packs
from apps.billing.archive.dossier import Case
from apps.billing.models import EvidencePack, VoidRequest

register = template.Library()


@dataclass(frozen=True, slots=True)
class Found:
    """`pack` is None where there is none, or none that this reader may see."""

    pack: EvidencePack | None
    kind: str
    may_build: bool


@register.simple_tag(takes_context=True)
def pack_of(context: dict[str, Any], case: Case) -> Found | None:
    """One query; nothing at all for a reader who may not see packs."""
    actor = actor_for(context["request"])
    if not actor.can("billing.view_evidencepack"):
        return None
    kind = "void" if isinstance(case, VoidRequest) else "refund"
    return Found(packs.latest_for(case), kind, actor.can("billing.build_evidencepack"))


@register.filter
def filesize_of(size: int) -> str:
    """`1.4 MB`; bytes below a kilobyte."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:,.0f} KB" if size < 1024**2 else f"{size / 1024**2:,.1f} MB"


@register.filter
def entry(mapping: dict[str, Any] | None, key: str) -> Any:
    """What stands under this key; None where there is no mapping or no entry."""
    return (mapping or {}).get(key)
