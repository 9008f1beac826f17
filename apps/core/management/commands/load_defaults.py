"""Load every app's shipped defaults: create what is missing, never overwrite what staff edited (ADM-05)."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from apps.core.actors import system


class Command(BaseCommand):
    help = "Load shipped defaults (roles, departments, categories, keywords, deadlines, templates). Idempotent."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for config in apps.get_app_configs():  # INSTALLED_APPS order: the lower rooms first
            if config.name.startswith("apps.") and find_spec(f"{config.name}.defaults"):
                for what, count in import_module(f"{config.name}.defaults").load(actor=system("defaults")).items():
                    if count and options["verbosity"]:
                        self.stdout.write(f"{config.label}: {count} {what}")
