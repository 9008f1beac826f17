from apps.triage.admin import keywords, rules

__all__ = ["keywords", "rules"]
