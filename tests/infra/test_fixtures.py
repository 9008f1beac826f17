import json

import pytest
from django.contrib.contenttypes.models import ContentType

from apps.core.models import Counter
from tests import query_counts


@pytest.fixture
def baseline(tmp_path, monkeypatch):
    file = tmp_path / "query_counts.json"
    file.write_text("{}\n")
    monkeypatch.setattr(query_counts, "FILE", file)
    monkeypatch.delenv(query_counts.UPDATE, raising=False)
    return file


def ask(times):
    for _ in range(times):
        list(Counter.objects.all())


def test_a_page_that_asks_more_fails_with_what_it_asked(db, baseline, count_queries):
    baseline.write_text(json.dumps({"page": 1}))

    with count_queries("page"):
        ask(1)
    with (
        pytest.raises(AssertionError, match=r'page sent 2 queries, 1 are allowed(.|\n)*"core_counter"'),
        count_queries("page"),
    ):
        ask(2)


def test_counts_are_written_on_request_and_unknown_pages_fail(db, baseline, count_queries, monkeypatch):
    with pytest.raises(AssertionError, match="new has no number yet"), count_queries("new"):
        ask(1)
    monkeypatch.setenv(query_counts.UPDATE, "1")
    with count_queries("new"):
        ask(3)

    assert json.loads(baseline.read_text()) == {"new": 3}


def test_a_browser_sees_the_live_site_in_chinese(page):
    answer = page.goto("/admin/login/")

    assert answer.status == 200
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    assert page.locator("input[name=username]").is_visible()


def test_the_database_can_be_used_after_a_browser(db):
    assert ContentType.objects.filter(app_label="core").exists()
