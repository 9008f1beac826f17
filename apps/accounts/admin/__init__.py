from apps.accounts.admin import api_keys, departments, groups, staff

__all__ = ["api_keys", "departments", "groups", "staff"]
