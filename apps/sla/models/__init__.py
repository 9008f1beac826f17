from apps.sla.models.calendar import Calendar, CalendarDay, WorkingPeriod
from apps.sla.models.deadline import Deadline, Pause
from apps.sla.models.escalation import EscalationStep
from apps.sla.models.extension import ExtensionRequest
from apps.sla.models.legal_rule import LegalRule
from apps.sla.models.policy import Policy
from apps.sla.models.rule_version import RuleVersion

__all__ = [
    "Calendar",
    "CalendarDay",
    "Deadline",
    "EscalationStep",
    "ExtensionRequest",
    "LegalRule",
    "Pause",
    "Policy",
    "RuleVersion",
    "WorkingPeriod",
]
