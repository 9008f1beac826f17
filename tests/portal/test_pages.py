import pytest
from django.template import loader
from django.test import Client
from django.utils import translation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404"])
def test_error_pages_say_what_to_do(rf, page, language):
    with translation.override(language):
        html = loader.get_template(f"{page}.html").render({}, rf.get("/"))

    assert html.count("<h1>") == 1
    assert 'name="robots" content="noindex"' in html


def test_the_page_for_our_own_faults_needs_neither_request_nor_database(django_assert_num_queries):
    with django_assert_num_queries(0), translation.override("en"):
        html = loader.get_template("500.html").render()

    assert "your text is still there" in html


def test_a_fault_of_ours_shows_that_page(monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError

    monkeypatch.setattr("apps.portal.views.feedback.render", broken)
    client = Client(raise_request_exception=False)

    response = client.get("/", headers={"accept-language": "en"})

    assert response.status_code == 500
    assert "went wrong on our side" in response.content.decode()


def test_robots_are_kept_out_of_private_pages():
    lines = Client().get("/robots.txt").content.decode().splitlines()

    assert {"Disallow: /t/", "Disallow: /s/", "Disallow: /admin/"} <= set(lines)
