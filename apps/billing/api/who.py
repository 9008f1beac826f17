"""Who acts, and on what: the actor of a request about money, and rows that this actor may know of."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import ApiKey, User
from apps.accounts.principals import actor_for
from apps.billing.models import Invoice, Payment, Refund, VoidRequest
from apps.core import paging
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Ticket

M = TypeVar("M", bound=models.Model)


def money_actor(request: Request) -> Actor:
    """As `actor_for`; a key that acts in the name of somebody who agreed carries that person, so that what they filed they
    never sign, and what they may not sign their key doesn't either."""
    actor = actor_for(request)
    key = request.auth
    if isinstance(key, ApiKey) and key.acts_for_id is not None and key.agreed_at is not None:
        person = User.objects.filter(pk=key.acts_for_id, is_active=True).first()
        return replace(actor, user=person)
    return actor


def signer(request: Request) -> Actor:
    """Raises DomainError `api_key.no_person` for a key in nobody's name: a signature is always a person's."""
    actor = money_actor(request)
    if actor.user is None:
        raise DomainError("api_key.no_person")
    return actor


def require(actor: Actor, *permissions: str) -> None:
    """Any of these rights. Raises DomainError `core.not_allowed`."""
    if not any(actor.can(permission) for permission in permissions):
        raise DomainError("core.not_allowed")


def known(rows: "models.QuerySet[M]", **key: Any) -> M:
    """Raises DomainError `core.not_found`, also for what the actor may not know of (`rows` is what they may)."""
    found = rows.filter(**key).first()
    if found is None:
        raise DomainError("core.not_found")
    return found


def void_rows(actor: Actor) -> "models.QuerySet[VoidRequest]":
    joins = ("invoice", "reason", "rule", "ticket", "requested_by", "red_invoice")
    return VoidRequest.objects.visible_to(actor).select_related(*joins)


def refund_rows(actor: Actor) -> "models.QuerySet[Refund]":
    """Without decrypting anything: what is shown of the payee is masked."""
    rows = Refund.objects.visible_to(actor).select_related("payment", "ticket", "void_request", "requested_by")
    return rows.defer("payee_name", "payee_account", "payment__payer_name")


def void_request(actor: Actor, number: str) -> VoidRequest:
    return known(void_rows(actor), number=number)


def refund(actor: Actor, number: str) -> Refund:
    return known(refund_rows(actor), number=number)


def invoice_named(actor: Actor, number: str, code: str = "", *, field: str = "invoice") -> Invoice:
    """The invoice that a body names. Raises DomainErrors `money.unknown` at `field`."""
    rows = Invoice.objects.filter(number=number)
    found = list((rows.filter(code=code) if code else rows)[:2])
    if len(found) != 1:
        raise DomainErrors([_unknown(_("invoice"), number, field)])
    return found[0]


def payment_named(number: str) -> Payment:
    found = Payment.objects.select_related("customer").filter(number=number).first()
    if found is None:
        raise DomainErrors([_unknown(_("payment"), number, "payment")])
    return found


def ticket_named(actor: Actor, number: str | None) -> Ticket | None:
    """None where none is named. Raises DomainErrors `money.unknown`, also for one that the actor may not see."""
    if not number:
        return None
    found = Ticket.objects.visible_to(actor).filter(number=number).first()
    if found is None:
        raise DomainErrors([_unknown(_("ticket"), number, "ticket")])
    return found


def _unknown(what: str, number: str, field: str) -> DomainError:
    return DomainError("money.unknown", field=field, what=what, number=number[:80])


Filters = Mapping[str, Callable[[str], Mapping[str, Any]]]


def listed(request: Request, rows: "models.QuerySet[Any]", filters: Filters, row: Callable[[Any], Any]) -> Response:
    """A page of rows, newest first, by key. `filters`: name in the query → conditions. An unknown name is an error."""
    if unknown := request.query_params.keys() - filters.keys() - paging.PARAMETERS:
        words = _("There is no such filter.")
        raise ValidationError({name: [ErrorDetail(words, "unknown_field")] for name in sorted(unknown)})
    for name, condition in filters.items():
        if (value := request.query_params.get(name)) is not None:
            rows = rows.filter(**condition(value))
    size, last = paging.size_of(request), paging.after(request, UUID)
    if last is not None:
        rows = rows.filter(pk__lt=last)
    page = list(rows.order_by("-id")[: size + 1])
    more = page[size - 1].pk if len(page) > size else None
    return Response(paging.page(request, [row(each) for each in page[:size]], more))


def choice(column: str, values: list[str]) -> Callable[[str], Mapping[str, Any]]:
    """A filter that knows its values. Raises DomainErrors `core.invalid_choice`."""

    def condition(value: str) -> Mapping[str, Any]:
        if value not in values:
            raise DomainErrors([DomainError("core.invalid_choice", field=column, value=value[:80])])
        return {column: value}

    return condition


def equal(column: str) -> Callable[[str], Mapping[str, Any]]:
    return lambda value: {column: value.replace("\0", "")}
