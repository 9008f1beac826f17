"""A pack holds what the customer was told of the case (ARC-01)."""

import json

import pytest

from apps.billing.archive import building, dossier, packs
from apps.feedback.services import links
from apps.journal import deliveries
from apps.notifications.models import OutgoingMessage
from tests.archive import case_done, opened, refund_paid

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def archive_folder(settings, tmp_path):
    settings.MEDIA_ROOT, settings.EVIDENCE_HEADS_FILE = tmp_path / "media", tmp_path / "heads.jsonl"


@pytest.mark.req("ARC-01", "REF-05")
def test_a_pack_holds_what_the_customer_was_told_without_the_key_of_their_page():
    request = case_done(with_ticket=True)
    paid = refund_paid(void_request=request, ticket=request.ticket)
    deliveries.drain()
    token = links.tracking_token(request.ticket)
    with_link = OutgoingMessage.objects.filter(subject_id=paid.pk).first()
    with_link.body += f" {links.tracking_url(request.ticket)}"  # a text of the house may have it
    with_link.save()

    while building.work_off():
        pass

    files = opened(packs.latest_for(request))
    told = {each["kind"]: each for each in json.loads(files["messages.json"]) if "about" in each}
    assert {"refund_sent", "refund_paid"} == set(told)
    assert "100.00" in told["refund_paid"]["text"] and told["refund_paid"]["to"] == "138****8000"
    assert not any(token.encode() in content for content in files.values())


@pytest.mark.req("ARC-01")
def test_notices_to_colleagues_and_messages_of_other_cases_are_left_out():
    request = case_done(with_ticket=True)
    mine = refund_paid(void_request=request, ticket=request.ticket)
    other = refund_paid(ticket=request.ticket)
    deliveries.drain()

    sent = dossier.gather(request).sent

    assert {message.subject_id for message in sent} == {mine.pk}
    assert OutgoingMessage.objects.filter(subject_id=other.pk).exists()
