"""One call to a payment provider or tax platform."""

from typing import Any

import requests

from apps.billing.adapters.base import NotSent
from apps.core import http
from apps.core.http import Answer

TIMEOUT_SECONDS = (3, 10)  # to connect, between two pieces of the answer
MOST_BYTES = 20_000_000


def call(method: str, url: str, **how: Any) -> Answer:
    """Raises NotSent when nothing left; anything else that is raised means unknown."""
    try:
        return http.call(method, url, most_bytes=MOST_BYTES, timeout=TIMEOUT_SECONDS, **how)
    except requests.RequestException as error:
        if http.never_left(error):
            raise NotSent(f"no connection: {type(error).__name__}") from None
        raise
