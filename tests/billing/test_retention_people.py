"""Anonymisation, restriction and requests about personal data (ARC-05, LAW-05)."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.audit_states import RequestKind, RequestOutcome, RequestState
from apps.billing.models import DataRequest, Erasure
from apps.billing.retention import export, holds, people, requests
from apps.billing.retention.requests import RequestDraft
from apps.core import clock
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError
from apps.crm import selectors
from apps.crm.contacts import Contact
from apps.crm.models import Customer
from apps.crm.services import customers
from apps.feedback.models import SearchText, Ticket
from apps.feedback.services import conversation, links, search_index
from apps.feedback.states import MessageKind
from apps.journal import sealer
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from apps.sla.models import Deadline
from apps.sla.services import sweep
from tests.billing import retention as make
from tests.factories import make_customer, staff_actor, ticket_in

pytestmark = pytest.mark.django_db
FAR = datetime(2062, 7, 1, tzinfo=UTC)


def code_of(call) -> str:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.code


def lead():
    return staff_actor(Role.SERVICE_LEAD)


def checked(kind: str, customer: Customer) -> DataRequest:
    row = requests.receive(RequestDraft(kind, "请处理我的个人信息", "电话", customer), actor=lead())
    return requests.check_identity(row, "回拨登记电话并核对两笔订单", actor=lead())


@pytest.mark.req("ARC-05", "LAW-05", "ARC-03")
def test_when_the_time_is_up_nothing_in_the_database_names_the_person_and_the_log_still_verifies(settings, tmp_path):
    settings.EVIDENCE_HEADS_FILE = tmp_path / "heads.jsonl"  # of this database alone
    ticket = make.close_again(make.closed_ticket())
    make.rejected_refund(ticket)
    customer = ticket.customer
    requests.receive(RequestDraft(RequestKind.SEE, f"{make.NAME}想看", make.PHONE, customer), actor=lead())
    customers.reveal(customer, "phone", actor=lead(), reason=f"回电{make.NAME}")
    sealer.seal()
    assert make.leaks(make.NAME)  # texts and the log hold the name until then

    with clock.at(FAR):
        assert customer.pk in {row.pk for row, _why in people.due_now()}
        assert people.anonymise_due() >= 1
        assert people.anonymise_due() == 0
        sealer.seal()

    fresh = Customer.objects.get(pk=customer.pk)
    assert make.leaks(*make.SECRETS) == []
    assert (fresh.name, fresh.phone, fresh.phone_index, fresh.email_index) == ("", "", "", "")
    assert fresh.erased_at is not None
    assert Erasure.objects.get(subject_id=customer.pk).files
    call_command("verify_evidence", stdout=StringIO())


@pytest.mark.req("ARC-05")
def test_a_customer_waits_for_every_duty_and_the_reasons_are_words():
    ticket = make.closed_ticket()
    open_now = [duty.words for duty in people.duties(ticket.customer)]
    ticket = make.close_again(ticket)
    refund = make.rejected_refund(ticket)
    boss = staff_actor(Role.FINANCE_MANAGER)

    assert any(ticket.number in words for words in open_now)
    with clock.at(make.years_later(ticket.closed_at, 10)):
        kept = people.duties(ticket.customer)
        assert [duty.until.isoformat() for duty in kept] == [f"{clock.local(refund.settled_at).year + 31}-01-01"]
        people.anonymise_due()
        assert Customer.objects.get(pk=ticket.customer_id).erased_at is None
    with clock.at(FAR):
        hold = holds.place(ticket, actor=boss, reason="诉讼未决")
        assert people.due_now() == []
        assert "诉讼未决" in people.duties(ticket.customer)[0].words
        holds.lift(hold, actor=boss, reason="结案")
        assert [row.pk for row, _why in people.due_now()] == [ticket.customer_id]


@pytest.mark.req("ARC-05")
def test_a_customer_without_records_goes_two_years_after_the_last_contact():
    customer = make_customer(name=make.NAME, phone=make.PHONE)
    day = customer.created_at

    with clock.at(day + timedelta(days=729)):
        assert people.due_now() == []
    with clock.at(day + timedelta(days=732)):
        assert people.anonymise_due() == 1


@pytest.mark.req("LAW-05")
def test_whoever_comes_back_after_being_erased_is_a_new_person():
    old = make_customer(name=make.NAME, phone=make.PHONE)
    with clock.at(FAR):
        people.anonymise_due()
        new = make_customer(name=make.NAME, phone=make.PHONE)

    assert new.pk != old.pk


@pytest.mark.req("LAW-05")
def test_deletion_erases_at_once_where_nothing_keeps_it():
    customer = make_customer(name=make.NAME, phone=make.PHONE)
    row = checked(RequestKind.DELETE, customer)

    done = requests.delete(row, f"{make.NAME}您好，已删除。", actor=lead())

    assert (done.state, done.outcome, done.reasons) == (RequestState.ANSWERED, RequestOutcome.ERASED, [])
    assert make.leaks(make.NAME, make.PHONE) == []
    assert DataRequest.objects.get(pk=row.pk).contact == ""


@pytest.mark.req("LAW-05")
def test_deletion_restricts_where_a_duty_runs_and_says_why():
    ticket = make.close_again(make.closed_ticket())
    row = checked(RequestKind.DELETE, ticket.customer)

    done = requests.delete(row, "依法保留，其他使用已停止。", actor=lead())

    fresh = Customer.objects.get(pk=ticket.customer_id)
    assert (done.outcome, fresh.erased_at) == (RequestOutcome.RESTRICTED, None)
    assert fresh.restricted_at is not None and (fresh.phone_index, fresh.email_index) == ("", "")
    assert any("三十一条" in reason for reason in done.reasons)
    assert fresh.phone == f"+86{make.PHONE}" or fresh.phone.endswith(make.PHONE)  # stored, and nothing else


@pytest.mark.req("LAW-05")
def test_restricted_stops_search_lists_looks_changes_and_messages():
    ticket = make.closed_ticket()
    actor = lead()
    people.restrict(ticket.customer, actor=actor, reason="申请")
    ticket = Ticket.objects.get(pk=ticket.pk)
    search_index.catch_up()
    sent = OutgoingMessage.objects.count()

    admin = staff_actor(Role.ADMINISTRATOR)
    assert selectors.find_customer(make.PHONE, admin) is None
    assert not SearchText.objects.filter(ticket=ticket).exists()
    assert code_of(lambda: customers.reveal(ticket.customer, "phone", actor=admin, reason="x")) == "crm.restricted"
    assert code_of(lambda: customers.update(ticket.customer, {"region": "上海"}, actor=admin)) == "crm.restricted"
    assert code_of(lambda: conversation.add(ticket, MessageKind.REPLY, "您好", actor=admin)) == "crm.restricted"
    assert OutgoingMessage.objects.count() == sent


@pytest.mark.req("LAW-05")
def test_a_restricted_person_who_writes_again_is_taken_in_anew():
    customer = make_customer(name=make.NAME, phone=make.PHONE, external_id="C-77")
    people.restrict(customer, actor=lead(), reason="申请")

    again = customers.match_or_create(Contact(name=make.NAME, phone=make.PHONE, external_id="C-77"), actor=lead())

    assert again.pk != customer.pk and again.external_id is None
    assert code_of(lambda: people.lift(customer, actor=lead(), reason="本人要求恢复")) == "crm.phone_taken"


@pytest.mark.req("LAW-05")
def test_a_restriction_is_lifted_with_a_reason_and_the_person_is_found_again():
    ticket = make.close_again(make.closed_ticket())
    people.restrict(ticket.customer, actor=lead(), reason="申请")

    assert code_of(lambda: people.lift(ticket.customer, actor=lead(), reason=" ")) == "reason.missing"
    people.lift(ticket.customer, actor=lead(), reason="本人撤回")

    assert selectors.find_customer(make.PHONE, lead()).pk == ticket.customer_id
    assert SearchText.objects.filter(ticket=ticket).exists()


@pytest.mark.req("LAW-05")
def test_a_restricted_customer_is_erased_by_the_job_once_nothing_keeps_it():
    ticket = make.close_again(make.closed_ticket())
    requests.delete(checked(RequestKind.DELETE, ticket.customer), "依法保留三年。", actor=lead())

    with clock.at(ticket.closed_at + timedelta(days=3 * 365)):
        assert people.anonymise_due() == 0
    with clock.at(ticket.closed_at + timedelta(days=3 * 366)):
        assert people.anonymise_due() == 1
    assert make.leaks(make.NAME) == []


@pytest.mark.req("LAW-05")
def test_a_copy_holds_everything_and_only_its_digest_stays():
    ticket = make.close_again(make.closed_ticket())
    row = checked(RequestKind.COPY, ticket.customer)
    assert code_of(lambda: export.download(row, actor=staff_actor(Role.AUDITOR))) == "core.not_allowed"

    name, content = export.download(row, actor=lead())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        data = json.loads(archive.read("personal-data.json"))
        page = archive.read("personal-data.html").decode()
    given = requests.give(row, "已提供副本。", actor=lead())

    assert name == f"personal-data-{row.number}.zip"
    assert (data["person"]["name"], data["tickets"][0]["number"]) == (make.NAME, ticket.number)
    assert make.NAME in page and "内部" not in page
    assert given.outcome == RequestOutcome.GIVEN
    assert Event.objects.get(kind="data_request.exported").data["bytes"] == len(content)


@pytest.mark.req("LAW-05")
def test_nothing_is_given_or_deleted_before_the_identity_is_checked():
    customer = make_customer()
    row = requests.receive(RequestDraft(RequestKind.COPY, "请提供", "", customer), actor=lead())

    assert code_of(lambda: export.download(row, actor=lead())) == "data_request.not_checked"
    assert code_of(lambda: requests.give(row, "给", actor=lead())) == "transition.impossible"
    unknown = requests.receive(RequestDraft(RequestKind.DELETE, "请删除", "x@example.com"), actor=lead())
    assert code_of(lambda: requests.check_identity(unknown, "核对", actor=lead())) == "data_request.no_customer"
    linked = requests.link(unknown, customer, actor=lead())
    assert requests.check_identity(linked, "核对", actor=lead()).state == RequestState.CHECKED


@pytest.mark.req("LAW-05")
def test_a_correction_goes_through_the_customer_service():
    customer = make_customer(name="张三")
    row = checked(RequestKind.CORRECT, customer)
    assert code_of(lambda: requests.correct(row, {"name": " "}, "已更正", actor=lead())) == "core.required"

    done = requests.correct(row, {"name": "章三", "phone": ""}, "已更正。", actor=lead())

    assert done.outcome == RequestOutcome.CORRECTED
    assert Customer.objects.get(pk=customer.pk).name == "章三"
    assert Event.objects.filter(kind="customer.updated", subject_id=customer.pk).count() == 1


@pytest.mark.req("LAW-05")
def test_a_request_is_due_after_fifteen_working_days_and_late_ones_are_told():
    with clock.at(datetime(2026, 11, 23, 2, 0, tzinfo=UTC)):  # a Monday, 10:00 in Shanghai
        row = requests.receive(RequestDraft(RequestKind.SEE, "请告知", "", make_customer()), actor=lead())
    deadline = Deadline.objects.get(subject_id=row.pk)

    assert deadline.due_at == datetime(2026, 12, 14, 2, 0, tzinfo=UTC)
    with clock.at(datetime(2026, 12, 14, 3, 0, tzinfo=UTC)):
        sweep.sweep(now=clock.now())
    assert Deadline.objects.get(pk=deadline.pk).breached_at is not None


@pytest.mark.req("LAW-05")
def test_a_customer_asks_from_the_tracking_page_a_few_times_at_most():
    ticket = ticket_in("pending")
    for _ in range(requests.OPEN_A_PERSON):
        row = requests.receive(RequestDraft(RequestKind.SEE, "", "", ticket=ticket), actor=CUSTOMER)

    assert (row.by_customer, row.customer_id) == (True, ticket.customer_id)
    again = RequestDraft(RequestKind.SEE, "", "", ticket=ticket)
    assert code_of(lambda: requests.receive(again, actor=CUSTOMER)) == "data_request.enough"
    assert code_of(lambda: requests.receive(again, actor=staff_actor(Role.FINANCE_OFFICER))) == "core.not_allowed"


@pytest.mark.req("LAW-05")
def test_a_refusal_says_why_and_ends_the_clock():
    row = requests.receive(RequestDraft(RequestKind.DELETE, "请删除", "", make_customer()), actor=lead())
    assert code_of(lambda: requests.refuse(row, "", actor=lead())) == "reason.missing"

    assert requests.refuse(row, "无法核实身份，可向监管部门投诉。", actor=lead()).state == RequestState.REFUSED
    assert Deadline.objects.get(subject_id=row.pk).ended_at is not None


@pytest.mark.req("LAW-05")
def test_the_tracking_page_takes_a_request_and_refuses_one_without_a_kind(client):
    ticket = ticket_in("pending")
    place = reverse("portal:my_data", args=[ticket.number, links.tracking_token(ticket)])

    refused = client.post(place, {"words": "请告诉我", "token": ""})
    sent = client.post(place, {"kind": RequestKind.COPY, "words": "请给副本", "token": "a1"})
    page = client.get(sent["Location"]).content.decode()

    row = DataRequest.objects.get()
    assert (refused.status_code, sent.status_code) == (422, 302)
    assert "请告诉我" in refused.content.decode()
    assert (row.kind, row.words, row.by_customer) == (RequestKind.COPY, "请给副本", True)
    assert "15 个工作日" in page
