"""Shipped reply templates, guides, check-lists, demands and care rules (HND-06, HND-10, HND-11)."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.casework.models import (
    CareRule,
    ChecklistTemplate,
    ChecklistTemplateItem,
    Macro,
    MacroStep,
    ReplyTemplate,
    StateDemand,
    ToneGuide,
)
from apps.casework.states import StepKind
from apps.core.actors import Actor
from apps.triage.models import Category

HERE = Path(__file__).parent


@transaction.atomic
def load(*, actor: Actor) -> dict[str, int]:
    """Create what is missing, never overwrite what staff edited. Demands and macros come only with the first load."""
    rows = tomllib.loads((HERE / "rows.toml").read_text(encoding="utf-8"))
    return {
        "reply templates": _replies(),
        "tone guides": _guides(rows["guide"]),
        "check-list templates": sum(_checklist(row) for row in rows["checklist"]),
        "demanded fields": 0 if StateDemand.objects.exists() else _demands(rows["demand"]),
        "care rules": sum(_care(row) for row in rows["care"]),
        "macros": 0 if Macro.objects.exists() else _macros(),
    }


def _with_category(row: dict[str, Any]) -> dict[str, Any]:
    """Where the site has removed the category, the row comes out of use rather than for all categories."""
    slug = row.pop("category", "")
    if not slug:
        return row
    category = Category.objects.filter(slug=slug).first()
    return {**row, "category": category, "active": row.get("active", True) and category is not None}


def _replies() -> int:
    made = 0
    for language, rows in tomllib.loads((HERE / "replies.toml").read_text(encoding="utf-8")).items():
        for n, row in enumerate(rows, 1):
            values = _with_category({**row, "body": row["body"].strip(), "language": language, "position": 10 * n})
            known = ReplyTemplate.objects.filter(code=row["code"]).exists()
            taken = ReplyTemplate.objects.filter(title=row["title"], language=language).exists()
            if not known and not taken:
                ReplyTemplate.objects.create(**values)
                made += 1
    return made


def _guides(rows: list[dict[str, Any]]) -> int:
    """Only with the first load of a language: thresholds are what staff move."""
    known = set(ToneGuide.objects.values_list("language", flat=True))
    new = [
        ToneGuide(language=row["language"], at_most=Decimal(row["at_most"]), text=row["text"].strip())
        for row in rows
        if row["language"] not in known
    ]
    return len(ToneGuide.objects.bulk_create(new))


def _checklist(row: dict[str, Any]) -> int:
    """An item that begins with `*` is required."""
    taken = ChecklistTemplate.objects.filter(code=row["code"]) | ChecklistTemplate.objects.filter(name=row["name"])
    if taken.exists():
        return 0
    items = row.pop("items")
    template = ChecklistTemplate.objects.create(**_with_category(row))
    ChecklistTemplateItem.objects.bulk_create(
        [
            ChecklistTemplateItem(template=template, position=n, text=text.lstrip("*"), required=text.startswith("*"))
            for n, text in enumerate(items, 1)
        ]
    )
    return 1


def _demands(rows: list[dict[str, Any]]) -> int:
    return len(StateDemand.objects.bulk_create([StateDemand(**_with_category(row)) for row in rows]))


def _care(row: dict[str, Any]) -> int:
    _row, created = CareRule.objects.get_or_create(code=row["code"], defaults=_with_category(row))
    return int(created)


def _macros() -> int:
    """Two to begin with, and to learn from."""
    photos = ReplyTemplate.objects.filter(code="ask-photos").first()
    quick = Macro.objects.create(name="受理并请客户补充照片", description="受理工单，向客户要照片，计时暂停等待答复。")
    MacroStep.objects.bulk_create(
        [
            MacroStep(macro=quick, position=1, kind=StepKind.ACCEPT),
            MacroStep(macro=quick, position=2, kind=StepKind.TAG, tag="待补资料"),
            MacroStep(macro=quick, position=3, kind=StepKind.WAIT, reply=photos, text="" if photos else "请补充照片。"),
        ]
    )
    rush = Macro.objects.create(name="升为紧急并安抚", description="客户着急时：升为紧急，先发一条安抚回复。")
    calm = ReplyTemplate.objects.filter(code="calm-listen").first()
    MacroStep.objects.bulk_create(
        [
            MacroStep(macro=rush, position=1, kind=StepKind.URGENCY, urgency="urgent"),
            MacroStep(
                macro=rush, position=2, kind=StepKind.REPLY, reply=calm, text="" if calm else "您的问题我来跟进。"
            ),
        ]
    )
    return 2
