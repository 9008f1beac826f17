import json

import pytest
from django.utils.translation import override

from apps.core.vocabulary import Kind, Urgency
from apps.feedback.models import Ticket
from apps.journal.models import Event
from tests.api.conftest import is_problem, pointers

pytestmark = pytest.mark.django_db


@pytest.mark.req("INT-01", "INT-02", "LNK-04")
def test_feedback_comes_in_through_the_same_service_as_everywhere(api, feedback, count_queries):
    api.post("tickets/", feedback(phone="13800000000"))  # what a process reads once

    with count_queries("api.create"):
        response = api.post("tickets/", feedback(urgency="urgent", product="QC-WM80", order_number="DD-1"))

    row = response.json()
    ticket = Ticket.objects.get(number=row["number"])
    assert response.status_code == 201
    assert (row["state"], row["channel"], row["urgency"]) == ("pending", "api", "urgent")
    assert (row["category"], row["department"]) == (ticket.category.slug, ticket.department.code)
    assert ticket.customer.phone_masked == "138****5678"
    assert Event.objects.get(subject_id=ticket.pk).actor_label == "api:ERP"


@pytest.mark.req("INT-05")
def test_everything_that_is_missing_is_named_at_once_in_the_clients_language(api):
    english = api.post("tickets/", {})
    chinese = api.post("tickets/", {}, language="zh-hans")

    assert is_problem(english, 422, "core.invalid")
    assert pointers(english) == {"/text", "/contact"}
    assert english.json()["errors"][0]["detail"] != chinese.json()["errors"][0]["detail"]
    assert not Ticket.objects.exists()


@pytest.mark.req("INT-05")
def test_what_the_services_refuse_points_into_the_body(api, feedback):
    body = feedback(
        phone="123", ship_date="2999-01-01", order_number="x" * 61, region="y" * 61, received_at="2999-01-01T00:00:00Z"
    )

    response = api.post("tickets/", {**body, "text": "  "})

    assert is_problem(response, 422)
    assert pointers(response) == {"/text", "/contact/phone", "/ship_date", "/order_number", "/region", "/received_at"}


def test_a_contact_that_reaches_nobody_is_refused(api):
    response = api.post("tickets/", {"text": "坏了", "contact": {"name": "张三"}})

    assert pointers(response) == {"/contact/phone"}
    assert response.json()["errors"][0]["code"] == "crm.contact_missing"


@pytest.mark.req("INT-04")
@pytest.mark.parametrize("urgency", ["normal", "urgent", "critical"])
@pytest.mark.parametrize("kind", ["inquiry", "complaint", "suggestion", "fault", "request"])
def test_every_kind_and_urgency_that_customers_know_is_taken(kind, urgency, api, feedback):
    row = api.post("tickets/", feedback(kind=kind, urgency=urgency)).json()

    made = Ticket.objects.get(number=row["number"])
    assert (row["kind"], row["urgency"]) == (made.kind, made.urgency) == (kind, urgency)


@pytest.mark.req("INT-04")
def test_what_is_not_said_to_be_urgent_is_normal(api, feedback):
    body = {name: value for name, value in feedback().items() if name != "urgency"}

    assert api.post("tickets/", body).json()["urgency"] == "normal"


@pytest.mark.req("INT-04")
def test_kinds_and_urgencies_have_the_words_of_the_trade():
    with override("zh-hans"):
        kinds = [str(Kind(value).label) for value in ("inquiry", "complaint", "suggestion", "fault", "request")]
        urgencies = [str(label) for label in Urgency.labels]

    assert kinds == ["问题咨询", "投诉", "建议", "故障报修", "需求申请"]
    assert urgencies == ["普通", "紧急", "特急"]


BAD_SHAPES = [
    ({"colour": "red"}, "/colour"),
    ({"a/b~c": 1}, "/a~1b~0c"),
    ({"contact": {"name": "张三", "phone": "13812345678", "wechat": "x"}}, "/contact/wechat"),
    ({"contact": []}, "/contact"),
    ({"contact": "13812345678"}, "/contact"),
    ({"text": 5}, "/text"),
    ({"text": None}, "/text"),
    ({"text": {"a": 1}}, "/text"),
    ({"text": "a\x00b"}, "/text"),
    ({"text": "a\x08b"}, "/text"),
    ({"text": "长" * 400_000}, "/text"),
    ({"kind": "praise"}, "/kind"),
    ({"kind": ["complaint"]}, "/kind"),
    ({"kind": {}}, "/kind"),
    ({"urgency": 1}, "/urgency"),
    ({"category": "no-such"}, "/category"),
    ({"category": "x" * 500}, "/category"),
    ({"ship_date": "31.12.2023"}, "/ship_date"),
    ({"ship_date": 20231231}, "/ship_date"),
    ({"ship_date": "0001-01-01"}, "/ship_date"),
    ({"occurred_on": "2023-02-30"}, "/occurred_on"),
    ({"received_at": "0001-01-01T00:00:00Z"}, "/received_at"),
    ({"received_at": "9999-12-31T23:59:59Z"}, "/received_at"),
    ({"received_at": "yesterday"}, "/received_at"),
    ({"defect_quantity": -1}, "/defect_quantity"),
    ({"defect_quantity": 10**30}, "/defect_quantity"),
    ({"defect_quantity": 1.5}, "/defect_quantity"),
    ({"external_ref": "x" * 51}, "/external_ref"),
    ({"serial_number": "x" * 61}, "/serial_number"),
    ({"contact": {"phone": "13812345678", "tier": "platinum"}}, "/contact/tier"),
    ({"contact": {"email": "nobody"}}, "/contact/email"),
    ({"contact": {"phone": "1" * 10_000}}, "/contact/phone"),
    ({"contact": {"phone": "13812345678", "name": "三" * 500}}, "/contact/name"),
]


