"""The product as it runs in production, and beside it a bare DRF view on a table of the same columns."""

from feedback_system.settings.dev import *

INSTALLED_APPS = [*INSTALLED_APPS, "bench.bare_app"]
ROOT_URLCONF = "bench.urls"
API_REQUESTS_PER_MINUTE = 100_000_000  # counted as ever, never reached
