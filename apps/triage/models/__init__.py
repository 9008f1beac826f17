from apps.triage.models.category import Category
from apps.triage.models.keyword import Keyword
from apps.triage.models.keyword_suggestion import Decision, KeywordSuggestion
from apps.triage.models.library_review import LibraryReview
from apps.triage.models.library_version import LibraryVersion
from apps.triage.models.model_version import ModelVersion, Origin
from apps.triage.models.replay import Replay
from apps.triage.models.routing_rule import RoutingRule
from apps.triage.models.score_weight import ScoreWeight

__all__ = [
    "Category", "Decision", "Keyword", "KeywordSuggestion", "LibraryReview", "LibraryVersion", "ModelVersion", "Origin",
    "Replay", "RoutingRule", "ScoreWeight",
]  # fmt: skip
