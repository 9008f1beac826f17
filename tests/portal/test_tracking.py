import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.core import clock, uploads
from apps.core.actors import CUSTOMER, SYSTEM
from apps.feedback import events
from apps.feedback.models import Message, Ticket
from apps.feedback.services import assignment, closure, conversation, links
from apps.feedback.states import TicketState
from apps.journal.models import Event
from apps.sla.services import deadlines
from tests import factories

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def client():
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def address(ticket: Ticket, page: str = "track") -> str:
    return reverse(f"portal:{page}", args=[ticket.number, links.tracking_token(ticket)])


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def kinds(ticket: Ticket) -> list[str]:
    return list(Event.objects.filter(subject_id=ticket.pk).order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize("state", TicketState.values)
@pytest.mark.req("INT-10", "HND-07")
def test_the_customer_can_follow_a_ticket_in_every_state(client, state):
    ticket = factories.ticket_in(state)

    response = client.get(address(ticket))

    assert response.status_code == 200
    assert response.context["headline"]
    assert sum(step.place == "here" for step in response.context["steps"]) == (0 if state == "closed" else 1)
    assert ticket.number in response.content.decode()


@pytest.mark.req("HND-07")
def test_milestones_have_their_times_and_what_is_owed_is_shown(client):
    with clock.at(clock.now() - timedelta(minutes=30)):
        ticket = factories.ticket()
    ticket = assignment.accept(ticket, actor=factories.staff_actor("administrator"))

    steps = client.get(address(ticket)).context["steps"]

    assert [(s.place, s.at) for s in steps] == [
        ("done", ticket.received_at),
        ("here", ticket.accepted_at),
        ("ahead", None),
        ("ahead", None),
        ("ahead", None),
    ]
    due = [p.due_at for p in client.get(address(ticket)).context["promises"]]
    assert due == sorted(d.due_at for d in deadlines.open_for(ticket) if not d.is_timer)


def test_a_missed_time_is_admitted(client):
    with clock.at(clock.now() - timedelta(days=30)):
        ticket = factories.ticket()

    page = client.get(address(ticket)).content.decode()

    assert "late" in page
    assert all(p.late for p in client.get(address(ticket)).context["promises"])


def test_a_wrong_token_and_an_unknown_number_get_the_same_page(client):
    ticket = factories.ticket()
    other = factories.ticket()
    wrong = reverse("portal:track", args=[ticket.number, links.tracking_token(other)])
    unknown = reverse("portal:track", args=["209901-001", links.tracking_token(ticket)])

    first, second = client.get(wrong), client.get(unknown)

    assert (first.status_code, second.status_code) == (404, 404)
    assert first.content == second.content


@pytest.mark.parametrize("page", ["track", "sent", "add_message", "supervisor", "reopen"])
def test_every_page_of_a_ticket_needs_the_right_token(client, page):
    ticket = factories.ticket()
    wrong = reverse(f"portal:{page}", args=[ticket.number, "x" * 24])

    assert client.get(wrong).status_code == 404
    assert client.post(wrong, {"body": "x", "reason": "x"}).status_code in (404, 405)


def test_a_withdrawn_link_no_longer_opens(client):
    ticket = factories.ticket()
    before = address(ticket)

    Ticket.objects.filter(pk=ticket.pk).update(link_version=2)

    assert client.get(before).status_code == 404
    assert client.get(address(fresh(ticket))).status_code == 200


@pytest.mark.parametrize("path", ["/t/202611-001/%00/", "/t/1/x/", "/t/202611-001/" + "a" * 5000 + "/", "/s/1/x/"])
def test_malformed_links_are_not_found(client, path):
    assert client.get(path).status_code == 404


def test_private_pages_stay_private(client):
    response = client.get(address(factories.ticket()))

    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]
    assert "Disallow: /t/" in client.get("/robots.txt").content.decode()


@pytest.mark.req("INT-06")
def test_only_what_the_customer_may_know_is_shown_and_personal_data_is_masked(client):
    actor = factories.staff_actor("administrator", display_name="李娜")
    ticket = factories.ticket_in(
        "in_progress", actor=actor, name="张三丰", phone="13812345678", email="feng@example.com"
    )
    conversation.add(ticket, "note", "客户很难缠", actor=actor)
    conversation.add(ticket, "call", "电话里说的", actor=actor)
    conversation.add(ticket, "reply", "电池明天寄出", actor=actor)
    conversation.add(ticket, "progress", "已经发货", actor=actor)

    page = client.get(address(ticket)).content.decode()

    assert "电池明天寄出" in page
    assert "已经发货" in page
    for hidden in ("客户很难缠", "电话里说的", "张三丰", "13812345678", "feng@example.com", "李娜"):
        assert hidden not in page
    for shown in ("张**", "138****5678", "f***@example.com", "李*", actor.user.staff_number):
        assert shown in page


