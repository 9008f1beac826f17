"""The shipped categories, keywords, points and routing rules. Staff edit the rows; nothing here overwrites them."""

import csv
from decimal import Decimal
from pathlib import Path

from django.db import models as db
from django.db import transaction

from apps.accounts.models import Department
from apps.core.actors import Actor
from apps.core.vocabulary import Demand, Risk
from apps.journal.events import record
from apps.triage import events
from apps.triage.models import Category, Keyword, RoutingRule, ScoreWeight
from apps.triage.services import library, models
from apps.triage.states import Factor

KEYWORDS = Path(__file__).parent / "keywords.csv"

CATEGORIES = {
    "product_quality": "产品质量",
    "technical": "技术故障",
    "service_attitude": "服务态度",
    "logistics": "物流配送",
    "price": "价格优惠",
    "return_exchange": "退换货",
    "billing": "发票与付款",
    "after_sales": "售后维修",
    "suggestion": "功能建议",
    "other": "其他",
}

# Points out of 100 (CLS-05). Urgency leads; safety weighs as much as "urgent" said by the customer.
WEIGHTS: dict[Factor, dict[str, int]] = {
    Factor.URGENCY: {"normal": 5, "urgent": 30, "critical": 50},
    Factor.TIER: {"silver": 4, "gold": 8, "vip": 15},
    Factor.KIND: {"request": 5, "complaint": 10, "fault": 12},
    Factor.RISK: {"safety": 30, "legal": 25},
    Factor.IMPACT: {"several": 10, "many": 20},
    Factor.REPEATS: {"1": 5, "2": 10, "3": 15},
    Factor.NUDGES: {"1": 5, "2": 10, "3": 20},
    Factor.SENTIMENT: {"-0.2": 4, "-0.6": 8},
    Factor.LEVEL: {"critical": 60, "high": 40, "medium": 20},
}

# Category: responsible department, then those that help (CLS-07). "" is the rule for everything else.
ROUTES = {
    "product_quality": ("quality", "service"),
    "technical": ("technical",),
    "service_attitude": ("service",),
    "logistics": ("logistics",),
    "price": ("sales",),
    "return_exchange": ("after_sales", "logistics"),
    "billing": ("finance",),
    "after_sales": ("after_sales",),
    "suggestion": ("product",),
    "other": ("service",),
    "": ("service",),
}


@transaction.atomic
def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing. Routing rules come only with the first load: staff may have removed conditions since."""
    made = {
        "categories": _categories(),
        "keywords": _keywords(),
        "score weights": _weights(),
        "routing rules": 0 if RoutingRule.objects.exists() else _routes(),
        "learned models": models.install_shipped(actor=actor),
    }
    if any(made.values()):
        version = library.bump(events.DEFAULTS_LOADED, ", ".join(f"{n} {w}" for w, n in made.items() if n), actor=actor)
        record(events.DEFAULTS_LOADED, subject=version, actor=actor, data={"version": version.number, "made": made})
    return made


def _categories() -> int:
    return _create_missing(
        Category,
        "slug",
        [Category(slug=s, name=n, order=10 * (i + 1)) for i, (s, n) in enumerate(CATEGORIES.items())],
    )


def _keywords() -> int:
    by_slug = {c.slug: c for c in Category.objects.all()}
    with KEYWORDS.open(encoding="utf-8", newline="") as file:
        rows = [
            Keyword(
                text=library.tidy(row["text"]),
                category=by_slug[row["category"]] if row["category"] else None,
                weight=Decimal(row["weight"]),
                demand=row["demand"] or Demand.NONE,
                risk=row["risk"] or Risk.NONE,
                sentiment=Decimal(row["sentiment"]),
                note=row["note"],
            )
            for row in csv.DictReader(file)
        ]
    return _create_missing(Keyword, "text", rows)


def _weights() -> int:
    known = set(ScoreWeight.objects.values_list("factor", "value"))
    rows = [
        ScoreWeight(factor=factor, value=value, points=points)
        for factor, values in WEIGHTS.items()
        for value, points in values.items()
        if (factor.value, value) not in known
    ]
    return len(ScoreWeight.objects.bulk_create(rows))


def _routes() -> int:
    by_slug = {c.slug: c for c in Category.objects.all()}
    by_code = {d.code: d for d in Department.objects.all()}
    made = 0
    for slug, (lead, *helping) in ROUTES.items():
        if lead in by_code:  # a site that has other departments makes its own rules
            rule = RoutingRule.objects.create(category=by_slug.get(slug), department=by_code[lead])
            rule.collaborators.set(by_code[code] for code in helping if code in by_code)
            made += 1
    return made


def _create_missing(model: type[db.Model], key: str, rows: list[db.Model]) -> int:
    known = set(model._default_manager.values_list(key, flat=True))
    return len(model._default_manager.bulk_create([r for r in rows if getattr(r, key) not in known], batch_size=1000))
