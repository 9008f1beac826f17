from apps.accounts.admin import api_keys, departments, groups, second_factor, staff, webhooks

__all__ = ["api_keys", "departments", "groups", "second_factor", "staff", "webhooks"]
