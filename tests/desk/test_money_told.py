"""The ticket shows what its customer was told of the money, and staff make the calls about it there (HND-07, LNK-03)."""

import pytest

from apps.core.vocabulary import ContactChannel
from apps.feedback.models import Ticket
from apps.journal import deliveries
from apps.notifications.models import OutgoingMessage
from apps.notifications.states import MessageState
from tests.archive import refund_paid
from tests.factories import staff, ticket

pytestmark = pytest.mark.django_db


@pytest.mark.req("LNK-03")
def test_a_ticket_lists_what_its_customer_was_told_of_the_refund(signed_in):
    case = ticket(phone="13800138000")
    paid = refund_paid(ticket=case)
    other = refund_paid(ticket=ticket(phone="13800138001"))
    deliveries.drain()
    lead = signed_in("service_lead")

    page = lead.get(f"/admin/tickets/{case.number}/").content.decode()

    sent = page.split("已发消息")[1]
    assert "退款已完成" in sent
    mine = OutgoingMessage.objects.get(subject_id=paid.pk, template="refund_paid")
    foreign = OutgoingMessage.objects.get(subject_id=other.pk, template="refund_paid")
    assert lead.get(f"/admin/tickets/{case.number}/messages/{mine.pk}/").status_code == 200
    assert lead.get(f"/admin/tickets/{case.number}/messages/{foreign.pk}/").status_code == 404


@pytest.mark.req("HND-07")
def test_a_call_about_a_refund_is_made_from_its_ticket(signed_in):
    case = ticket(phone="13800138000")
    Ticket.objects.filter(pk=case.pk).update(contact_channel=ContactChannel.PHONE)
    case = Ticket.objects.get(pk=case.pk)
    paid = refund_paid(ticket=case)
    deliveries.drain()
    call = OutgoingMessage.objects.get(subject_id=paid.pk, template="refund_paid")
    assert call.state == MessageState.TO_CALL

    signed_in(staff("service_staff")).post(
        f"/admin/tickets/{case.number}/messages/{call.pk}/called/", {"reached": "yes"}
    )

    assert OutgoingMessage.objects.get(pk=call.pk).state == MessageState.SENT
