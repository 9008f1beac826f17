"""A person acts on the tax bureau's own site; the call waits for what they record (see `services.tax_by_hand`)."""

from typing import Any

from apps.billing.adapters.base import Proof, TaxOrder, TaxOutcome

NAME = "manual"
_WAITS = {"waits_for": "person"}


class ManualTaxAdapter:
    name = NAME
    query_every = 1800

    def send(self, order: TaxOrder) -> TaxOutcome:
        return TaxOutcome(Proof.PROCESSING, answer=dict(_WAITS))

    query = send

    def form(self, number: str) -> TaxOutcome:
        return TaxOutcome(Proof.UNKNOWN, answer=dict(_WAITS))

    def look_up(self, code: str, number: str) -> dict[str, Any] | None:
        return None
