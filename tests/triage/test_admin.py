from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils.html import escape

from apps.accounts.models import Department, User
from apps.journal.models import Event
from apps.triage.models import Category, Keyword, LibraryVersion, RoutingRule, ScoreWeight
from apps.triage.services.classify import classify

pytestmark = pytest.mark.django_db

KEYWORD = {"text": "云台漂移", "weight": "3", "demand": "none", "risk": "none", "sentiment": "-1", "active": "on"}


@pytest.fixture
def lead(client):
    """A member of staff with the one right that the library needs."""
    user = User.objects.create_user("lead", is_staff=True, staff_number="S007")
    user.user_permissions.add(Permission.objects.get(codename="change_keyword"))
    client.force_login(user)
    return client


@pytest.fixture
def admin(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


def technical():
    return Category.objects.get(slug="technical")


@pytest.mark.req("CLS-02")
def test_a_keyword_added_in_the_admin_goes_through_the_service(lead):
    answer = lead.post(reverse("admin:triage_keyword_add"), {**KEYWORD, "category": technical().pk})

    event = Event.objects.latest("id")
    assert answer.status_code == 302
    assert (event.kind, event.actor_label) == ("keyword.added", "S007")
    assert classify("云台漂移").category == "technical"


@pytest.mark.req("CLS-02")
def test_a_keyword_changed_in_the_admin_is_a_new_version(lead):
    keyword = Keyword.objects.get(text="死机")
    before = LibraryVersion.objects.first().number

    lead.post(
        reverse("admin:triage_keyword_change", args=[keyword.pk]),
        {**KEYWORD, "text": "死机", "weight": "1.5", "category": technical().pk},
    )

    assert LibraryVersion.objects.first().number == before + 1
    assert Keyword.objects.get(text="死机").weight == Decimal("1.50")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": "死機"}, "text"),
        ({"text": "。"}, "text"),
        ({"weight": "0"}, "weight"),
        ({"weight": "11"}, "weight"),
        ({"sentiment": "-3"}, "sentiment"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(values, field, lead):
    count = Keyword.objects.count()

    answer = lead.post(reverse("admin:triage_keyword_add"), {**KEYWORD, "category": technical().pk, **values})

    form = answer.context["adminform"].form
    assert answer.status_code == 200
    assert list(form.errors) == [field]
    assert form["note"].value() is not None or form.data["text"]
    assert Keyword.objects.count() == count


@pytest.mark.parametrize("noun", ["category", "scoreweight", "routingrule"])
def test_the_right_to_keywords_is_not_the_right_to_the_rest(noun, lead):
    assert lead.get(reverse(f"admin:triage_{noun}_changelist")).status_code == 403


@pytest.mark.parametrize("noun", ["keyword", "category", "scoreweight", "routingrule", "libraryversion"])
def test_every_list_opens_in_chinese(noun, admin):
    page = admin.get(reverse(f"admin:triage_{noun}_changelist"))

    assert page.status_code == 200
    assert "zh-hans" in page.headers.get("Content-Language", "zh-hans")


def test_nothing_is_deleted(admin):
    keyword = Keyword.objects.first()

    assert admin.post(reverse("admin:triage_keyword_delete", args=[keyword.pk]), {"post": "yes"}).status_code == 403
    assert Keyword.objects.filter(pk=keyword.pk).exists()


def test_keywords_are_retired_from_the_list(lead):
    keyword = Keyword.objects.get(text="花屏")

    lead.post(reverse("admin:triage_keyword_changelist"), {"action": "retire", "_selected_action": [keyword.pk]})

    assert not Keyword.objects.get(text="花屏").active


@pytest.mark.req("CLS-01")
def test_other_can_t_be_retired_and_the_reason_is_shown(admin):
    other = Category.objects.get(slug="other")

    page = admin.post(
        reverse("admin:triage_category_changelist"), {"action": "retire", "_selected_action": [other.pk]}, follow=True
    )

    assert Category.objects.get(slug="other").active
    assert "其他" in page.content.decode()


@pytest.mark.req("CLS-07")
def test_a_routing_rule_with_its_collaborators_is_saved_at_once(admin):
    departments = {d.code: d for d in Department.objects.all()}

    admin.post(
        reverse("admin:triage_routingrule_add"),
        {
            "category": technical().pk, "kind": "", "product_group": "冰箱", "region": "", "order": "10",
            "active": "on",
            "department": departments["quality"].pk, "collaborators": [departments["technical"].pk],
        },
    )  # fmt: skip

    rule = RoutingRule.objects.get(product_group="冰箱")
    assert [d.code for d in rule.collaborators.all()] == ["technical"]
    assert Event.objects.latest("id").data["changes"]["collaborators"] == [None, ["technical"]]


@pytest.mark.req("CLS-05")
def test_points_are_edited_and_checked(admin):
    row = ScoreWeight.objects.get(factor="tier", value="vip")
    url = reverse("admin:triage_scoreweight_change", args=[row.pk])

    refused = admin.post(url, {"factor": "tier", "value": "platinum", "points": "9"})
    admin.post(url, {"factor": "tier", "value": "vip", "points": "9"})

    assert "platinum" in refused.context["adminform"].form.errors["value"][0]
    assert ScoreWeight.objects.get(pk=row.pk).points == 9


TRIAL = {"kind": "complaint", "urgency": "normal", "tier": "vip", "impact": "single", "repeats": "1"}


@pytest.mark.req("CLS-02", "CLS-05", "CLS-07")
def test_staff_can_try_a_text(lead):
    url = reverse("admin:triage_keyword_try_text")
    versions = LibraryVersion.objects.count()

    page = lead.post(url, {**TRIAL, "text": "热水器漏电<b>，要求退款"})

    words = page.content.decode()
    trial = page.context["trial"]
    assert trial.classification.category == "technical"
    assert (trial.classification.demand, trial.classification.risk) == ("refund", "safety")
    assert [(line.factor, line.points) for line in trial.lines][-2:][0][1] == 5
    assert trial.department.code == "technical"
    assert "".join(piece.text for piece in trial.pieces) == "热水器漏电<b>，要求退款"
    assert escape("<b>") in words
    assert "漏电<b>" not in words
    assert LibraryVersion.objects.count() == versions


def test_the_page_to_try_a_text_is_linked_and_asks_for_a_text(lead):
    url = reverse("admin:triage_keyword_try_text")

    assert url in lead.get(reverse("admin:triage_keyword_changelist")).content.decode()
    assert lead.get(url).status_code == 200
    assert lead.post(url, {**TRIAL, "text": " "}).context["form"].errors.keys() == {"text"}
    assert lead.post(url, {**TRIAL, "text": "长" * 10_001}).context["form"].errors.keys() == {"text"}


def test_a_text_without_keywords_says_so(lead):
    page = lead.post(reverse("admin:triage_keyword_try_text"), {**TRIAL, "text": "？？？"})

    assert page.context["trial"].classification.hits == ()
    assert page.context["trial"].department.code == "service"


def test_strangers_try_nothing(client):
    client.force_login(User.objects.create_user("clerk", is_staff=True))

    assert client.get(reverse("admin:triage_keyword_try_text")).status_code == 403
