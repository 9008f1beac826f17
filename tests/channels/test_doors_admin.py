"""The settings of doors: added, changed, tried out; keys never come back."""

import pytest
from django.urls import reverse

from apps.channels.models import Door
from apps.channels.services import doors, inbound
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.journal.models import Event
from tests import factories
from tests.channels.doors import KEYS, broken, door

pytestmark = pytest.mark.django_db
SYSTEM = actors.system("test")
LIST = "admin:channels_door_changelist"


def test_a_door_is_added_then_given_its_keys_then_used(as_admin):
    added = as_admin.post(
        reverse("admin:channels_door_add"), {"name": "微信", "kind": "wechat", "ticket_kind": "complaint"}
    )
    to = Door.objects.get()
    settings, keys = KEYS["wechat"]
    own = {f"own_{name}": value for name, value in {**settings, **keys}.items()}
    change = reverse("admin:channels_door_change", args=[to.pk])

    assert added.url == change
    assert not to.active
    assert as_admin.post(change, {"name": "微信", "active": "on", "ticket_kind": "fault", **own}).status_code == 302

    to = Door.objects.get()
    assert (to.active, to.ticket_kind, to.settings) == (True, "fault", settings)
    assert doors.secrets_of(to) == keys


def test_an_empty_key_keeps_the_stored_one_and_no_key_comes_back(as_admin):
    to = door("facebook")
    change = reverse("admin:channels_door_change", args=[to.pk])
    page = as_admin.get(change).content.decode()
    own = {f"own_{name}": value for name, value in to.settings.items()}

    assert not any(key in page for key in KEYS["facebook"][1].values())
    assert as_admin.post(change, {"name": "主页", "active": "on", "ticket_kind": "complaint", **own}).status_code == 302
    assert doors.secrets_of(Door.objects.get()) == KEYS["facebook"][1]


@pytest.mark.parametrize(
    ("kind", "field", "value", "words"),
    [
        ("wechat", "own_aes_key", "short", "43 位"),
        ("wechat", "own_mode", "", "必须填写"),
        ("wechat", "own_api_url", "http://evil.example", "https://"),
        ("wechat", "own_api_url", "https://user@evil.example", "https://"),
        ("wechat", "own_days", "0", "1 到 90"),
        ("facebook", "own_page_id", "", "必须填写"),
        ("weibo", "own_days", "十", "1 到 90"),
    ],
)
def test_a_mistake_stands_beside_its_field_and_nothing_changes(as_admin, kind, field, value, words):
    to = door(kind)
    own = {f"own_{name}": known for name, known in to.settings.items()}

    page = as_admin.post(
        reverse("admin:channels_door_change", args=[to.pk]),
        {"name": "新名", "active": "on", "ticket_kind": "complaint", **own, field: value},
    )

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert words in str(page.context["adminform"].form.errors[field])
    assert Door.objects.get().name == to.name


@pytest.mark.parametrize("kind", ["wechat", "weibo", "facebook"])
def test_keys_do_not_follow_a_door_to_another_address(as_admin, kind):
    """Whoever may edit, but knows no key, would have it sent to a server of their own (WeChat's stands in the address)."""
    to = door(kind)
    change = reverse("admin:channels_door_change", args=[to.pk])
    settings, keys = KEYS[kind]
    typed = {f"own_{name}": value for name, value in {**settings, "api_url": "https://evil.example"}.items()}
    typed |= {"name": to.name, "active": "on", "ticket_kind": "complaint"}

    refused = as_admin.post(change, typed)

    assert set(refused.context["adminform"].form.errors) == {f"own_{name}" for name in keys}
    assert Door.objects.get().settings == settings
    assert as_admin.post(change, typed | {f"own_{name}": key for name, key in keys.items()}).status_code == 302
    assert Door.objects.get().settings["api_url"] == "https://evil.example"
    assert as_admin.post(change, {**typed, "own_api_url": ""}).status_code == 302  # home to the platform's own
    assert doors.secrets_of(Door.objects.get()) == keys


def test_a_change_is_an_event_that_tells_no_key():
    to = door("facebook")
    doors.save(to, to.settings, {"page_token": "another-token"}, actor=SYSTEM)

    event = Event.objects.filter(kind="channels.door_changed").latest("id")
    assert event.data["changes"] == {"page_token": ["…", "…"]}
    assert doors.secrets_of(Door.objects.get())["page_token"] == "another-token"


def test_nothing_changed_is_no_event():
    to = door("facebook")
    before = Event.objects.count()

    doors.save(to, to.settings, {}, actor=SYSTEM)

    assert Event.objects.count() == before


def test_the_kind_stays():
    to = door("facebook")
    to.kind = "weibo"

    with pytest.raises(DomainError) as refusal:
        doors.save(to, {}, {}, actor=SYSTEM)
    assert refusal.value.code == "channels.kind_fixed"


def test_who_may_not_is_refused(client):
    to = door("facebook")
    service = factories.staff_actor("service_staff")

    for act in (
        lambda: doors.save(to, {}, {}, actor=service),
        lambda: doors.remove(to, actor=service),
        lambda: doors.test(to.pk, actor=service),
        lambda: inbound.try_again(broken(to), actor=service),
    ):
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.code == "core.not_allowed"
    client.force_login(service.user)
    assert client.get(reverse(LIST)).status_code == 403


def test_a_lead_sees_doors_and_changes_none(client):
    to = door("wechat")
    client.force_login(factories.staff("service_lead"))

    page = client.get(reverse("admin:channels_door_change", args=[to.pk])).content.decode()

    assert client.get(reverse(LIST)).status_code == 200
    assert "own_" not in page
    assert client.get(reverse("admin:channels_door_add")).status_code == 403


def test_a_used_door_cannot_be_deleted():
    to = door("facebook")
    inbound.keep(to, "m1", {"peer": "1"})

    with pytest.raises(DomainError) as refusal:
        doors.remove(to, actor=SYSTEM)
    assert refusal.value.code == "channels.door_used"
    doors.remove(door("weibo"), actor=SYSTEM)
    assert Door.objects.count() == 1


@pytest.mark.parametrize("kind", ["wechat", "weibo", "facebook"])
def test_the_test_button_asks_the_platform(platforms, as_admin, kind, fresh):
    to = door(kind)
    platforms.know(to)
    test = reverse("admin:channels_door_changelist") + f"{to.pk}/test/"

    good = as_admin.get(test, follow=True).content.decode()
    doors.save(to, to.settings, {"app_secret": "wrong", "page_token": "wrong", "access_token": "wrong"}, actor=SYSTEM)
    bad = as_admin.get(test, follow=True).content.decode()

    assert "连接正常" in good
    assert "测试失败" in bad
    assert fresh(to).failures == 1


def test_a_setting_that_is_wrong_names_each_field():
    with pytest.raises(DomainErrors) as refusal:
        doors.save(Door(kind="wechat", name="空"), {}, {}, actor=SYSTEM)

    assert [error.field for error in refusal.value.errors] == ["app_id", "mode", "token", "app_secret"]
