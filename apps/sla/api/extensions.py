"""Requests for more time as the API takes and shows them. Moments are UTC."""

from datetime import UTC
from typing import Any

from rest_framework import serializers

from apps.core.rest import StrictSerializer, TextField
from apps.sla.models import ExtensionRequest
from apps.sla.states import ExtensionState, Metric


class ExtensionInput(StrictSerializer):
    """Which open deadline needs more time, until when, and why."""

    metric = serializers.ChoiceField(choices=Metric.choices)
    due_at = serializers.DateTimeField(default_timezone=UTC, help_text="Later than the present due time.")
    reason = TextField(max_length=2_000)


class DecisionInput(StrictSerializer):
    """Grant or refuse. Without `due_at` it is granted until the time that was asked for; a refusal needs a reason."""

    approve = serializers.BooleanField()
    due_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)
    reason = TextField(required=False, max_length=2_000)


class WithdrawalInput(StrictSerializer):
    """Take back the own request."""

    reason = TextField(required=False, max_length=2_000)


class ExtensionAnswer(serializers.Serializer[Any]):
    """Only described, never run."""

    id = serializers.UUIDField()
    subject_type = serializers.CharField(help_text="What the deadline belongs to, e.g. `feedback.ticket`.")
    subject_id = serializers.UUIDField()
    metric = serializers.ChoiceField(choices=Metric.choices)
    state = serializers.ChoiceField(choices=ExtensionState.choices)
    was_due_at = serializers.DateTimeField()
    asked_until = serializers.DateTimeField()
    reason = serializers.CharField()
    requested_by = serializers.CharField(help_text="Staff number or client name.")
    requested_at = serializers.DateTimeField()
    granted_until = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)


class ExtensionPage(serializers.Serializer[Any]):
    results = ExtensionAnswer(many=True)
    next = serializers.URLField(allow_null=True)


def row(found: ExtensionRequest) -> dict[str, Any]:
    """`found` with its deadline."""
    return {
        "id": found.pk,
        "subject_type": found.deadline.subject_type,
        "subject_id": found.deadline.subject_id,
        "metric": found.deadline.metric,
        "state": found.state,
        "was_due_at": found.was_due_at,
        "asked_until": found.asked_until,
        "reason": found.reason,
        "requested_by": found.requested_label,
        "requested_at": found.requested_at,
        "granted_until": found.granted_until,
        "decided_by": found.decided_label,
        "decided_at": found.decided_at,
        "decision_reason": found.decision_reason,
    }
