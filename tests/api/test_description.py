"""The OpenAPI description, and the API held against it with generated requests."""

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from tests import factories

DESCRIPTION = SchemaGenerator().get_schema(request=None, public=True)
schema = schemathesis.openapi.from_dict(DESCRIPTION)
load_all_checks()
# That all input of the right shape is accepted is not among them: a vague promise has the right shape too.
KEPT = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")


@pytest.mark.req("LNK-04")
def test_the_description_is_valid_and_complete():
    validate_schema(DESCRIPTION)

    assert not GENERATOR_STATS._warn_cache and not GENERATOR_STATS._error_cache
    assert DESCRIPTION["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"
            for status in ("401", "403", "404", "422", "429"):
                content = operation["responses"][status]["content"]
                assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            if method == "post":
                assert any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
                body = operation.get("requestBody")  # some steps need no words
                assert body is None or body["content"].keys() == {"application/json"}


def test_the_description_is_served(client, db):
    assert client.get("/api/schema/").json()["paths"].keys() == DESCRIPTION["paths"].keys()
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "<script>" not in page.content.decode()  # our content security policy allows no inline scripts


def test_the_description_can_be_read_in_a_browser(page):
    page.goto("/api/docs/")

    page.locator("#operations-tickets-tickets_create").click()
    page.get_by_text("same way in as the public form").wait_for()


@pytest.fixture
def wsgi():
    """The whole site as a WSGI application on the test's own database connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def ticket(db):
    return factories.ticket_in("in_progress")


@pytest.mark.django_db
@schema.parametrize()
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@pytest.mark.long
def test_no_request_is_answered_otherwise_than_described(case, api, wsgi, ticket):
    case.operation.app = schema.app = wsgi
    if "number" in case.path_parameters:
        case.path_parameters["number"] = ticket.number
    response = case.call(headers=api.headers, base_url="http://testserver")
    case.validate_response(response, checks=[CHECKS.get_one(name) for name in KEPT])
