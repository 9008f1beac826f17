from apps.casework.admin import checklists, macros, replies, rules, time

__all__ = ["checklists", "macros", "replies", "rules", "time"]
