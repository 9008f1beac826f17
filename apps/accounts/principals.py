"""From a request to the Actor that services take."""

from typing import Any

from apps.accounts.authentication import ApiClient
from apps.core import actors
from apps.core.actors import Actor
from apps.core.errors import DomainError


def actor_for(request: Any) -> Actor:
    """Who acts in this request, of Django or DRF: a signed-in member of staff, or a client with an API key.

    Raises DomainError `core.not_allowed` for anybody else. Public pages act as `core.actors.CUSTOMER` instead.
    """
    user = request.user
    if isinstance(user, ApiClient):
        return Actor("api", f"api:{user.name}", permissions=user.permissions)
    if user is None or not user.is_authenticated:
        raise DomainError("core.not_allowed")
    return actors.staff(user)
