"""`manage.py draw_states`: write docs/states/ from the state machines as they are in the code."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import models
from django.utils.translation import override
from django_fsm import FSMFieldMixin


def diagram(model: type[models.Model], field: FSMFieldMixin) -> str:
    """A Mermaid state diagram with a line per transition, and what each state is called on screen."""
    lines = [f"# {model._meta.label}", "", "Written by `manage.py draw_states`.", "", "```mermaid", "stateDiagram-v2"]
    lines.append(f"    [*] --> {field.get_default()}")
    for name, method in field.transitions[model].items():
        steps = method._django_fsm.transitions
        lines += [f"    {source} --> {end}: {name}" for source, step in steps.items() for end in _ends(step.target)]
    lines += ["```", "", "| state | 简体 | English |", "|---|---|---|"]
    with override("zh-hans"):
        chinese = {value: str(label) for value, label in field.choices or ()}
    with override("en"):
        lines += [f"| `{value}` | {chinese[value]} | {label} |" for value, label in field.choices or ()]
    return "\n".join(lines) + "\n"


def _ends(target: Any) -> list[str]:
    """The state a step leads to, or all those it may lead to."""
    return [target] if isinstance(target, str) else list(target.allowed_states)


def machines() -> list[tuple[type[models.Model], FSMFieldMixin]]:
    found = [(m, f) for m in apps.get_models() for f in m._meta.get_fields() if isinstance(f, FSMFieldMixin)]
    return sorted(found, key=lambda pair: pair[0]._meta.label_lower)


class Command(BaseCommand):
    help = "Draw the state machines into docs/states/ (Mermaid)."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs" / "states"
        folder.mkdir(parents=True, exist_ok=True)
        for model, field in machines():
            path = folder / f"{model._meta.label_lower}.md"
            path.write_text(diagram(model, field), encoding="utf-8")
            self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
