"""Noting a call to the tax platform (VOI-06): one open call per request, under a number that every repeat carries."""

from apps.billing.adapters import registry
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.states import OPEN_ATTEMPTS
from apps.core import clock
from apps.core.errors import DomainError


def is_open(request: VoidRequest) -> bool:
    """Whether the outcome of a call of this request is not known yet."""
    return request.operations.filter(state__in=OPEN_ATTEMPTS).exists()


def new(request: VoidRequest, verb: str, form: RedForm | None = None, adapter: str = "") -> TaxOperation:
    """An unsaved call, through the adapter of that name or the one for new calls. The caller holds the request's lock.

    Raises DomainError `void.being_executed`.
    """
    if is_open(request):
        raise DomainError("void.being_executed")
    place = request.operations.count() + 1
    return TaxOperation(
        request=request, form=form, verb=verb, adapter=adapter or registry.tax_adapter().name,
        key=f"V{request.number.replace('-', '')}{place:02d}", next_query_at=clock.now(),
    )  # fmt: skip
