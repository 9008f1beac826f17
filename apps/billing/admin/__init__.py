"""The pages of this room in the admin."""

from apps.billing.admin import money  # noqa: F401
