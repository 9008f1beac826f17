from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.feedback.selectors import desk_rules
from apps.sla import rules as time_rules
from tests.factories import staff


@pytest.fixture
def signed_in() -> Callable[..., Client]:
    """`signed_in("auditor")` or `signed_in(user)`: a browser of somebody signed in; `.user` tells who."""

    def make(who: str | User = "service_staff", department: str = "service") -> Client:
        client = Client()
        client.user = staff(who, department) if isinstance(who, str) else who  # type: ignore[attr-defined]
        client.force_login(client.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


@pytest.fixture
def steady(monkeypatch) -> None:
    """Rules that are read anew every second are not: how many queries a page needs must not hang on the second."""
    monkeypatch.setattr(desk_rules, "RULES_SECONDS", 3600)
    monkeypatch.setattr(time_rules, "CHECK_SECONDS", 3600)


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """What another test's pages have kept is not there, e.g. the dashboard's figures."""
    cache.clear()
