"""A table with the columns and indexes of a ticket, and nothing behind it. Foreign keys are plain columns."""

import uuid
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from apps.feedback.models import Ticket


def _number() -> str:
    return uuid.uuid4().hex[:20]


def _same_column(field: models.Field) -> models.Field:
    if field.is_relation:
        column = type(field.target_field)
        kind = models.BigIntegerField if issubclass(column, models.AutoField) else column
        return kind(null=True, blank=True, db_column=field.column, db_index=field.db_index)
    if field.name == "number":
        return models.CharField(max_length=20, unique=True, default=_number)
    if field.name == "state":
        return models.CharField(max_length=20, choices=field.choices, default=field.default)
    return field.clone()


def _same_index(index: models.Index) -> models.Index:
    if isinstance(index, GinIndex):
        return GinIndex(fields=index.fields, name=f"bare_{index.name}", fastupdate=index.fastupdate)
    return models.Index(fields=index.fields, name=f"bare_{index.name}", condition=index.condition)


def _meta() -> type:
    indexes = [_same_index(index) for index in Ticket._meta.indexes]
    return type("Meta", (), {"app_label": "bare_app", "db_table": "bare_ticket", "indexes": indexes})


_columns: dict[str, Any] = {field.name: _same_column(field) for field in Ticket._meta.concrete_fields}
BareTicket = type("BareTicket", (models.Model,), {"__module__": __name__, "Meta": _meta(), **_columns})


class Note(models.Model):
    """What the bench's receiver writes."""

    event_id = models.BigIntegerField()
    text = models.CharField(max_length=60)