@pytest.mark.parametrize(("change", "pointer"), BAD_SHAPES, ids=lambda value: str(value)[:40])
def test_bad_input_is_named_and_leaves_nothing_behind(api, feedback, change, pointer):
    response = api.post("tickets/", {**feedback(), **change})

    assert is_problem(response, 422)
    assert pointers(response) == {pointer}
    assert not Ticket.objects.exists()


NO_JSON = [
    b"",
    b"{",
    b"{'text': 'a'}",
    b'{"text": NaN}',
    b'{"defect_quantity": Infinity}',
    b'{"text": "\xff\xfe"}',
    '{"text": "中文"}'.encode("gbk"),
    b'{"text": "\\ud800"}',
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
]


@pytest.mark.parametrize("raw", NO_JSON, ids=lambda raw: repr(raw[:20]))
def test_what_is_no_json_is_told_so(api, raw):
    response = api.post("tickets/", raw)

    assert is_problem(response, 422 if raw == b"" else 400)


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b"5", b"null", b"true"])
def test_a_body_that_is_no_object_is_refused(api, raw):
    assert is_problem(api.post("tickets/", raw), 422)


def test_a_body_above_the_limit_is_refused_and_no_fault(api, feedback):
    response = api.post("tickets/", {**feedback(), "text": "x" * 3_000_000})

    assert is_problem(response, 413, "core.body_too_large")
    assert is_problem(api.post("tickets/", {"text": "x" * 3_000_000}, key="k"), 413)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "x"]
)
def test_another_content_type_is_refused(api, feedback, content_type):
    response = api.client.post(
        "/api/v1/tickets/", json.dumps(feedback()).encode(), content_type=content_type, headers=api.headers
    )

    assert is_problem(response, 415, "core.media_type")


def test_emoji_html_and_marks_of_direction_are_kept_as_they_were_sent(api, feedback):
    text = "😡 <script>alert(1)</script> \u202eabc\u202c 洗衣机坏了\n第二行"

    number = api.post("tickets/", feedback(text=text)).json()["number"]

    assert Ticket.objects.get(number=number).description == text


def test_the_same_reference_is_the_same_ticket_but_only_for_the_same_client(api, api_with, feedback):
    other = api_with("tickets:write", name="Shop")
    body = feedback(external_ref="4711")

    first, again, others = api.post("tickets/", body), api.post("tickets/", body), other.post("tickets/", body)

    assert (first.status_code, again.status_code, others.status_code) == (201, 200, 201)
    assert first.json() == again.json()
    assert first.json()["external_ref"] == "ERP/4711"
    assert others.json()["number"] != first.json()["number"]
    assert Ticket.objects.count() == 2


@pytest.mark.req("ADM-03")
def test_who_may_not_is_told_so(api_with, feedback):
    stranger, reader = api_with(), api_with("tickets:read")
    wrong = api_with("tickets:read")
    wrong.headers = {"Authorization": "Bearer fbk_nonsense"}

    assert is_problem(stranger.post("tickets/", feedback()), 401, "core.not_signed_in")
    assert stranger.post("tickets/", feedback())["WWW-Authenticate"] == "Bearer"
    assert is_problem(wrong.post("tickets/", feedback()), 401, "api_key.invalid")
    assert is_problem(reader.post("tickets/", feedback()), 403, "core.not_allowed")
    assert not Ticket.objects.exists()


def test_too_many_requests_are_put_off(api, settings):
    settings.API_REQUESTS_PER_MINUTE = 3

    answers = [api.get("tickets/") for _ in range(8)]  # the minute may turn over once meanwhile

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and is_problem(refused[0], 429, "core.too_many_requests")
    assert 0 < int(refused[0]["Retry-After"]) <= 60


def test_a_dead_cache_turns_nobody_away(api, settings):
    settings.API_REQUESTS_PER_MINUTE = 1
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }

    assert [api.get("tickets/").status_code for _ in range(3)] == [200, 200, 200]


def test_an_address_that_does_not_exist_and_a_wrong_method_are_problems_too(api):
    assert is_problem(api.get("nothing/"), 404, "core.no_such_address")
    assert is_problem(api.get("tickets"), 404, "core.no_such_address")
    for method in ("delete", "put", "patch", "options", "trace"):
        assert is_problem(getattr(api.client, method)("/api/v1/tickets/", headers=api.headers), 405, "core.method")


def test_a_fault_of_ours_is_a_problem_too(api, monkeypatch, feedback):
    def fail(*args, **kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr("apps.feedback.services.intake.receive", fail)

    response = api.post("tickets/", feedback(), key="k")

    assert is_problem(response, 500, "core.server_error")
    assert "boom" not in response.content.decode()
