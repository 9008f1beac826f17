"""The demo company: lively, harmless, and made only once."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.demo import words
from apps.demo.company import STAFF
from apps.feedback.models import Ticket
from apps.feedback.services import promises
from apps.journal.models import Delivery, Event
from tests import factories


@pytest.mark.django_db(transaction=True)
@pytest.mark.long
def test_a_short_history_is_lived_through_the_services(settings, tmp_path):
    settings.EVIDENCE_KEY_FILE = tmp_path / "evidence.pem"
    settings.EVIDENCE_HEADS_FILE = tmp_path / "heads.jsonl"
    call_command("demo_data", tickets=16, days=6, verbosity=0)
    tickets = Ticket.objects.all()
    assert tickets.real().filter(parent=None).count() == 16  # beside drills and parts
    assert len(set(tickets.values_list("state", flat=True))) > 2
    assert not Delivery.objects.filter(done_at=None).exists()
    times = list(Event.objects.filter(kind="ticket.received").order_by("id").values_list("at", flat=True))
    assert times == sorted(times)
    out = StringIO()
    call_command("demo_data", print_logins=True, stdout=out)
    assert all(username in out.getvalue() for username, *_ in STAFF)
    with pytest.raises(CommandError, match="tickets already"):
        call_command("demo_data", verbosity=0)


@pytest.mark.django_db
def test_the_demo_never_writes_to_strangers(settings):
    settings.SMS_GATEWAY_URL = "https://sms.example.com"
    with pytest.raises(CommandError, match="strangers"):
        call_command("demo_data", verbosity=0)


@pytest.mark.django_db
def test_no_demo_beside_real_tickets():
    factories.ticket()
    with pytest.raises(CommandError, match="tickets already"):
        call_command("demo_data", verbosity=0)


@pytest.mark.django_db
def test_the_demo_staff_promise_nothing_vague():
    for theme in words.THEMES:
        for text in (theme.steps, theme.measures, theme.result):
            assert promises.find_vague(text) == [], text
