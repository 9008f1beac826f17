"""No English of the libraries' in the admin: unfold shows the stored value of a mark where its colour is missing, and a
record without a name of its own is an "InvoiceFact object".
"""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model


def marks() -> Iterator[tuple[str, dict[str, str], set[str]]]:
    """Every mark of a field with choices: its name, its colours, the field's values."""
    for model, of_model in admin.site._registry.items():
        for name in of_model.list_display:
            shown = getattr(of_model, name, None) if isinstance(name, str) else None
            code = getattr(shown, "__code__", None)
            for called in code.co_names if code and isinstance(getattr(shown, "label", None), dict) else ():
                if found := re.fullmatch(r"get_(\w+)_display", called):
                    values = {str(value) for value, _ in model._meta.get_field(found[1]).flatchoices}
                    yield f"{model._meta.label}.{name}", shown.label, values


MARKS = list(marks())


def test_there_are_marks():
    assert any(name == "crm.Customer.tier_mark" for name, _, _ in MARKS)


@pytest.mark.parametrize(("name", "colours", "values"), MARKS, ids=[name for name, _, _ in MARKS])
def test_each_value_has_a_colour(name, colours, values):
    assert values - {str(each) for each in colours} in (set(), {""}, {"none"})


def test_each_record_in_the_admin_has_a_name():
    shown = {model for model in admin.site._registry if model._meta.app_config.name.startswith("apps.")}
    inlines = [inline for of_model in admin.site._registry.values() for inline in of_model.inlines]
    shown |= {inline.model for inline in inlines if not getattr(inline, "hide_title", False)}

    assert sorted(model._meta.label for model in shown if model.__str__ is Model.__str__) == []
