"""Tests: real PostgreSQL and Valkey (embedded unless given), quick password hashes, Celery tasks called by hand."""

import tempfile
from ipaddress import ip_network
from pathlib import Path

from feedback_system import embedded

embedded.prepare_environment()

from .base import *  # noqa: E402

# Tests make and drop databases, so they are the tables' owner; the fixture `as_app_role` drops to the app's rights.
DATABASES["default"] |= env.db("DATABASE_OWNER_URL", default=env("DATABASE_URL"))
# Nothing of a test has to outlive a power cut.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
ALLOWED_HOSTS = ["*"]
_files = tempfile.TemporaryDirectory(prefix="feedback-test-")  # goes away with the process
MEDIA_ROOT = Path(_files.name) / "media"
EVIDENCE_KEY_FILE = Path(_files.name) / "evidence.pem"
EVIDENCE_HEADS_FILE = Path(_files.name) / "heads.jsonl"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
AXES_ENABLED = False
SECOND_LOOK = False
WEBHOOK_INNER_NETWORKS = [ip_network("127.0.0.0/8")]
WHITENOISE_AUTOREFRESH = True
