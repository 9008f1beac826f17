"""Closed cases for the tests of the archive."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.billing.adapters.base import Outcome, Proof, TaxOutcome
from apps.billing.models import EvidencePack, Refund, VoidRequest
from apps.billing.services import executing, paying, refunds, tax_operations
from apps.billing.services.paying import PAYER
from apps.billing.states import InvoiceKind, PayChannel
from apps.core import clock, uploads
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError
from apps.core.models import Upload
from apps.core.vocabulary import Channel
from apps.feedback.models import Ticket
from apps.feedback.services import conversation
from tests import factories
from tests.billing.tax import verified
from tests.money import finance, invoice, payment, refund

VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}


def case_done(*, with_ticket: bool = False, certificate_file: bytes = b"", **fields: object) -> VoidRequest:
    """A paper invoice of this month, voided: filed, signed, verified, executed by different people."""
    if with_ticket:
        fields["ticket"] = factories.ticket(name="王小明", phone="13800138000")
    ready = verified(of=invoice(kind=InvoiceKind.PAPER_SPECIAL, facts=VOIDABLE, issued_at=clock.now()), **fields)
    executing.execute(ready, actor=finance())
    operation = ready.operations.get()
    file = {"file": certificate_file, "file_name": "作废凭证.pdf"} if certificate_file else {}
    number = f"ZF-{ready.number}"
    tax_operations.settle(operation, TaxOutcome(Proof.SUCCEEDED, certificate=number, answer={"code": "0"}, **file))
    return VoidRequest.objects.get(pk=ready.pk)


def refund_paid(*, amount: str = "100.00", **fields: object) -> Refund:
    """A refund that Alipay has paid."""
    filed = refund(payment("500.00", PayChannel.ALIPAY), amount=amount, **fields)
    approved = refunds.decide(filed, actor=finance(), approve=True)
    attempt = paying.begin(approved, actor=PAYER)
    paying.settle(attempt, Outcome(Proof.SUCCEEDED, f"2026112222001{attempt.number[-8:]}", answer={"fund_change": "Y"}))
    paid = Refund.objects.get(pk=filed.pk)
    assert paid.amount == Decimal(amount)
    return paid


def said(ticket: Ticket, text: str, *files: SimpleUploadedFile) -> list[Upload]:
    """The customer writes something more; returns what was attached."""
    kept = uploads.store(list(files), actor=CUSTOMER)
    conversation.customer_says(ticket, text, actor=CUSTOMER, channel=Channel.ONLINE, uploads=kept)
    return kept


@contextmanager
def refused(code: str) -> Iterator[None]:
    """The block is refused with this error."""
    with pytest.raises(DomainError) as caught:
        yield
    assert caught.value.code == code


def opened(pack: EvidencePack) -> dict[str, bytes]:
    """The files of a pack by name."""
    with pack.upload.file.open("rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as whole:
        return {name: whole.read(name) for name in whole.namelist()}
