"""What becomes of every odd mail: a ticket, or a verdict that says why not (INT-01, INT-09)."""

import pytest

from apps.core.vocabulary import Channel
from apps.feedback.models import IncomingMail, Ticket
from tests.mail import corpus

pytestmark = pytest.mark.django_db


@pytest.mark.req("INT-09", "INT-01")
@pytest.mark.parametrize("case", corpus.all_cases(), ids=lambda case: case.name)
def test_every_odd_mail_gets_its_verdict(case, arrive):
    row = arrive(case.raw)

    assert (row.verdict, row.reason) == (case.verdict, case.reason), row.detail
    assert IncomingMail.objects.get() == row
    assert row.raw.open("rb").read() == case.raw
    if case.verdict != "new_ticket":
        assert Ticket.objects.count() == 0
        return
    ticket = Ticket.objects.get()
    assert row.ticket == ticket
    assert ticket.channel == Channel.EMAIL
    assert case.own is None or case.own[:100] in ticket.description
    assert ticket.customer.email == corpus.CUSTOMER
    if case.files is not None:
        wanted = len(case.files) if case.kept is None else case.kept
        assert ticket.attachments.count() == wanted, ticket.description
        assert ("\n\n[" in ticket.description) == (wanted < len(case.files) or bool(case.left_out))
