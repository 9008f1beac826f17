"""Around a log-in (ADM-03): what django-axes asks about a failed one, the page of a locked one, a session's beginning."""

import math
from collections.abc import Mapping
from typing import Any

from axes.helpers import get_cool_off
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.second_look import end_session_marks, remember
from apps.accounts.services import second_factor
from apps.core import clock, limits, network

COMPANY = "apps.accounts.oidc.CompanyBackend"
DUE = "second_factor_due"  # in the session: the last day without a second factor


def username(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str | None:
    """The name that was tried, no longer than a name can be: a longer one is nobody's, and must still be counted."""
    tried = (credentials or request.POST).get("username")
    return str(tried)[: User._meta.get_field("username").max_length] if tried is not None else None


def address(request: HttpRequest) -> str | None:
    """Not that of our own proxy: a stranger's failures would lock everybody's log-in under that name."""
    return network.sender(request) or None


class Spraying:
    """Refuses an address from which too many log-ins failed, under whatever names: axes counts each name for itself."""

    def authenticate(self, request: HttpRequest | None, username: str = "", password: str = "") -> None:
        if request is not None and settings.AXES_ENABLED and limits.is_spent("log_in_failed", limits.address(request)):
            raise PermissionDenied


def note_failure(sender: object, request: HttpRequest | None = None, **_more: object) -> None:
    """Only failures count: a whole office logs in from one address in the morning."""
    if request is not None and settings.AXES_ENABLED:
        limits.minutes_to_wait("log_in_failed", limits.address(request))


def locked_out(request: HttpRequest, original: object, credentials: Mapping[str, Any] | None = None) -> HttpResponse:
    """What somebody sees after too many failures: for how long, and whom to ask."""
    cool_off = get_cool_off(request)
    minutes = math.ceil(cool_off.total_seconds() / 60) if cool_off else 0
    context = {**admin.site.each_context(request), "minutes": minutes}
    answer = render(request, "accounts/locked_out.html", context, status=429)
    answer["Retry-After"] = str(minutes * 60)
    return answer


def begin_session(sender: object, request: HttpRequest, user: User, **_more: object) -> None:
    """Each log-in proves anew; whoever must set up a second factor hears until when."""
    end_session_marks(request)
    if getattr(user, "backend", "") == COMPANY:
        remember(request)  # the company's log-in has a second step of its own
        request.session[DUE] = ""
        return
    last = None if user.second_factor_at else second_factor.due(user)
    request.session[DUE] = last.isoformat() if last else ""
    if last is not None and last >= clock.local(clock.now()).date():
        text = _("Your role needs a second factor: set it up until %(day)s, in the menu at your name.")
        messages.warning(request, text % {"day": date_format(last)}, fail_silently=True)


user_logged_in.connect(begin_session, dispatch_uid="accounts.begin_session")
user_login_failed.connect(note_failure, dispatch_uid="accounts.note_failure")
