import json

import pytest
from django.test import Client

from apps.accounts.scopes import SCOPES
from apps.accounts.services import api_keys
from apps.core import throttling
from apps.core.actors import system
from tests.factories import staff


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch):
    """What this process remembers of rate limits must not reach from one test into the next."""
    monkeypatch.setattr(throttling, "_leases", throttling._Leases())


class Api:
    """A client of the REST API with a key of its own."""

    def __init__(self, name, scopes):
        self.key = api_keys.create(name, scopes, actor=system("test")) if scopes else None
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {self.key.clear}"} if self.key else {}

    def get(self, path, **query):
        return self.client.get(f"/api/v1/{path}", query, headers=self.headers)

    def post(self, path, body, *, key=None, language="en"):
        headers = {**self.headers, "Accept-Language": language}
        if key is not None:
            headers["Idempotency-Key"] = key
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/api/v1/{path}", raw, content_type="application/json", headers=headers)


@pytest.fixture
def api_with(db):
    """`api_with("tickets:read", …)`: a client whose key has these scopes; without any it has no key."""
    serial = iter(range(100))
    return lambda *scopes, name="ERP": Api(f"{name}{next(serial) or ''}", scopes)


@pytest.fixture
def api(api_with):
    """A client with every scope."""
    return api_with(*SCOPES)


@pytest.fixture
def feedback():
    """A good body for POST tickets/; `feedback(kind="fault", phone="…")`."""

    def make(**given):
        contact = {"name": "张三", "phone": given.pop("phone", "13812345678")}
        return {"text": "洗衣机漏水，厨房地板全湿了，要求换货。", "contact": contact, **given}

    return make


def pointers(response):
    """Which fields the problem names."""
    return {row["pointer"] for row in response.json().get("errors", [])}


def is_problem(response, status, code=None):
    """Whether the answer is a problem of RFC 9457 with this status and code."""
    body = response.json()
    right_shape = response["Content-Type"] == "application/problem+json" and body["status"] == status
    return response.status_code == status and right_shape and code in (None, body["code"])


@pytest.fixture
def person():
    """`person(role)`: a signed-in member of staff, calling the API with their session."""

    def sign_in(role, user=None):
        api = Api("nobody", ())
        api.user = user or staff(role, "finance")
        api.client = Client(raise_request_exception=False)
        api.client.force_login(api.user)
        return api

    return sign_in


@pytest.fixture
def key_of():
    """`key_of(user, *scopes)`: a key that acts in their name, agreed."""

    def make(user, *scopes):
        api = Api("none", ())
        made = api_keys.create(f"OA {user.pk}", scopes, actor=system("test"), acts_for=user)
        api_keys.answer(made.key, user, agree=True)
        api.headers = {"Authorization": f"Bearer {made.clear}"}
        return api

    return make
