from apps.triage.admin import keywords, models, replays, reviews, rules, suggestions, weights

__all__ = ["keywords", "models", "replays", "reviews", "rules", "suggestions", "weights"]
