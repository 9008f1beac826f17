"""The company's own log-in by OpenID Connect (ADM-03): it says who somebody is, roles and departments stay ours.

Whom it names must be known here, by log-in name or staff number (`OIDC_CLAIM`); nobody is made by logging in.
"""

import logging
from typing import Any

import requests
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from jwt import PyJWTError
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from apps.accounts.models import User

logger = logging.getLogger(__name__)


class CompanyBackend(OIDCAuthenticationBackend):
    """Its own second factor counts as the log-in's second step (`login.begin_session`)."""

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> User | None:
        """None also where the company's server is away or answers nonsense: a refused log-in, and a line in the log."""
        try:
            found: User | None = super().authenticate(request, **kwargs)
        except (requests.RequestException, PyJWTError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("the company's log-in failed: %s", type(error).__name__)  # its words may quote an answer
            return None
        return found

    def get_user(self, user_id: int) -> User | None:
        """Who was made inactive is out at once; the library would keep their session."""
        found: User | None = super().get_user(user_id)
        return found if found is not None and self.user_can_authenticate(found) else None

    def verify_token(self, token: str, **kwargs: Any) -> Any:
        """Besides signature and nonce: made for us, by the company's server. The library looks at neither."""
        payload = super().verify_token(token, **kwargs)
        audience = payload.get("aud")
        if settings.OIDC_RP_CLIENT_ID not in (audience if isinstance(audience, list) else [audience]):
            raise SuspiciousOperation("the ID token is for somebody else")
        if settings.OIDC_ISSUER and payload.get("iss") != settings.OIDC_ISSUER:
            raise SuspiciousOperation("the ID token is from somebody else")
        return payload

    def verify_claims(self, claims: dict[str, Any]) -> bool:
        return bool(self._name(claims))

    def filter_users_by_claims(self, claims: dict[str, Any]) -> QuerySet[User]:
        name = self._name(claims)
        if not name:
            return User.objects.none()
        return User.objects.filter(Q(username=name) | Q(staff_number=name), is_active=True, is_staff=True)

    def _name(self, claims: dict[str, Any]) -> str:
        return str(claims.get(settings.OIDC_CLAIM) or "").strip()
