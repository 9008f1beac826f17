"""A customer's private link is a key: no log holds it (ADM-04)."""

import logging
from logging import getLogger

import pytest
from django.conf import settings

from apps.core.logs import Discreet

pytestmark = pytest.mark.req("ADM-04")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/t/202611-083/tqjPg1hdcWpHTuxKIIimXVhT/message/", "/t/202611-083/…/message/"),
        ("/t/D202611-083/tqjPg1hdcWpHTuxKIIimXVhT", "/t/D202611-083/…"),
        (
            "/s/01a20262-c9fd-76ac-8962-78ef3205b8e6/tqjPg1hdcWpHTuxKIIimXVhT/",
            "/s/01a20262-c9fd-76ac-8962-78ef3205b8e6/…/",
        ),
        ("/admin/tickets/202611-083/", "/admin/tickets/202611-083/"),
    ],
)
def test_the_secret_part_of_a_private_link_is_left_out(path, kept):
    record = getLogger("django.request").makeRecord(
        "django.request", logging.WARNING, "x", 1, "Not Found: %s", (path,), None
    )

    assert Discreet().filter(record)

    assert record.getMessage() == f"Not Found: {kept}"


def test_every_line_of_the_log_passes_it():
    assert all("discreet" in handler["filters"] for handler in settings.LOGGING["handlers"].values())
