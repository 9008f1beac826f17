"""What the pages of this room have in common: the admin's frame, rights, and errors in words."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from apps.accounts.principals import actor_for
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors

RIGHT = "triage.change_keyword"


def framed(page: ModelAdmin, request: HttpRequest, template: str, title: Any, **context: Any) -> HttpResponse:
    """A page inside the admin's frame; `changes` says whether who looks may change the library."""
    whole = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.model._meta,
        "changes": request.user.has_perm(RIGHT),
        **context,
    }
    return TemplateResponse(request, template, whole)


def tell(request: HttpRequest, error: DomainError | DomainErrors) -> None:
    for each in error.errors if isinstance(error, DomainErrors) else [error]:
        messages.error(request, each.words)


def attempt(request: HttpRequest, act: Callable[[Actor], object], done: Any) -> bool:
    """Do something through a service and say how it went."""
    try:
        act(actor_for(request))
    except (DomainError, DomainErrors) as error:
        tell(request, error)
        return False
    messages.success(request, done)
    return True


class LookedAt(ModelAdmin):
    """Rows that services make: looked at here, never added, changed or deleted by hand. Whoever may change keywords may
    look, too."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(RIGHT) or super().has_view_permission(request, obj)
