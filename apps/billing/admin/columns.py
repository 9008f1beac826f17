"""How money stands in the admin's lists."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model


def yuan(amount: Any) -> str:
    if amount is None:
        return "—"
    return f"{'-' if amount < 0 else ''}¥{abs(amount):,.2f}"


def in_yuan(model: type[Model], name: str) -> Callable[[Model], str]:
    """A column for a field that holds yuan, under the field's own name."""

    @admin.display(description=model._meta.get_field(name).verbose_name, ordering=name)
    def column(row: Model) -> str:
        return yuan(getattr(row, name))

    column.__name__ = f"{name}_yuan"
    return column
