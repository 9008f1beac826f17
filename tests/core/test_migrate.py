"""Migrations leave no listeners behind (see `core.management.commands.migrate`)."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.signals import class_prepared
from django_fsm import FSMFieldMixin

from apps.core.management.commands import migrate

pytestmark = pytest.mark.django_db


def render_the_past():
    leaf = [("casework", "0001_initial")]
    return MigrationExecutor(connection).loader.project_state(leaf).apps.get_models()


def test_past_models_have_their_state_fields_and_nobody_listens_for_them(monkeypatch):
    monkeypatch.setattr(FSMFieldMixin, "contribute_to_class", migrate.contribute_to_class)
    before = len(class_prepared.receivers)

    models = render_the_past()

    stateful = [model for model in models if any(isinstance(field, FSMFieldMixin) for field in model._meta.fields)]
    assert stateful
    assert len(class_prepared.receivers) == before


def test_control_the_library_alone_leaves_one_for_each():
    before = len(class_prepared.receivers)
    models = render_the_past()
    assert models
    assert len(class_prepared.receivers) > before


def test_the_command_is_ours_and_leaves_the_library_as_it_was(capsys):
    call_command("migrate", "--check")
    assert FSMFieldMixin.contribute_to_class is migrate.listening
