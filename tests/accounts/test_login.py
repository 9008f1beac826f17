"""Failed log-ins: counted for one name from one address, whatever is typed (ADM-03)."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-03")]
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _count_failures(settings):
    settings.AXES_ENABLED = True


@pytest.fixture
def user():
    user = UserFactory(username="li.na", is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(username, password, *, seen_by_proxy="", address="10.0.0.1"):
    headers = {"x-forwarded-for": seen_by_proxy} if seen_by_proxy else {}
    data = {"username": username, "password": password}
    return Client().post(reverse("admin:login"), data, REMOTE_ADDR=address, headers=headers).status_code


def test_too_many_failures_are_followed_by_a_break(user, settings):
    settings.AXES_FAILURE_LIMIT = 3
    assert [log_in("li.na", "wrong") for _ in range(3)] == [200, 200, 429]
    assert log_in("li.na", PASSWORD) == 429
    assert log_in("li.na", PASSWORD, seen_by_proxy="8.8.8.8") == 429, "no proxy of ours stands in front"


def test_behind_our_proxy_a_stranger_cannot_lock_anybody_out(user, settings):
    settings.AXES_FAILURE_LIMIT, settings.PROXIES_IN_FRONT = 3, 1

    assert [log_in("li.na", "wrong", seen_by_proxy="6.6.6.6") for _ in range(4)][-1] == 429

    assert log_in("li.na", PASSWORD, seen_by_proxy="6.6.6.6, 1.1.1.1") == 302
    assert log_in("li.na", PASSWORD, seen_by_proxy="1.1.1.1, 6.6.6.6") == 429, "only what our proxy saw counts"


@pytest.mark.parametrize("name", ["x" * 100_000, "长" * 300, "", "\u202e"])
@pytest.mark.parametrize("seen", ["", "nonsense", "2001:db8::1"])
def test_whatever_is_typed_is_a_failed_log_in(settings, name, seen):
    settings.PROXIES_IN_FRONT = 1
    assert log_in(name, "wrong", seen_by_proxy=seen) == 200


def test_the_page_of_a_locked_log_in_says_for_how_long_and_whom_to_ask(user, settings):
    settings.AXES_FAILURE_LIMIT = 1
    client = Client()

    answer = client.post(reverse("admin:login"), {"username": "li.na", "password": "wrong"})

    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "登录已暂时锁定" in page and "15 分钟" in page and "管理员" in page


def test_one_password_tried_under_many_names_ends_too(user, settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "log_in_failed": "5/hour"}
    assert log_in("li.na", PASSWORD, address="10.0.0.7") == 302, "what succeeds does not count"
    for n in range(5):
        assert log_in(f"somebody.{n}", "Summer2026!", address="10.0.0.7") == 200

    assert log_in("li.na", PASSWORD, address="10.0.0.7") == 200, "refused, though the password is right"
    assert log_in("li.na", PASSWORD, address="10.0.0.8") == 302
