from apps.triage.models.category import Category
from apps.triage.models.keyword import Keyword
from apps.triage.models.library_version import LibraryVersion
from apps.triage.models.routing_rule import RoutingRule
from apps.triage.models.score_weight import ScoreWeight

__all__ = ["Category", "Keyword", "LibraryVersion", "RoutingRule", "ScoreWeight"]
