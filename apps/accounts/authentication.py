"""`Authorization: Bearer fbk_…` for the REST API (ADM-03)."""

from dataclasses import dataclass

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from apps.accounts.models import ApiKey
from apps.accounts.scopes import permissions_of
from apps.accounts.services import api_keys
from apps.core.errors import DomainError


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Who calls with an API key: enough of a user for DRF's permissions and throttles; not a member of staff."""

    pk: str  # "api:<prefix>"
    name: str
    permissions: frozenset[str]
    is_authenticated: bool = True
    is_anonymous: bool = False
    is_active: bool = True
    is_staff: bool = False

    @property
    def id(self) -> str:
        return self.pk

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return permission in self.permissions


class ApiKeyAuthentication(BaseAuthentication):
    """`request.user` becomes an `ApiClient`, `request.auth` the ApiKey (shared between requests: read only)."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiKey] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        try:
            if len(parts) != 2:
                raise DomainError("api_key.invalid")
            key = api_keys.check(parts[1].decode("ascii", errors="replace"))
        except DomainError as error:
            raise exceptions.AuthenticationFailed(error.words, code=error.code) from error
        return ApiClient(f"api:{key.prefix}", key.name, permissions_of(key.scopes)), key

    def authenticate_header(self, request: Request) -> str:
        return self.keyword
