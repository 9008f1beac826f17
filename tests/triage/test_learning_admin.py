"""Pages of the learned models, suggestions, replays and reviews."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.accounts.models import User
from apps.core import clock
from apps.journal.models import Event
from apps.triage import sources
from apps.triage.models import Keyword, KeywordSuggestion, LibraryReview, ModelVersion, Replay
from apps.triage.services import reviews, suggestions, training
from apps.triage.services.classify import classify
from tests.triage.past import FakeSource, made_up_decisions, past
from tests.triage.test_suggestions import TEXTS

pytestmark = [pytest.mark.django_db, pytest.mark.long]


@pytest.fixture
def lead(client):
    """A member of staff with the one right that the library needs."""
    user = User.objects.create_user("lead", is_staff=True, staff_number="S007")
    user.user_permissions.add(Permission.objects.get(codename="change_keyword"))
    client.force_login(user)
    return client


@pytest.fixture
def stranger(client):
    client.force_login(User.objects.create_user("stranger", is_staff=True))
    return client


@pytest.fixture
def source(monkeypatch):
    yesterday = clock.now() - timedelta(days=1)
    texts = [past(i, text, "billing", at=yesterday) for i, text in enumerate(TEXTS, 1)]
    source = FakeSource(texts)
    monkeypatch.setattr(sources, "_source", source)
    return source


def page_of(row):
    return reverse(f"admin:triage_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.req("CLS-03")
@pytest.mark.parametrize("target", ["category", "risk", "sentiment"])
def test_the_page_of_a_model_shows_its_held_out_figures_beside_the_keywords(target, lead):
    version = ModelVersion.objects.get(target=target, active=True)
    figures = version.figures

    page = lead.get(page_of(version)).content.decode()
    alone = lead.get(page_of(version) + "?of=keywords").content.decode()

    assert f"{100 * figures['accuracy']:.1f} %" in page
    assert f"{100 * figures['keywords']['macro_f1']:.1f} %" in page
    assert 'class="grid"' in page and 'class="grid"' in alone
    if target == "risk":
        assert f"{100 * figures['any_risk']['recall']:.1f} %" in page
        assert f"{100 * figures['any_risk']['precision']:.1f} %" in page
    if target == "category":
        assert f"{100 * figures['demand']['recall']:.1f} %" in page


@pytest.mark.req("CLS-03")
def test_an_older_model_is_switched_on_in_the_admin(lead, monkeypatch, actor_system):
    shipped = ModelVersion.objects.get(target="category", active=True)
    monkeypatch.setattr(sources, "_source", FakeSource(made_up_decisions()))
    training.train(training.from_tickets(), actor=actor_system)

    lead.post(page_of(shipped), {"do": "activate", "reason": "旧的更准"})

    assert classify("跃迁引擎又抖了").model == shipped.number
    event = Event.objects.latest("id")
    assert (event.kind, event.actor_label, event.reason) == ("model.activated", "S007", "旧的更准")
    assert lead.get(reverse("admin:triage_modelversion_changelist")).status_code == 200

    lead.post(page_of(shipped), {"do": "deactivate"})
    assert classify("跃迁引擎又抖了").model is None


@pytest.mark.req("CLS-04")
def test_a_suggestion_is_accepted_with_another_weight(lead, source, actor_system):
    suggestions.search(actor=actor_system)
    suggestion = KeywordSuggestion.objects.get()
    assert "蓝晶徽章" in lead.get(page_of(suggestion)).content.decode()

    refused = lead.post(page_of(suggestion), {"do": "accept", "category": suggestion.category_id, "weight": "99"})
    assert refused.status_code == 200
    lead.post(page_of(suggestion), {"do": "accept", "category": suggestion.category_id, "weight": "1.5"})

    assert str(Keyword.objects.get(text="蓝晶徽章").weight) == "1.50"
    assert lead.get(page_of(suggestion)).status_code == 200


@pytest.mark.parametrize(("name", "keywords"), [("accept_all", 1), ("drop_all", 0)])
def test_suggestions_are_decided_from_the_list(name, keywords, lead, source, actor_system):
    suggestions.search(actor=actor_system)
    address = reverse("admin:triage_keywordsuggestion_changelist")

    lead.post(address, {"action": name, "_selected_action": [KeywordSuggestion.objects.get().pk]})

    assert Keyword.objects.filter(text="蓝晶徽章").count() == keywords
    assert not KeywordSuggestion.objects.filter(decision="open").exists()


FORM = {"text": "蓝晶徽章", "weight": "9", "demand": "none", "risk": "none", "sentiment": "0", "active": "on"}


@pytest.mark.req("CLS-10")
def test_a_keyword_is_tried_from_its_form_without_being_saved(lead, source):
    billing = KeywordSuggestion._meta.get_field("category").related_model.objects.get(slug="billing")
    form = {**FORM, "category": billing.pk, "triage_keyword_try_change": "1"}
    assert "triage_keyword_try_change" in lead.get(reverse("admin:triage_keyword_add")).content.decode()

    answer = lead.post(reverse("admin:triage_keyword_add"), form)

    replay = Replay.objects.get()
    assert answer.url == page_of(replay)
    assert not Keyword.objects.filter(text="蓝晶徽章").exists()
    advance = reverse("admin:triage_replay_advance", args=[replay.pk])
    part = lead.post(advance, headers={"HX-Request": "true"}).content.decode()
    assert 'data-replay="moved">' in part and "<html" not in part
    assert "发票与付款" in part

    lead.post(page_of(replay), {"do": "apply", "reason": "新徽章"})
    assert Keyword.objects.get(text="蓝晶徽章").active
    assert lead.get(page_of(replay)).status_code == 200


def test_an_existing_keyword_is_tried_from_its_form(lead, source):
    keyword = Keyword.objects.get(text="无法开机")
    form = {
        **FORM,
        "text": "无法开机",
        "weight": "2",
        "category": keyword.category_id,
        "triage_keyword_try_change": "1",
    }

    lead.post(reverse("admin:triage_keyword_change", args=[keyword.pk]), form)

    assert Replay.objects.get().changes[0]["weight"] == "2"
    assert Keyword.objects.get(text="无法开机").weight == keyword.weight


def test_a_form_with_a_mistake_is_not_tried_but_explained(lead, source):
    answer = lead.post(reverse("admin:triage_keyword_add"), {**FORM, "text": "…", "triage_keyword_try_change": "1"})

    assert answer.status_code == 200
    assert not Replay.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_of_changes_is_tried(encoding, lead, source):
    file = SimpleUploadedFile("changes.csv", "text,category,weight\n蓝晶徽章,billing,9\n".encode(encoding))

    answer = lead.post(reverse("admin:triage_replay_new"), {"file": file, "days": "30"})

    assert answer.status_code == 302
    assert Replay.objects.get().total == 4
    assert lead.get(answer.url).status_code == 200


@pytest.mark.parametrize(
    ("lines", "days"), [("", "30"), ("text,category,weight\n蓝晶,nowhere,2\n", "30"), ("text\n蓝晶\n", "0")]
)
def test_lines_that_make_no_sense_are_explained(lines, days, lead, source):
    answer = lead.post(reverse("admin:triage_replay_new"), {"lines": lines, "days": days})

    assert answer.status_code == 200
    assert not Replay.objects.exists()


def test_without_scripts_a_replay_goes_on_by_a_button(lead, source, actor_system):
    lead.post(reverse("admin:triage_replay_new"), {"lines": "text,category,weight\n蓝晶徽章,billing,9\n", "days": "30"})
    replay = Replay.objects.get()

    answer = lead.post(reverse("admin:triage_replay_advance", args=[replay.pk]))

    assert answer.url == page_of(replay)
    assert Replay.objects.get().finished


@pytest.mark.req("CLS-02")
def test_the_monthly_review_is_looked_at_and_ticked_off(lead, source):
    review = reviews.due(clock.now())
    assert lead.get(reverse("admin:triage_libraryreview_changelist")).status_code == 200
    assert lead.get(page_of(review)).status_code == 200

    lead.post(page_of(review), {"note": "停用两个词"})

    assert LibraryReview.objects.get().note == "停用两个词"
    assert "停用两个词" in lead.get(page_of(review)).content.decode()


def test_strangers_find_nothing(stranger, source, actor_system):
    suggestions.search(actor=actor_system)
    rows = [ModelVersion.objects.first(), KeywordSuggestion.objects.get(), reviews.due(clock.now())]

    for row in rows:
        assert stranger.get(page_of(row)).status_code == 403
        assert stranger.post(page_of(row), {"do": "activate"}).status_code == 403
    assert stranger.get(reverse("admin:triage_replay_new")).status_code == 403


def test_who_may_only_look_changes_nothing(client, source, actor_system):
    suggestions.search(actor=actor_system)
    user = User.objects.create_user("reader", is_staff=True)
    views = ["view_modelversion", "view_keywordsuggestion", "view_libraryreview"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=views))
    client.force_login(user)
    version, suggestion = ModelVersion.objects.get(target="risk", active=True), KeywordSuggestion.objects.get()

    client.post(page_of(version), {"do": "deactivate"})
    client.post(page_of(suggestion), {"do": "drop"})
    client.post(page_of(reviews.due(clock.now())), {"note": "x"})

    assert ModelVersion.objects.get(pk=version.pk).active
    assert KeywordSuggestion.objects.get().decision == "open"
    assert LibraryReview.objects.get().done_at is None


@pytest.mark.parametrize("name", ["modelversion", "keywordsuggestion", "libraryreview"])
def test_an_unknown_row_is_404(name, lead):
    unknown = "00000000-0000-7000-8000-000000000000"

    assert lead.get(reverse(f"admin:triage_{name}_change", args=[unknown])).status_code == 404
    assert lead.post(reverse("admin:triage_replay_advance", args=[unknown])).status_code == 404
