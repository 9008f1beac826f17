"""Fixtures for every test. The database is a copy of a template with all migrations and the shipped defaults."""

import os
import time
from itertools import count

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import expect, sync_playwright

from apps.core import actors
from apps.feedback.api import rows
from apps.feedback.selectors import desk_rules
from apps.feedback.services import promises
from apps.sla import rules as sla_rules
from apps.triage import rulebook
from tests import chromium, databases, query_counts

TURN_SECONDS, LONG_TURN_SECONDS = 15, 60  # longer than a test takes; one in the browser or marked `long`

# A busy machine takes its time over an example now and then, which says nothing about the code.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")


def pytest_collection_modifyitems(items):
    for item in items:
        if "page" in item.fixturenames or "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """No test begins in the last seconds of an hour: what it calls today, this month or this hour stays so to its end."""
    is_long = item.get_closest_marker("browser") or item.get_closest_marker("long")
    left = 3600 - time.time() % 3600
    if left < (LONG_TURN_SECONDS if is_long else TURN_SECONDS):
        time.sleep(left)


def pytest_report_header(config):
    return f"browser stories: {chromium.find() or 'skipped, ' + chromium.HOW_TO_GET}"


@pytest.fixture(scope="session")
def django_db_setup(request, django_test_environment, django_db_blocker):
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    with django_db_blocker.unblock():
        name = databases.create(worker)
    # Django empties the tables after a test with real commits by TRUNCATE. Append-only tables refuse that, and the
    # shipped defaults would be gone: such a test gets a fresh copy of the template instead (some 50 ms).
    TransactionTestCase._fixture_teardown = lambda self: databases.renew(name)
    yield
    with django_db_blocker.unblock():
        databases.drop(name)


_heads = count(1)


@pytest.fixture(autouse=True)
def heads_of_its_own(monkeypatch):
    """What one test exported is gone from the database of the next, which would look like a deletion."""
    file = settings.EVIDENCE_KEY_FILE.with_name(f"heads-{next(_heads)}.jsonl")
    monkeypatch.setattr(settings, "EVIDENCE_HEADS_FILE", file)


@pytest.fixture(autouse=True)
def language_of_its_own():
    """A request leaves its language behind in the thread: the words of the next test would be in it."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def rules_of_its_own(monkeypatch):
    """What a process keeps for a second, or a few, must not reach from one test into the next."""
    sla_rules.forget()
    rulebook.expire()
    monkeypatch.setattr(desk_rules, "_rules", None)
    monkeypatch.setattr(promises, "_cache", None)
    for codes in (rows.categories, rows.departments):
        monkeypatch.setattr(codes, "_until", 0.0)


@pytest.fixture
def as_app_role(db):
    """Run the rest of the test with the rights of the application's role; other tests run as the tables' owner."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE feedback_app")
    yield
    if not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


@pytest.fixture
def process_env(transactional_db, settings):
    """Environment for a child process, e.g. `manage.py`, that works on this test's database with the app's rights."""
    urls = {
        name: os.environ[name].rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL")
    }
    files = {name: str(getattr(settings, name)) for name in ("MEDIA_ROOT", "EVIDENCE_KEY_FILE", "EVIDENCE_HEADS_FILE")}
    return {**os.environ, **urls, **files, "DJANGO_SETTINGS_MODULE": "feedback_system.settings.dev"}


@pytest.fixture
def actor_system():
    return actors.system("test")


@pytest.fixture
def rules_at_hand(db):
    """For tests that compare numbers of queries."""
    with query_counts.rules_at_hand():
        yield


@pytest.fixture
def count_queries():
    """`with count_queries("desk.queue"): client.get(…)`; see tests/query_counts.py."""
    return query_counts.count_queries


@pytest.fixture
def live_site(transactional_db, live_server, settings):
    """The whole site under a real HTTP server in this process, on this process's database; `.url` is its address."""
    settings.PUBLIC_URL = live_server.url
    return live_server


@pytest.fixture(scope="session")
def browser():
    path = chromium.find()
    if path is None:
        pytest.skip(chromium.HOW_TO_GET)
    # Playwright's synchronous API runs an event loop in this thread, and Django refuses database work beside one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=15_000)  # as every other wait below; a loaded machine misses five seconds now and then
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(browser, live_site):
    """A fresh page (1280 px, Chinese, Shanghai) of the live site; errors in its scripts fail the test."""
    context = browser.new_context(
        base_url=live_site.url,
        viewport={"width": 1280, "height": 900},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(15_000)
    errors = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda message: "Refused to" in message.text and errors.append(message.text))
    yield context.new_page()
    context.close()
    assert not errors, f"errors in the page's scripts: {errors}"
