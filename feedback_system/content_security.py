"""The Content-Security-Policy header: `settings.CONTENT_SECURITY_POLICY`, and one allowance for the admin."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse


class ContentSecurityMiddleware(CSPMiddleware):
    """Unfold's admin is made with Alpine.js, which evaluates strings: allowed under its paths alone, those
    of staff."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and request.path.startswith((reverse("admin:index"), reverse("desk:approvals"))):
            parts.update = {**(parts.update or {}), "script-src": ["'self'", "'unsafe-eval'"]}
        return parts
