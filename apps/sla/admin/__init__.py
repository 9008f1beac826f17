from apps.sla.admin import calendars, deadlines, ladder, policies

__all__ = ["calendars", "deadlines", "ladder", "policies"]
