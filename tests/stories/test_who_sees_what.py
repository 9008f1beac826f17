"""Every address of the site, walked by its own table of addresses (ADM-02, ADM-04): what one may not know of answers 404
or 403, and nowhere stands a clear name, phone number or e-mail address of a customer."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from apps.accounts.models import Department
from apps.core import actors
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, conversation
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from tests.factories import contact, staff, staff_actor, ticket

pytestmark = pytest.mark.django_db

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
