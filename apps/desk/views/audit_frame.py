"""What the pages of audit, retention and data requests share."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.principals import actor_for
from apps.billing.models import AuditItem, RedFlag, Refund, VoidRequest
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.desk.forms.audit import PlainForm
from apps.feedback.models import Ticket

PAGES = {
    "billing.voidrequest": ("desk:void_request", VoidRequest),
    "billing.refund": ("desk:refund", Refund),
    "feedback.ticket": ("admin:desk_ticket", Ticket),
}


def reader(request: HttpRequest, *rights: str) -> Actor:
    """Who looks; 403 without one of these rights."""
    actor = actor_for(request)
    if not any(actor.can(right) for right in rights):
        raise PermissionDenied
    return actor


def known(rows: "QuerySet[Any]", pk: UUID) -> Any:
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def done(request: HttpRequest, form: PlainForm, act: Callable[[dict[str, Any]], object], said: str) -> bool:
    """Run a service with what the form holds. False: its errors stand beside the fields, and what was typed is kept."""
    if not form.is_valid():
        return False
    try:
        act(form.cleaned_data)
    except (DomainError, DomainErrors) as error:
        form.refuse(error)
        return False
    messages.success(request, said)
    return True


def tried(request: HttpRequest, act: Callable[[], object], said: str) -> None:
    """A button without a form: done, or the refusal as a message."""
    try:
        act()
    except DomainError as error:
        messages.error(request, error.words)
    else:
        messages.success(request, said)


def case_page(case_type: str, number: str) -> str:
    """The desk's page of a case by its number; empty where there is none."""
    name, _model = PAGES.get(case_type, ("", None))
    return reverse(name, args=[number]) if name and number else ""


def cases_of(flag: RedFlag) -> list[dict[str, Any]]:
    """The evidence of a flag with links."""
    return [{**s, "link": case_page(s["type"], s["number"])} for s in flag.subjects]


def case_of(item: AuditItem) -> Any:
    """The drawn void request or refund as it stands today."""
    model = PAGES[item.case_type][1]
    related = ("requested_by", "ticket") if model is Refund else ("requested_by", "ticket", "invoice", "reason")
    return model._default_manager.select_related(*related).filter(pk=item.case_id).first()


def names(ids: set[int]) -> dict[int, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids)}
