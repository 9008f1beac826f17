"""One call to a payment provider: bounded in time and size, never redirected, and honest about whether it left."""

from typing import Any, NamedTuple

import requests
from urllib3.exceptions import NewConnectionError

from apps.billing.adapters.base import NotSent

TIMEOUT_SECONDS = (3, 10)  # to connect, between two pieces of the answer; well within the engine's lease
MOST_BYTES = 20_000_000


class Answer(NamedTuple):
    status: int
    headers: Any
    content: bytes


def call(method: str, url: str, **how: Any) -> Answer:
    """Raises NotSent when nothing left; anything else that is raised means unknown."""
    try:
        with requests.request(
            method, url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True, auth=_as_it_is, **how
        ) as response:
            content = bytearray()
            for chunk in response.iter_content(65_536):
                content += chunk
                if len(content) > MOST_BYTES:
                    raise ValueError("the answer is too large")
            return Answer(response.status_code, response.headers, bytes(content))
    except requests.RequestException as error:
        if _never_connected(error):
            raise NotSent(f"no connection: {type(error).__name__}") from None
        raise


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` of our own: else a .netrc of the machine would take the place of the signature."""
    return request


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)
