"""Reading tickets: `rules`, `queue`, `workspace`, `figures`."""

from apps.feedback.selectors.desk_rules import rules

__all__ = ["rules"]
