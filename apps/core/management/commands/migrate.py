"""Django's `migrate` in two thirds of its time.

Every state field waits for `class_prepared` for as long as it lives. A migration renders thousands of past models, so soon
thousands of their fields hear of each new one. Past models have no transitions: their fields needn't listen.
"""

from typing import Any

from django.core.management.commands import migrate
from django.db.models import Field
from django_fsm import FSMFieldMixin

PAST = "__fake__"  # the module that Django gives to the models of migrations
listening = FSMFieldMixin.contribute_to_class


def contribute_to_class(field: Any, cls: type, name: str, private_only: bool = False, **options: Any) -> None:
    if cls.__module__ == PAST:
        Field.contribute_to_class(field, cls, name, private_only=private_only)
    else:
        listening(field, cls, name, private_only=private_only, **options)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        FSMFieldMixin.contribute_to_class = contribute_to_class
        try:
            super().handle(*args, **options)
        finally:
            FSMFieldMixin.contribute_to_class = listening
