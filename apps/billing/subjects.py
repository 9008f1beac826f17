"""Finance's cases in the words of rooms below that hold deadlines of them without knowing them."""

from uuid import UUID

from django.urls import NoReverseMatch, reverse

from apps.billing.models import Difference, RedForm, VoidRequest
from apps.sla import subjects
from apps.sla.subjects import Named


def page(name: str, *which: object) -> str:
    """The path of a page of the rooms above; empty where it isn't installed."""
    try:
        return reverse(name, args=which)
    except NoReverseMatch:
        return ""


def void_requests(ids: list[UUID]) -> dict[UUID, Named]:
    rows = VoidRequest.objects.filter(pk__in=ids).select_related("invoice")
    return {row.pk: Named(f"{row.number} {row.invoice}", page("desk:case", "void", row.pk)) for row in rows}


def red_forms(ids: list[UUID]) -> dict[UUID, Named]:
    rows = RedForm.objects.filter(pk__in=ids).select_related("request")
    return {row.pk: Named(f"{row.request.number} {row.number}".strip(), _of_form(row)) for row in rows}


def _of_form(form: RedForm) -> str:
    return page("desk:case", "void", form.request_id)


def differences(ids: list[UUID]) -> dict[UUID, Named]:
    rows = Difference.objects.filter(pk__in=ids)
    return {row.pk: Named(str(row), page("admin:billing_difference_change", row.pk)) for row in rows}


NAMERS = {"billing.voidrequest": void_requests, "billing.redform": red_forms, "billing.difference": differences}
for _type, _namer in NAMERS.items():
    subjects.register(_type, _namer)
