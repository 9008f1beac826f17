"""What filing would do, before anything is filed: amounts by line, the act with its article, who must sign (VOI-01)."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from apps.billing import rulings
from apps.billing.models import VoidRequest, VoidRule
from apps.billing.services import approvals, verification, voids
from apps.billing.services.approvals import Signing
from apps.billing.services.balance import Portion
from apps.billing.services.voids import VoidDraft
from apps.core import clock


@dataclass(frozen=True, slots=True)
class Preview:
    """Yuan. `request` is not saved; its ruling is what the table says as things stand."""

    request: VoidRequest
    portions: tuple[Portion, ...]
    ruling: rulings.Ruling[VoidRule]
    signing: Signing

    @property
    def amount(self) -> Decimal:
        return self.request.amount


def of(draft: VoidDraft) -> Preview:
    """Writes nothing. Raises what `voids.file` raises for the reason, the invoice and the lines."""
    with transaction.atomic():
        request = VoidRequest(
            invoice=draft.invoice, ticket=draft.ticket, reason=voids.reason_of(draft.invoice, draft.reason_code),
            whole=not draft.asks,
        )  # fmt: skip
        portions = voids.portions_of(request, draft.asks)
        voids.set_amounts(request, portions)
    ruling = verification.look(request, clock.now())
    request.rule = ruling.rule
    request.act = ruling.rule.act if ruling.rule else ""
    return Preview(request, tuple(portions), ruling, approvals.standing(request))
