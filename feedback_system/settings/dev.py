"""The embedded default: `script/server` and `manage.py` on one machine, keys made on first use in `.local/`."""

from feedback_system import embedded

embedded.prepare_environment()  # starts or finds the embedded servers unless DATABASE_URL / REDIS_URL are set

from .base import *  # noqa: E402
from .base import env, networks  # noqa: E402

ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
CHAT_DEMO = env.bool("CHAT_DEMO", default=True)
WEBHOOK_INNER_NETWORKS = networks("WEBHOOK_INNER_NETWORKS", ["127.0.0.0/8", "::1/128"])
