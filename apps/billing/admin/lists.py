"""What lists of this room share: rows that only services write, links to the desk, sums in yuan."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin


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


def link(name: str, number: str, words: str = "") -> str:
    """A link to the desk's page, or the words alone where there is none."""
    try:
        return format_html('<a href="{}">{}</a>', reverse(f"desk:{name}", args=[number]), words or number)
    except NoReverseMatch:
        return words or number


class ReadOnly(ModelAdmin):
    """Rows that only services write."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
