"""Which department answers (CLS-07): the most specific active routing rule, otherwise customer service."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from apps.core.errors import DomainError
from apps.triage import rulebook
from apps.triage.folding import fold
from apps.triage.rulebook import Rule, Rulebook


@dataclass(frozen=True, slots=True)
class Routing:
    """`rule_id` is None when no rule fitted and customer service took it."""

    department_id: int
    collaborator_ids: tuple[int, ...]
    rule_id: UUID | None


def route(
    category_id: UUID | None,
    product_group: str = "",
    region: str = "",
    kind: str = "",
    *,
    keyword_department_id: int | None = None,
) -> Routing:
    """The responsible department and those that help, by the current rules.

    `keyword_department_id` is `Classification.department_id`: a keyword that names a department gives it the lead, and
    the department that the rules would have chosen helps. Raises DomainError `routing.no_department` only where no
    department is active at all.
    """
    return route_with(
        rulebook.current(), category_id, product_group, region, kind, keyword_department_id=keyword_department_id
    )


def route_with(
    book: Rulebook,
    category_id: UUID | None,
    product_group: str = "",
    region: str = "",
    kind: str = "",
    *,
    keyword_department_id: int | None = None,
) -> Routing:
    """`route` by the rules of a given library."""
    rule = _fitting(book, category_id, fold(product_group.strip()), fold(region.strip()), kind)
    if rule is not None:
        routing = Routing(rule.department_id, rule.collaborator_ids, rule.id)
    elif book.fallback_department_id is not None:
        routing = Routing(book.fallback_department_id, (), None)
    else:
        raise DomainError("routing.no_department")
    if keyword_department_id is None or keyword_department_id == routing.department_id:
        return routing
    helping = dict.fromkeys((routing.department_id, *routing.collaborator_ids))
    helping.pop(keyword_department_id, None)
    return Routing(keyword_department_id, tuple(helping), routing.rule_id)


def _fitting(book: Rulebook, category_id: UUID | None, product_group: str, region: str, kind: str) -> Rule | None:
    rules = book.rules.get(category_id)
    for rule in book.rules[None] if rules is None else rules:
        if (
            (not rule.product_group or rule.product_group == product_group)
            and (not rule.region or region.startswith(rule.region))
            and (not rule.kind or rule.kind == kind)
        ):
            return rule
    return None
