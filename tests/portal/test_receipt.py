"""INT-10: the receipt (受理单) as a sheet of paper."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.feedback.services import links
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("INT-10")]


def address(ticket, token=""):
    return reverse("portal:receipt", args=[ticket.number, token or links.tracking_token(ticket)])


def test_it_shows_number_time_limits_link_and_code_with_personal_data_masked():
    ticket = factories.ticket(name="张三", phone="13812345678", order_number="DD20260501-1")

    response = Client().get(address(ticket))

    page = response.content.decode()
    for shown in (
        ticket.number,
        "受理",
        "DD20260501-1",
        links.tracking_url(ticket),
        "data:image/svg+xml",
        "138****5678",
    ):
        assert shown in page
    assert "13812345678" not in page
    assert "张三" not in page
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]


def test_a_wrong_link_finds_nothing():
    assert Client().get(address(factories.ticket(), "x" * 24)).status_code == 404


def test_html_in_what_was_said_stays_text():
    ticket = factories.ticket("<script>alert(1)</script> 漏水，要求换货")

    assert "<script>alert" not in Client().get(address(ticket)).content.decode()
