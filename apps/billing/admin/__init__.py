"""The pages of this room in the admin."""

from apps.billing.admin import audit_rows, batches, imports, links, money, records, rules, statements  # noqa: F401
