"""Every address of the site, walked by its own table of addresses (ADM-02, ADM-04): what one may not know of answers 404
or 403, and nowhere stands a clear name, phone number or e-mail address of a customer."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from apps.accounts.models import Department
from apps.accounts.scopes import SCOPES
from apps.accounts.services import api_keys
from apps.core import actors, throttling
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, conversation
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from tests.factories import contact, staff, staff_actor, ticket

pytestmark = [pytest.mark.django_db, pytest.mark.long]

NAME, PHONE, EMAIL = "欧阳哨兵", "13987654321", "sentinel.q7@example.com"
CLEAR = (NAME, PHONE, EMAIL)
OUTSIDERS = ("department_handler", "department_head", "warehouse", "finance_officer", "finance_manager")
# These need a signed address, end the session or are Django's own.
OPENING_IS_RECORDED = ("admin:desk_message", "admin:notifications_outgoingmessage_change")
PASSED_OVER = ("logout", "jsi18n", "setlang", "password_change")


def every_address(patterns: Any = None, names: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """(name with its namespaces, names of its arguments) of all that has a name, once."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            yield from every_address(each.url_patterns, (*names, each.namespace) if each.namespace else names)
        elif isinstance(each, URLPattern) and each.name and not any(word in each.name for word in PASSED_OVER):
            arguments = each.pattern.regex.groupindex or range(each.pattern.regex.groups)
            yield ":".join((*names, each.name)), list(arguments)


@pytest.fixture
def theirs() -> Ticket:
    """A customer's ticket with everything known about them, at a department that the people of logistics know nothing of."""
    who = contact(name=NAME, phone=PHONE, email=EMAIL)
    made = ticket("冰箱不制冷，请尽快处理。", contact=who)
    lead = staff_actor("administrator")
    quality = Department.objects.get(code="quality")
    assignment.assign(made, actor=lead, department=quality)
    made = Ticket.objects.get(pk=made.pk)
    assignment.accept(made, actor=staff_actor("quality", "quality"))
    conversation.add(made, MessageKind.REPLY, "已安排检测。", actor=lead)
    deliveries.drain()
    return Ticket.objects.get(pk=made.pk)


