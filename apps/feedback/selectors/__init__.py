"""Reading tickets: `rules`, `queue`, `workspace`, `figures`."""

from apps.feedback.selectors.rules import rules

__all__ = ["rules"]
