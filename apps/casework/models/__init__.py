from apps.casework.models.care import CareRule, CareTask
from apps.casework.models.checklist import Checklist, ChecklistItem, ChecklistTemplate, ChecklistTemplateItem
from apps.casework.models.demand import StateDemand
from apps.casework.models.investigation import Evidence, Interview, Investigation
from apps.casework.models.macro import Macro, MacroStep
from apps.casework.models.reply import ReplyTemplate, ToneGuide
from apps.casework.models.saved_view import SavedView, ViewPlace
from apps.casework.models.time import TimeEntry
from apps.casework.models.watch import Watch

__all__ = [
    "CareRule",
    "CareTask",
    "Checklist",
    "ChecklistItem",
    "ChecklistTemplate",
    "ChecklistTemplateItem",
    "Evidence",
    "Interview",
    "Investigation",
    "Macro",
    "MacroStep",
    "ReplyTemplate",
    "SavedView",
    "StateDemand",
    "TimeEntry",
    "ToneGuide",
    "ViewPlace",
    "Watch",
]
