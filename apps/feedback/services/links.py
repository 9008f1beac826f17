"""The customer's private addresses (INT-10, SUR-02): unguessable, not stored, withdrawn by raising `link_version`."""

import base64
import hashlib
import hmac

from django.conf import settings
from django.urls import reverse

from apps.feedback.models import Survey, Ticket


def _token(purpose: str, *parts: object) -> str:
    message = "\x1f".join([purpose, *map(str, parts)]).encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), b"feedback.links" + message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:18]).decode()


def tracking_token(ticket: Ticket) -> str:
    return _token("tracking", ticket.pk, ticket.link_version)


def survey_token(survey: Survey) -> str:
    """Its page leads on to the ticket's own, so it is withdrawn together with that one."""
    version = survey.ticket.link_version
    return _token("survey", survey.pk, *([version] if version > 1 else []))  # those sent out long ago name no version


def tracking_matches(ticket: Ticket, token: str) -> bool:
    return hmac.compare_digest(tracking_token(ticket).encode(), token.encode("utf-8", "replace"))


def survey_matches(survey: Survey, token: str) -> bool:
    return hmac.compare_digest(survey_token(survey).encode(), token.encode("utf-8", "replace"))


def tracking_url(ticket: Ticket) -> str:
    """Absolute, for messages."""
    return settings.PUBLIC_URL + reverse("portal:track", args=[ticket.number, tracking_token(ticket)])


def survey_url(survey: Survey) -> str:
    """Absolute, for messages."""
    return settings.PUBLIC_URL + reverse("portal:survey", args=[survey.pk, survey_token(survey)])


def staff_url(ticket: Ticket) -> str:
    """Path of the workspace."""
    return reverse("admin:desk_ticket", args=[ticket.number])
