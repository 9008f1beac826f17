import re
import tomllib

import pytest
from django.apps import apps
from django.conf import settings

PYPROJECT = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
CONTRACT = next(contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"] if contract["id"] == "rooms")
LAYERS = [re.findall(r"\w+", layer) for layer in CONTRACT["layers"]]
HEIGHT = {room: -depth for depth, layer in enumerate(LAYERS) for room in layer}
MODELS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_relations_point_downward(model):
    """String foreign keys are invisible to import-linter; the user is everybody's."""
    for field in model._meta.get_fields():
        target = field.related_model if field.is_relation and not field.auto_created else None
        if target is None or target == "self" or not target.__module__.startswith("apps."):
            continue
        own, other = model._meta.app_label, target._meta.app_label
        allowed = own == other or target._meta.label == settings.AUTH_USER_MODEL or HEIGHT[other] < HEIGHT[own]
        assert allowed, f"{model._meta.label}.{field.name} points to {target._meta.label}, which is not below it"


def test_every_room_is_installed_and_has_its_readme():
    rooms = {path.parent.name for path in (settings.BASE_DIR / "apps").glob("*/apps.py")}

    assert rooms <= HEIGHT.keys()
    assert rooms == {config.label for config in apps.get_app_configs() if config.name.startswith("apps.")}
    for room in rooms:
        text = (settings.BASE_DIR / "apps" / room / "README.md").read_text()
        assert text.strip(), f"apps/{room}/README.md is empty"
