"""What is written down is what the code does."""

from pathlib import Path

from django.conf import settings

from apps.journal.management.commands.draw_states import diagram, machines

DOCS = Path(settings.BASE_DIR) / "docs"


def test_the_drawn_state_machines_are_those_of_the_code():
    for model, field in machines():
        path = DOCS / "states" / f"{model._meta.label_lower}.md"
        assert path.read_text(encoding="utf-8") == diagram(model, field), "run manage.py draw_states"


def test_architecture_fits_on_its_pages():
    assert len((Path(settings.BASE_DIR) / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 150
