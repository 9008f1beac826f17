"""What the API takes. Shapes only: whether the content makes sense is for the services to say."""

from datetime import UTC

from rest_framework import serializers

from apps.casework.states import Activity, Party
from apps.core.rest import StrictSerializer, TextField


class ChecklistInput(StrictSerializer):
    template = serializers.UUIDField(help_text="Of `GET checklist-templates/`.")


class ItemInput(StrictSerializer):
    """`tick`: it is done; `not_applicable`: it does not apply, with a reason; `untick`: open again."""

    name = serializers.ChoiceField(choices=["tick", "untick", "not_applicable"])
    reason = TextField(required=False, max_length=300)


class InvestigationInput(StrictSerializer):
    """The next version of the record; the one before is kept."""

    findings = TextField()
    root_cause = TextField(required=False)
    department = TextField(
        required=False, allow_null=True, max_length=30, help_text="Code of the responsible department."
    )
    conclusion = TextField(required=False)
    number = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=30_000,
        help_text="The version this was begun from; 409 when there is a newer.",
    )


class InterviewInput(StrictSerializer):
    party = serializers.ChoiceField(choices=Party.choices)
    person = TextField(max_length=60, help_text="Kept encrypted; answers show it masked.")
    held_at = serializers.DateTimeField(default_timezone=UTC)
    said = TextField()


class TimeInput(StrictSerializer):
    minutes = serializers.IntegerField(min_value=1, max_value=1_440)
    activity = serializers.ChoiceField(choices=Activity.choices)
    user = TextField(max_length=20, help_text="Staff number of whoever spent it.")
    worked_on = serializers.DateField(
        required=False, allow_null=True, help_text="Calendar day in Shanghai; today if left out."
    )
    note = TextField(required=False, max_length=200)


class CareInput(StrictSerializer):
    """`done`, with what came of it; `skip` and `open_again`, with a reason."""

    name = serializers.ChoiceField(choices=["done", "skip", "open_again"])
    text = TextField(required=False, max_length=2_000)


class MacroInput(StrictSerializer):
    dry_run = serializers.BooleanField(default=False, help_text="Only say what it would do.")


class FillInput(StrictSerializer):
    """Nothing to say: the ticket and the template are in the address."""