def test_the_page_speaks_the_language_of_the_ticket_unless_the_browser_chose_one():
    ticket = factories.ticket(language="en")
    browser = Client(headers={"accept-language": "zh-CN"})

    assert 'lang="en"' in browser.get(address(ticket)).content.decode()

    browser.cookies["django_language"] = "zh-hans"
    assert 'lang="zh-Hans"' in browser.get(address(ticket)).content.decode()


@pytest.mark.req("HND-07", "SLA-03")
def test_an_answer_with_a_file_goes_into_the_story_and_the_work_goes_on(client):
    ticket = factories.ticket_in("waiting")

    response = client.post(
        address(ticket, "add_message"), {"body": "红色", "token": "1", "files": [SimpleUploadedFile("a.pdf", PDF)]}
    )

    assert response.url == address(ticket) + "?done=message"
    assert fresh(ticket).state == "in_progress"
    said = Message.objects.get(ticket=ticket, kind="customer")
    assert (said.body, said.author) == ("红色", None)
    page = client.get(response.url).content.decode()
    assert "红色" in page
    assert "a.pdf" in page
    assert "Sent." in page


@pytest.mark.req("INT-05")
def test_a_refused_message_keeps_its_words_and_files(client):
    ticket = factories.ticket()
    files = [SimpleUploadedFile("a.pdf", PDF), SimpleUploadedFile("b.exe", b"MZ")]

    refused = client.post(address(ticket, "add_message"), {"body": "有新情况", "token": "1", "files": files})

    page = refused.content.decode()
    assert refused.status_code == 422
    assert "有新情况" in page
    assert "b.exe" in page
    kept = re.search(r'name="kept" value="([^"]+)"', page)[1]
    assert (
        client.post(address(ticket, "add_message"), {"body": "有新情况", "kept": kept, "token": "2"}).status_code == 302
    )
    assert [a.upload.name for a in ticket.attachments.all()] == ["a.pdf"]


@pytest.mark.parametrize("body", ["", "   ", "坏了\x00", "长" * 20_001])
def test_bad_messages_are_refused_beside_the_field(client, body):
    ticket = factories.ticket()

    response = client.post(address(ticket, "add_message"), {"body": body})

    assert response.status_code == 422
    assert 'id="message_body_error"' in response.content.decode()
    assert not ticket.messages.exists()


def test_a_double_click_sends_one_message(client):
    ticket = factories.ticket()

    for _ in range(2):
        assert client.post(address(ticket, "add_message"), {"body": "补充", "token": "t1"}).status_code == 302

    assert ticket.messages.count() == 1
    client.post(address(ticket, "add_message"), {"body": "补充", "token": "t2"})
    assert ticket.messages.count() == 2


def test_a_refused_message_can_be_sent_again_with_the_same_token(client):
    ticket = factories.ticket()
    client.post(address(ticket, "add_message"), {"body": "", "token": "t1"})

    client.post(address(ticket, "add_message"), {"body": "补充", "token": "t1"})

    assert ticket.messages.count() == 1


def test_a_closed_ticket_takes_no_messages(client):
    ticket = factories.ticket_in("closed")

    response = client.post(address(ticket, "add_message"), {"body": "还有一件事"})

    assert response.status_code == 422
    assert "还有一件事" in response.content.decode()  # to be copied elsewhere
    assert address(ticket, "add_message") not in client.get(address(ticket)).content.decode()
    assert not ticket.messages.exists()


@pytest.mark.parametrize("page", ["add_message", "supervisor", "reopen"])
def test_the_address_of_a_refused_form_leads_back_to_the_ticket(client, page):
    ticket = factories.ticket()

    assert client.get(address(ticket, page)).url == address(ticket)


@pytest.mark.req("SLA-06")
def test_asking_for_a_supervisor_escalates_once_and_says_so(client):
    ticket = factories.ticket()

    for _ in range(2):
        client.post(address(ticket, "supervisor"), {"reason": "拖了三天", "token": "t1"})

    assert fresh(ticket).escalated
    assert kinds(ticket).count(events.SUPERVISOR_REQUESTED) == 1
    asked = Event.objects.get(subject_id=ticket.pk, kind=events.SUPERVISOR_REQUESTED)
    assert (asked.actor_kind, asked.reason) == ("customer", "拖了三天")
    page = client.get(address(ticket)).content.decode()
    assert "You asked for a supervisor" in page
    assert address(ticket, "supervisor") not in page


@pytest.mark.req("SLA-06")
def test_a_closed_ticket_offers_no_supervisor(client):
    ticket = factories.ticket_in("closed")

    assert address(ticket, "supervisor") not in client.get(address(ticket)).content.decode()
    assert client.post(address(ticket, "supervisor"), {"reason": ""}).status_code == 422
    assert events.SUPERVISOR_REQUESTED not in kinds(ticket)