def signed_in(role: str, department: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(staff(role, department), backend="django.contrib.auth.backends.ModelBackend")
    return client


def values(one: Ticket) -> dict[str, Any]:
    """Arguments of addresses about this ticket and this customer."""
    deadline = Deadline.objects.filter(subject_id=one.pk).first()
    message = OutgoingMessage.objects.filter(subject_id=one.pk).first()
    return {
        "number": one.number, "ticket_number": one.number, "deadline_id": deadline.pk, "pk": one.pk, "id": one.pk,
        "message_id": message.pk, "attachment_id": uuid4(), "customer_id": one.customer_id, "name": "accept",
    }  # fmt: skip


def about(one: Ticket) -> Iterator[tuple[str, str]]:
    """Every address that names a ticket by its number."""
    given = values(one)
    for name, arguments in every_address():
        if "number" in arguments and not name.startswith("portal"):
            filled = {key: given.get(key, uuid4()) for key in arguments}
            try:
                yield name, reverse(name, kwargs=filled)
            except NoReverseMatch:  # another kind of number: a year of a calendar
                continue


@pytest.mark.req("ADM-02")
@pytest.mark.parametrize("role", OUTSIDERS)
def test_nobody_learns_of_another_departments_ticket_at_any_address(theirs, role):
    client, last = signed_in(role, "logistics"), Event.objects.latest("pk").pk
    walked = 0
    for name, address in about(theirs):
        for answer in (client.get(address), client.post(address, {"version": theirs.version, "reason": "x"})):
            assert answer.status_code in (401, 403, 404, 405), (name, answer.status_code)
            assert theirs.title not in answer.content.decode(errors="ignore") if not answer.streaming else True, name
        walked += 1
    assert walked > 10
    assert not Event.objects.filter(pk__gt=last, subject_id=theirs.pk).exists()


@pytest.mark.req("ADM-02")
@pytest.mark.parametrize("role", OUTSIDERS)
def test_no_list_of_another_department_names_their_ticket(theirs, role):
    client = signed_in(role, "logistics")
    for name, arguments in every_address():
        if arguments:
            continue
        answer = client.get(reverse(name), {"q": theirs.number, "tab": "all", "s": theirs.number})
        if answer.status_code == 200:
            words = text(answer)
            assert theirs.title not in words, name
            assert reverse("admin:desk_ticket", args=[theirs.number]) not in words, name


def text(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode(errors="ignore")


def rows() -> Iterator[tuple[str, str]]:
    """The page of the newest row of every list in the administration."""
    for model in admin.site._registry:
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            stem = f"admin:{model._meta.app_label}_{model._meta.model_name}"
            yield f"{stem}_change", reverse(f"{stem}_change", args=[row.pk])
            yield f"{stem}_history", reverse(f"{stem}_history", args=[row.pk])


@pytest.mark.req("ADM-04")
@pytest.mark.parametrize("role", ["administrator", "auditor", "service_staff"])
def test_no_page_list_or_export_shows_a_clear_name_number_or_address(theirs, role, caplog):
    client = signed_in(role, "service")
    plain = [(name, reverse(name)) for name, arguments in every_address() if not arguments]
    opened = 0
    for name, address in [*plain, *about(theirs), *rows()]:
        if name in OPENING_IS_RECORDED and role != "auditor":
            continue  # the text of one message: opened with the right to clear data, and on the record (ADM-04)
        answer = client.get(address, {"tab": "all"} if name.endswith("queue") else {})
        assert answer.status_code < 500 or name == "readyz", (name, answer.status_code)
        words = text(answer)
        assert [clear for clear in CLEAR if clear in words] == [], (name, address)
        opened += answer.status_code == 200
    assert opened > 50
    assert [clear for clear in CLEAR if clear in caplog.text] == []


@cache
def known_addresses() -> tuple[tuple[str, list[str]], ...]:
    return tuple(every_address())


def owned(model: Any) -> Iterator[tuple[str, str]]:
    """Every address of a list's own pages (exports, previews, steps), about its newest row."""
    stem = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
    row = model._default_manager.order_by("-pk").first()
    for name, arguments in known_addresses():
        if name.startswith(stem) and not name.endswith("_delete"):
            if not arguments:
                yield name, reverse(name)
            elif row is not None and len(arguments) == 1:
                try:
                    yield name, reverse(name, args=[row.pk])
                except NoReverseMatch:
                    continue


def ticked(model: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every action that a list offers for ticked rows, e.g. an export, for its newest one."""
    row = model._default_manager.order_by("-pk").first()
    stem = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    for action in admin.site._registry[model].actions or ():
        name = action if isinstance(action, str) else action.__name__
        if row is not None:
            yield f"{stem} {name}", reverse(f"{stem}_changelist"), {"action": name, "_selected_action": [str(row.pk)]}


@pytest.mark.req("ADM-04")
@pytest.mark.parametrize("role", ["auditor", "service_lead"])
def test_nothing_clear_leaves_by_a_post_unless_it_is_on_the_record(theirs, role, settings):
    """Exports are often posts, which no walk by links finds: every address and every list action is posted to."""
    settings.PUBLIC_LIMITS = dict.fromkeys(settings.PUBLIC_LIMITS, "100000/hour")
    client = signed_in(role, "service")
    theirs_or_plain = [(name, address, {}) for name, address in about(theirs)]
    theirs_or_plain += [
        (name, reverse(name), {}) for name, given in known_addresses() if not (given or ":" not in name)
    ]
    for model in admin.site._registry:
        theirs_or_plain += [(name, address, {}) for name, address in owned(model)]
        theirs_or_plain += ticked(model)
    walked = 0
    for name, address, typed in theirs_or_plain:
        last = Event.objects.latest("pk").pk
        answer = client.post(address, {"reason": "回电核实", "q": PHONE, "find": NAME, **typed}, follow=False)
        shown = [clear for clear in CLEAR if clear in text(answer)]
        if shown and name in ("admin:desk_caller", "admin:desk_new"):
            continue  # says again what was typed into it
        recorded = Event.objects.filter(pk__gt=last, kind__contains="reveal").exists()
        assert not shown or (recorded and role != "auditor"), (name, address, typed)
        walked += 1
    assert walked > 100


def key_with(*scopes: str) -> dict[str, str]:
    made = api_keys.create(f"walk {' '.join(scopes)}"[:60], list(scopes), actor=actors.system("test"))
    return {"Authorization": f"Bearer {made.clear}"}


@pytest.fixture
def unhurried(monkeypatch):
    monkeypatch.setattr(throttling, "_leases", throttling._Leases())
    monkeypatch.setattr(throttling.ClientThrottle, "allow_request", lambda *arguments: True)


def api_addresses(one: Ticket) -> list[tuple[str, str]]:
    plain = [(name, reverse(name)) for name, arguments in every_address() if not arguments]
    return [(name, address) for name, address in [*plain, *about(one)] if address.startswith("/api/v1/")]


@pytest.mark.req("ADM-02", "ADM-03")
def test_a_key_without_the_scope_to_read_tickets_learns_nothing_of_one(theirs, unhurried):
    client = Client(raise_request_exception=False)
    addresses = [(name, address) for name, address in about(theirs) if address.startswith("/api/v1/")]
    last = Event.objects.latest("pk").pk
    body = json.dumps({"reason": "x", "step": "accept", "kind": "note", "body": "x"})
    for scope in sorted(set(SCOPES) - {"tickets:read"}):
        headers = key_with(scope)
        for name, address in addresses:
            posted = client.post(address, body, content_type="application/json", headers=headers)
            for answer in (client.get(address, headers=headers), posted):
                assert answer.status_code in (401, 403, 404, 405), (name, scope, answer.status_code)
                assert theirs.title not in text(answer), (name, scope)
        listed = client.get(reverse("api-tickets"), {"number": theirs.number}, headers=headers)
        assert listed.status_code == 403, scope
    assert len(addresses) > 20
    assert not Event.objects.filter(pk__gt=last, subject_id=theirs.pk).exists()


@pytest.mark.req("ADM-03", "ADM-04")
def test_a_key_without_the_scope_for_clear_data_gets_none_by_any_address(theirs, unhurried):
    client = Client(raise_request_exception=False)
    everything_else, everything = key_with(*(set(SCOPES) - {"personal_data:read"})), key_with(*SCOPES)
    walked = 0
    for name, address in api_addresses(theirs):
        for query in ({}, {"personal_data": "clear", "reason": "回电核实"}):
            answer = client.get(address, query, headers=everything_else)
            assert answer.status_code < 500, (name, answer.status_code)
            assert [clear for clear in CLEAR if clear in text(answer)] == [], (name, query)
            walked += 1
    assert walked > 40
    assert not Event.objects.filter(kind="personal_data.revealed").exists()
    shown = client.get(f"/api/v1/tickets/{theirs.number}/", {"personal_data": "clear"}, headers=everything)
    assert NAME in text(shown), "the walk would have seen it"
    assert Event.objects.filter(kind="personal_data.revealed", actor_kind="api").count() == 3


@pytest.mark.req("ADM-03")
@pytest.mark.parametrize("header", ["", "Bearer fbk_0000_nonsense", "Token x", "Bearer \u5929"])
def test_without_a_key_the_api_tells_nothing(theirs, header, unhurried):
    client = Client(raise_request_exception=False)
    headers = {"Authorization": header.encode("utf-8").decode("latin-1")} if header else {}
    for name, address in api_addresses(theirs):
        answer = client.get(address, headers=headers)
        assert answer.status_code in (401, 403, 404, 405), (name, answer.status_code)
        assert theirs.title not in text(answer)


@pytest.mark.req("ADM-04")
def test_events_and_what_staff_are_told_hold_no_clear_personal_data(theirs, caplog):
    conversation.customer_says(theirs, "还要等多久？", actor=actors.CUSTOMER, channel="online")
    deliveries.drain()
    events = json.dumps(list(Event.objects.values("actor_label", "reason", "data")), ensure_ascii=False, default=str)
    told = [m for m in OutgoingMessage.objects.all() if m.recipient not in CLEAR]

    assert [clear for clear in CLEAR if clear in events] == []
    assert told
    for message in told:
        assert [clear for clear in CLEAR if clear in f"{message.subject}{message.body}"] == [], message.template
    for message in mail.outbox:
        if EMAIL not in message.to:
            assert [clear for clear in CLEAR if clear in f"{message.subject}{message.body}"] == []
    assert [clear for clear in CLEAR if clear in caplog.text] == []


@pytest.mark.req("ADM-04")
def test_what_stands_in_the_database_is_not_clear_either(theirs):
    assert isinstance(theirs.pk, UUID)
    from django.apps import apps
    from django.db import connection

    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.proxy or not model._meta.managed:
                continue
            cursor.execute(
                f"SELECT count(*) FROM {model._meta.db_table} t WHERE t::text LIKE ANY(%s)",
                [[f"%{clear}%" for clear in CLEAR]],
            )
            assert cursor.fetchone()[0] == 0, model._meta.label
