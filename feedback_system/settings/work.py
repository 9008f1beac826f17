"""The broker, the cache and what is done when: Celery and its timetable."""

from celery.schedules import crontab

from .ground import LOCAL_DIR, env

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
