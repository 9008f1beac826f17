"""The company's own log-in by OpenID Connect (ADM-03): it says who somebody is, roles and departments stay ours.

Whom it names must be known here, by log-in name or staff number (`OIDC_CLAIM`); nobody is made by logging in.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db.models import Q, QuerySet
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from apps.accounts.models import User


class CompanyBackend(OIDCAuthenticationBackend):
    """Its own second factor counts as the log-in's second step (`login.begin_session`)."""

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
