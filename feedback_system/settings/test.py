"""Tests: real PostgreSQL and Valkey (embedded unless given), quick password hashes, Celery tasks called by hand."""

import os

from feedback_system import embedded

embedded.prepare_environment()
os.environ["DATABASE_AS_OWNER"] = "1"  # tests make their databases; the fixture `as_app_role` drops to the app's rights

from .base import *  # noqa: E402, F403

ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
AXES_ENABLED = False
WHITENOISE_AUTOREFRESH = True
