from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
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
