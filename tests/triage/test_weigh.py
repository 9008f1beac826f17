"""Points are changed with an eye on what they do to the open tickets (CLS-05)."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from apps.accounts.models import User
from apps.journal.models import Event
from apps.triage import sources
from apps.triage.models import LibraryVersion, ScoreWeight
from apps.triage.reports import effect_of
from apps.triage.services.score import ScoreFacts, score
from tests.triage.past import FakeSource, waiting

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def open_tickets(monkeypatch):
    tickets = [waiting("A", NOON, urgency="urgent"), waiting("B", NOON, tier="vip"), waiting("C", NOON)]
    monkeypatch.setattr(sources, "_source", FakeSource(waiting=tickets))


@pytest.fixture
def keeper(client):
    """A member of staff who may change points."""
    user = User.objects.create_user("keeper", is_staff=True, staff_number="S008")
    user.user_permissions.add(*Permission.objects.filter(codename__in=["change_scoreweight", "view_scoreweight"]))
    client.force_login(user)
    return client


def fields(**changed):
    rows = {str(row.pk): row.points for row in ScoreWeight.objects.all()}
    rows |= {str(ScoreWeight.objects.get(factor=f, value=v).pk): p for (f, v), p in changed.get("points", {}).items()}
    return {"reason": changed.get("reason", ""), **rows}


@pytest.mark.req("CLS-05")
def test_changed_points_show_at_once_who_moves_and_to_which_level(open_tickets, actor_system):
    effects = effect_of({("tier", "vip"): 60}, actor=actor_system)

    assert [(e.name, e.score_before, e.score, e.rank, e.moved) for e in effects] == [
        ("B", 30, 75, 1, 1),
        ("A", 40, 40, 2, -1),
        ("C", 15, 15, 3, 0),
    ]
    assert effects[0].other_level and not effects[1].other_level
    assert score(ScoreFacts(tier="vip")).score == 30


@pytest.mark.req("CLS-05")
def test_the_preview_changes_nothing_and_saving_does(open_tickets, keeper):
    typed = fields(points={("tier", "vip"): 60}, reason="大客户优先")

    preview = keeper.post(reverse("admin:triage_scoreweight_preview"), typed)
    assert 'data-effect="B"' in preview.content.decode()
    assert ScoreWeight.objects.get(factor="tier", value="vip").points == 15

    answer = keeper.post(reverse("admin:triage_scoreweight_weigh"), typed)
    event = Event.objects.latest("id")
    assert answer.status_code == 302
    assert score(ScoreFacts(tier="vip")).score == 75
    assert (event.kind, event.reason, event.data["changes"]) == (
        "score_weight.changed",
        "大客户优先",
        {"points": [15, 60]},
    )


@pytest.mark.parametrize("points", ["", "many", "999", "-101"])
def test_a_half_typed_number_counts_as_it_is_kept_and_is_not_saved(points, open_tickets, keeper):
    version = LibraryVersion.objects.first().number
    typed = fields(points={("tier", "vip"): points})

    assert keeper.post(reverse("admin:triage_scoreweight_preview"), typed).status_code == 200
    assert keeper.post(reverse("admin:triage_scoreweight_weigh"), typed).status_code == 200
    assert LibraryVersion.objects.first().number == version


def test_who_may_only_look_sees_the_page_and_saves_nothing(open_tickets, client):
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_scoreweight"))
    client.force_login(user)

    assert client.get(reverse("admin:triage_scoreweight_weigh")).status_code == 200
    client.post(reverse("admin:triage_scoreweight_weigh"), fields(points={("tier", "vip"): 60}))

    assert ScoreWeight.objects.get(factor="tier", value="vip").points == 15


def test_strangers_see_neither_page_nor_preview(client):
    client.force_login(User.objects.create_user("stranger", is_staff=True))

    assert client.get(reverse("admin:triage_scoreweight_weigh")).status_code == 403
    assert client.post(reverse("admin:triage_scoreweight_preview")).status_code == 403