def test_within_the_days_a_closed_ticket_can_be_reopened(client):
    ticket = factories.ticket_in("closed")
    assert address(ticket, "reopen") in client.get(address(ticket)).content.decode()

    refused = client.post(address(ticket, "reopen"), {"reason": " "})
    done = client.post(address(ticket, "reopen"), {"reason": "又不能充电了", "token": "1"})

    assert refused.status_code == 422
    assert done.status_code == 302
    assert fresh(ticket).state == "reopened"


def test_after_the_days_it_cannot_be_reopened(client):
    with clock.at(clock.now() - timedelta(days=16)):
        ticket = factories.ticket_in("closed")

    page = client.get(address(ticket)).content.decode()
    response = client.post(address(ticket, "reopen"), {"reason": "又不能充电了"})

    assert address(ticket, "reopen") not in page
    assert response.status_code == 422
    assert fresh(ticket).state == "closed"


def test_a_ticket_being_worked_on_cannot_be_reopened(client):
    ticket = factories.ticket_in("in_progress")

    assert address(ticket, "reopen") not in client.get(address(ticket)).content.decode()
    assert client.post(address(ticket, "reopen"), {"reason": "快点"}).status_code == 422


def test_acts_on_a_private_page_are_limited_and_the_words_kept(client, settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "private_page": "1/hour"}
    ticket = factories.ticket()
    client.post(address(ticket, "add_message"), {"body": "一", "token": "1"})

    response = client.post(address(ticket, "add_message"), {"body": "第二条", "token": "2"})

    assert response.status_code == 429
    assert "第二条" in response.content.decode()
    assert ticket.messages.count() == 1


def test_files_are_given_to_the_holder_of_the_link_only(client):
    files = uploads.store([SimpleUploadedFile("发票.pdf", PDF)], actor=CUSTOMER)
    ticket, other = factories.ticket(uploads=files), factories.ticket()
    attachment = ticket.attachments.get()

    def ask(of: Ticket, token: str):
        return client.get(reverse("portal:attachment", args=[of.number, token, attachment.pk]))

    good = ask(ticket, links.tracking_token(ticket))
    assert b"".join(good.streaming_content) == PDF
    assert good["Content-Disposition"].startswith("attachment")
    assert good["Content-Security-Policy"].startswith("sandbox")
    assert good["X-Content-Type-Options"] == "nosniff"
    assert ask(ticket, "x" * 24).status_code == 404
    assert ask(other, links.tracking_token(other)).status_code == 404


def test_files_of_internal_notes_are_not_given_out(client):
    actor = factories.staff_actor("administrator")
    ticket = factories.ticket_in("in_progress", actor=actor)
    [upload] = uploads.store([SimpleUploadedFile("internal.pdf", PDF)], actor=SYSTEM)
    note = conversation.add(ticket, "note", "内部", actor=actor, uploads=[upload])
    address_of_file = reverse(
        "portal:attachment", args=[ticket.number, links.tracking_token(ticket), note.attachments.get().pk]
    )

    assert client.get(address_of_file).status_code == 404
    assert "internal.pdf" not in client.get(address(ticket)).content.decode()


def test_the_survey_is_offered_while_it_is_open(client):
    ticket = factories.ticket_in("callback")
    survey = ticket.surveys.get()
    link = reverse("portal:survey", args=[survey.pk, links.survey_token(survey)])
    assert link in client.get(address(ticket)).content.decode()

    closure.answer_survey(survey, score=5, comment="", actor=CUSTOMER)

    assert link not in client.get(address(ticket)).content.decode()


def test_a_duplicate_names_the_first_number_only_to_the_same_customer(client):
    actor = factories.staff_actor("administrator")
    who = factories.contact()
    first, again, strangers = factories.ticket(contact=who), factories.ticket(contact=who), factories.ticket()
    for ticket in (again, strangers):
        closure.reject(ticket, actor=actor, why="duplicate", duplicate_of=first)

    assert first.number in client.get(address(again)).content.decode()
    assert first.number not in client.get(address(strangers)).content.decode()


def test_the_page_does_not_ask_the_database_more_often_for_a_longer_story(client, count_queries):
    actor = factories.staff_actor("administrator")
    ticket = factories.ticket_in("in_progress", actor=actor)
    for n in range(5):
        [upload] = uploads.store([SimpleUploadedFile("a.pdf", PDF)], actor=CUSTOMER)
        conversation.customer_says(ticket, str(n), actor=CUSTOMER, channel="online", uploads=[upload])
        conversation.add(ticket, "reply", str(n), actor=actor)
    client.get(address(ticket))

    with count_queries("portal.track"):
        client.get(address(ticket))
