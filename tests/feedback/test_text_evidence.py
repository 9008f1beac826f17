"""The texts of a ticket are bound to their events (ARC-03)."""

import pytest
from django.db import connection

from apps.accounts.roles import Role
from apps.feedback.services import conversation
from apps.feedback.states import MessageKind
from apps.journal import sealer
from apps.journal.verification import verify
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("ARC-03")]


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.EVIDENCE_KEY_FILE = tmp_path / "evidence.pem"
    settings.EVIDENCE_HEADS_FILE = tmp_path / "heads.jsonl"


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("UPDATE feedback_message SET body = '别的'", "its text was changed"),
        ("DELETE FROM feedback_message", "deleted"),
        ("UPDATE feedback_plan SET measures = '尽快'", "its text was changed"),
        ("UPDATE feedback_ticket SET description = description || '。'", "its text was changed"),
    ],
)
def test_a_text_changed_behind_the_services_is_named(sql, finding):
    actor = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("in_progress", actor=actor, text="冰箱不制冷 😀\n第二行")
    factories.plan(ticket, actor)
    conversation.add(ticket, MessageKind.REPLY, "工程师今天17:00前上门。", actor=actor)
    sealer.seal()
    assert verify().ok, verify().findings
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert [f for f in verify().findings if finding in f]
