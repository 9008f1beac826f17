"""What django-axes asks about a failed log-in (ADM-03): who, and from where."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from apps.accounts.models import User
from apps.core import network


def username(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The name that was tried, no longer than a name can be: a longer one is nobody's, and must still be counted."""
    tried = (credentials or request.POST).get("username")
    return str(tried)[: User._meta.get_field("username").max_length] if tried is not None else None


def address(request: HttpRequest) -> str | None:
    """Not that of our own proxy: a stranger's failures would lock everybody's log-in under that name."""
    return network.sender(request) or None
