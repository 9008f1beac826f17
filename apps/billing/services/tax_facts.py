"""Asking the tax platform what it knows of an invoice (VOI-03): first the call, without any lock, then the writing."""

import logging
import time
from datetime import timedelta
from typing import Any

from django.db import transaction

from apps.billing.adapters import registry
from apps.billing.models import Invoice, InvoiceLookup, VoidRequest
from apps.billing.services import executing, invoices, verification
from apps.billing.states import Fact, Source, VoidState
from apps.core import clock, locks, money
from apps.core.actors import Actor, system

logger = logging.getLogger(__name__)

TAX = system("tax")
FRESH = timedelta(minutes=10)  # asked no more often, unless a person wants to
COMPARED = ("buyer_name", "buyer_tax_number")


def renew(request: VoidRequest, *, at_once: bool = False) -> VoidRequest:
    """Ask the platform about the request's invoice and go through the verification again.

    Call it outside of any transaction: it reaches out. What can't be told, or a platform that is away, changes nothing.
    """
    invoice = Invoice.objects.get(pk=request.invoice_id)
    if not at_once and _is_fresh(invoice):
        return request
    adapter = registry.tax_adapter()
    try:
        found = adapter.look_up(invoice.code, invoice.number)
    except Exception as error:  # the verification goes on by hand
        logger.warning("look-up of invoice %s: %s", invoice.pk, type(error).__name__)
        return request
    if found is None:
        return request
    with transaction.atomic():
        locks.row(VoidRequest, request.pk)
        keep(invoice, found, adapter.name)
        fresh = verification.refresh(request)
    verification.refresh_all(invoice)  # its other requests read the same word
    return fresh


def _is_fresh(invoice: Invoice) -> bool:
    return InvoiceLookup.objects.filter(invoice=invoice, at__gt=clock.now() - FRESH).exists()


def keep(invoice: Invoice, found: dict[str, Any], adapter: str) -> InvoiceLookup:
    """Write down whether the platform's invoice is ours, and the facts that it told otherwise than they are known."""
    known = bool(found.get("known", True))
    row = InvoiceLookup.objects.create(
        invoice=invoice, adapter=adapter, known=known, differences=_differences(invoice, found) if known else []
    )
    heard = invoices.known_facts(invoice)
    for fact in Fact.values:
        holds = found.get(fact)
        if fact == Fact.SAME_MONTH or not isinstance(holds, bool):
            continue
        before = heard.get(fact)
        if before is None or before.holds != holds:
            invoices.record_fact(invoice, fact, holds, source=Source.TAX, actor=TAX)
    return row


def _differences(invoice: Invoice, found: dict[str, Any]) -> list[str]:
    """What is not as in our books; a value that either side leaves out is not compared."""
    different = []
    if found.get("gross") is not None and money.fen(found["gross"]) != invoice.gross:
        different.append("gross")
    for name in COMPARED:
        theirs, ours = str(found.get(name) or "").strip(), str(getattr(invoice, name)).strip()
        if theirs and ours and theirs != ours:
            different.append(name)
    return different


def renew_waiting(limit: int = 20, seconds: float = 15.0) -> int:
    """Ask about the invoices of requests in verification that were never asked about, as long as there is time; how many
    were. The newest first: one that the platform can't tell about keeps no later one waiting.
    """
    until, asked = time.monotonic() + seconds, 0
    waiting = VoidRequest.objects.filter(state=VoidState.VERIFICATION, invoice__lookups=None).order_by("-id")[:limit]
    for request in waiting:
        if time.monotonic() > until:
            break
        renew(request)
        asked += 1
    return asked


def confirm(request: VoidRequest, *, actor: Actor) -> VoidRequest:
    """`verification.confirm` on what the platform says now. Outside of any transaction; same errors."""
    renew(request)
    return verification.confirm(request, actor=actor)


def execute(request: VoidRequest, *, actor: Actor) -> VoidRequest:
    """`executing.execute` on what the platform says now: a use that was confirmed since decides again (VOI-11).

    Outside of any transaction; same errors.
    """
    renew(request)
    return executing.execute(request, actor=actor)
