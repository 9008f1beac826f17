from apps.sla.admin import calendars, deadlines, extensions, ladder, legal, policies

__all__ = ["calendars", "deadlines", "extensions", "ladder", "legal", "policies"]
