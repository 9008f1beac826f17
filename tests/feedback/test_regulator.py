"""Cases of authorities, legal clocks of a return, first-asked-handles-it (INT-13, LAW-01 … LAW-03)."""

from datetime import date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.roles import Role
from apps.core import actors, clock, uploads
from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import RegulatorCase, Ticket
from apps.feedback.services import assignment, closure, legal_clocks, reclassification, regulator_cases
from apps.feedback.services.announcements import responsible
from apps.feedback.services.reclassification import Correction
from apps.feedback.services.regulator_cases import CaseDraft, OutcomeDraft
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.sla import selectors as sla
from apps.sla.models import Deadline
from apps.sla.services.deadlines import explain
from apps.sla.services.sweep import sweep
from apps.sla.states import Metric
from tests import factories

pytestmark = pytest.mark.django_db
NUMBER = "1330100002026111600058"
COURSE = "11月17日电话联系消费者，双方同意退货退款。"


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def clerk():
    return factories.staff_actor(Role.SERVICE_STAFF)


@pytest.fixture
def monday():
    with clock.at(moment("2026-11-16 10:00")):
        yield


def draft(**changes):
    given = {"authority": "杭州市市场监督管理局", "case_number": NUMBER, "received_on": date(2026, 11, 16)}
    return CaseDraft(**{**given, **changes})


def outcome(**changes):
    given = {"outcome": "settled", "outcome_on": date(2026, 11, 17), "method": "phone", "process": COURSE}
    return OutcomeDraft(**{**given, **changes})


def due(ticket, metric=Metric.REGULATOR):
    found = [d for d in sla.open_for(ticket) if d.metric == metric]
    return found[0].due_at.astimezone(SHANGHAI) if found else None


def codes(act):
    before = Event.objects.count()
    with pytest.raises((DomainError, DomainErrors)) as found:
        act()
    assert Event.objects.count() == before
    errors = found.value.errors if isinstance(found.value, DomainErrors) else [found.value]
    return {(error.code, error.field) for error in errors}


# The record ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-13", "LAW-02")
def test_what_comes_from_an_authority_is_a_regulator_ticket_with_its_clock_at_once(monday):
    ticket = factories.ticket(channel="regulator", kind="complaint")

    assert ticket.kind == "regulator"
    assert due(ticket) == moment("2026-11-30 10:00")  # ten working days


@pytest.mark.req("INT-13", "LAW-02")
@pytest.mark.parametrize(
    ("received_on", "due_on", "expected"),
    [
        (date(2026, 11, 16), None, "2026-11-30 10:00"),  # the day it came in: from that moment
        (date(2026, 11, 12), None, "2026-11-26 18:00"),  # a day alone counts from its closing
        (date(2026, 11, 14), None, "2026-11-27 18:00"),  # a Saturday: ten working days after it
        (date(2026, 11, 16), date(2026, 11, 20), "2026-11-20 18:00"),  # the authority's own day
        (date(2026, 11, 16), date(2026, 11, 22), "2026-11-20 18:00"),  # a Sunday: the last working moment before
    ],
)
def test_the_legal_clock_follows_the_record(monday, clerk, received_on, due_on, expected):
    ticket = factories.ticket(channel="regulator")

    regulator_cases.record(ticket, draft(received_on=received_on, due_on=due_on), actor=clerk)

    assert due(ticket) == moment(expected)


def test_a_corrected_day_moves_the_clock_and_a_day_taken_back_gives_it_back(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    regulator_cases.record(ticket, draft(due_on=date(2026, 11, 20)), actor=clerk)

    regulator_cases.record(ticket, draft(due_on=None), actor=clerk)

    assert due(ticket) == moment("2026-11-30 10:00")
    last = Event.objects.filter(kind="regulator.case_recorded").latest("id")
    assert last.data["changed"] == ["due_on"]


@pytest.mark.req("LAW-02")
def test_why_it_is_due_then_names_the_rule(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    (deadline,) = [d for d in sla.open_for(ticket) if d.metric == Metric.REGULATOR]

    words = "".join(explain(deadline))

    assert "10 个工作日" in words
    assert "全国12315平台在线消费纠纷解决（ODR）机制" in words
    assert "自 2018年3月15日起施行" in words


@pytest.mark.req("INT-13")
def test_an_ordinary_ticket_becomes_a_regulator_ticket_by_its_case(monday, clerk):
    ticket = factories.ticket()

    regulator_cases.record(ticket, draft(), actor=clerk)

    fresh = Ticket.objects.get(pk=ticket.pk)
    assert (fresh.kind, due(fresh)) == ("regulator", moment("2026-11-30 10:00"))
    assert due(fresh, Metric.ANSWER) == moment("2026-11-19 10:00")  # the complaint's three days go on


def test_what_is_missing_is_said_beside_its_field(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    empty = CaseDraft(authority=" ", case_number="——", received_on=None, procedure="magic")

    found = codes(lambda: regulator_cases.record(ticket, empty, actor=clerk))

    assert found == {("core.required", "authority"), ("core.invalid", "case_number"), ("core.required", "received_on"),
                     ("core.invalid_choice", "procedure")}  # fmt: skip
    assert codes(lambda: regulator_cases.record(ticket, draft(received_on=date(2026, 11, 18)), actor=clerk)) == {
        ("ticket.date_in_future", "received_on")
    }
    assert codes(lambda: regulator_cases.record(ticket, draft(due_on=date(2026, 11, 15)), actor=clerk)) == {
        ("regulator.before_received", "due_on")
    }
    assert not RegulatorCase.objects.exists()


def test_who_may_not_work_on_tickets_records_nothing(monday):
    ticket = factories.ticket(channel="regulator")
    auditor = factories.staff_actor(Role.AUDITOR)

    assert codes(lambda: regulator_cases.record(ticket, draft(), actor=auditor)) == {("core.not_allowed", None)}
    assert codes(lambda: regulator_cases.settle(ticket, outcome(), actor=auditor)) == {("core.not_allowed", None)}


@pytest.mark.req("INT-13")
def test_documents_belong_to_the_case_and_to_the_ticket(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    letter = SimpleUploadedFile("来函.pdf", b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF", "application/pdf")
    (upload,) = uploads.store([letter], actor=clerk)

    case = regulator_cases.record(ticket, draft(), actor=clerk, uploads=[upload])

    assert [a.upload.name for a in case.documents.all()] == ["来函.pdf"]
    assert ticket.attachments.count() == 1


# The outcome ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-13")
def test_a_regulator_ticket_is_not_resolved_before_its_outcome(clerk):
    lead = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("in_progress", actor=lead, channel="regulator")
    factories.plan(ticket, lead)
    today = clock.local(clock.now()).date()

    def resolve():
        return closure.resolve(ticket, "已与消费者和解并退款。", actor=lead)

    assert codes(resolve) == {("regulator.outcome_missing", None)}
    regulator_cases.record(ticket, draft(received_on=today), actor=clerk)
    assert codes(resolve) == {("regulator.outcome_missing", None)}
    regulator_cases.settle(ticket, outcome(outcome_on=today), actor=clerk)

    assert resolve().state == "resolved"
    assert not sla.has_open(ticket, Metric.REGULATOR)


@pytest.mark.req("LAW-02")
def test_time_course_way_and_outcome_are_recorded_and_meet_the_clock(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    assert codes(lambda: regulator_cases.settle(ticket, outcome(), actor=clerk)) == {("regulator.case_missing", None)}
    regulator_cases.record(ticket, draft(), actor=clerk)
    bare = OutcomeDraft(outcome="settled", outcome_on=None)
    assert codes(lambda: regulator_cases.settle(ticket, bare, actor=clerk)) == {
        ("core.required", "outcome_on"), ("core.required", "method"), ("core.required", "process"),
    }  # fmt: skip

    with clock.at(moment("2026-11-17 15:00")):
        case = regulator_cases.settle(ticket, outcome(), actor=clerk)

    assert (case.outcome, case.outcome_on, case.method, case.process) == (
        "settled",
        date(2026, 11, 17),
        "phone",
        COURSE,
    )
    (kept,) = Deadline.objects.filter(subject_id=ticket.pk, metric=Metric.REGULATOR)
    assert (kept.state, kept.ended_at) == ("met", moment("2026-11-17 15:00"))
    told = Event.objects.get(kind="regulator.outcome_recorded")
    assert (told.data["outcome"], COURSE in str(told.data)) == ("settled", False)


def test_a_case_that_the_consumer_takes_back_needs_no_course(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    regulator_cases.record(ticket, draft(), actor=clerk)
    bare = OutcomeDraft(outcome="withdrawn", outcome_on=date(2026, 11, 16))

    assert regulator_cases.settle(ticket, bare, actor=clerk).outcome == "withdrawn"


@pytest.mark.req("INT-13")
def test_the_gate_cannot_be_slipped_past_by_another_kind(monday, clerk):
    ticket = factories.ticket(channel="regulator")
    regulator_cases.record(ticket, draft(), actor=clerk)
    as_complaint = Correction(kind="complaint")

    assert codes(lambda: reclassification.reclassify(ticket, as_complaint, actor=clerk, reason="误")) == {
        ("regulator.stays", "kind")
    }
    mistaken = factories.ticket(channel="regulator")
    reclassification.reclassify(mistaken, as_complaint, actor=clerk, reason="客户自己来电，不是转办")
    assert due(mistaken) is None  # no case, no authority's clock


def test_a_ticket_that_has_its_result_is_reopened_first():
    lead = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("resolved", actor=lead)

    assert codes(
        lambda: reclassification.reclassify(ticket, Correction(kind="regulator"), actor=lead, reason="12315")
    ) == {("regulator.reopen_first", "kind")}


# Repeats -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("INT-13", "LAW-03")
@pytest.mark.parametrize(
    ("first", "second", "authority", "same"),
    [
        (NUMBER, NUMBER, "余杭区市场监督管理局", True),  # a long number tells the case on its own
        ("杭市监函〔2026〕第118号", "杭市监函(2026) 第118号", "杭州市市场监督管理局", True),
        ("118号", "118", "杭州市市场监督管理局", False),
        ("118号", "118号", "杭州市市场监督管理局", True),
        ("118号", "118号", "宁波市市场监督管理局", False),
    ],
)
def test_repeats_of_a_case_are_linked_to_the_first_one(monday, clerk, first, second, authority, same):
    one, two = factories.ticket(channel="regulator"), factories.ticket(channel="regulator")
    regulator_cases.record(one, draft(case_number=first), actor=clerk)

    regulator_cases.record(two, draft(case_number=second, authority=authority), actor=clerk)

    linked = Ticket.objects.get(pk=two.pk).repeat_of_id
    assert (linked == one.pk) is same
    assert Event.objects.filter(kind="ticket.repeat_found", subject_id=two.pk).exists() is same
    deliveries.drain()


def test_a_third_one_is_linked_to_the_first_not_to_the_second(monday, clerk):
    one, two, three = (factories.ticket(channel="regulator") for _ in range(3))
    for each in (one, two, three):
        regulator_cases.record(each, draft(), actor=clerk)

    assert set(Ticket.objects.exclude(pk=one.pk).values_list("repeat_of_id", flat=True)) == {one.pk}


# The law on returns --------------------------------------------------------------------------------------------------


@pytest.mark.req("LAW-01")
def test_seven_days_to_refund_and_punishable_after_fifteen(monday, clerk):
    ticket = factories.ticket(demand="return")

    legal_clocks.goods_back(ticket, moment("2026-11-16 09:30"), actor=clerk)

    assert due(ticket, Metric.LEGAL_REFUND) == moment("2026-11-23 09:30")
    assert due(ticket, Metric.LEGAL_REFUND_LIMIT) == moment("2026-12-01 09:30")
    words = "".join(explain(next(d for d in sla.open_for(ticket) if d.metric == Metric.LEGAL_REFUND_LIMIT)))
    assert "《侵害消费者权益行为处罚办法》第九条" in words
    assert codes(lambda: legal_clocks.goods_back(ticket, clock.now(), actor=clerk)) == {("legal.refund_running", "at")}


@pytest.mark.req("LAW-01")
def test_the_legal_clocks_run_on_after_closing_until_the_money_is_back():
    lead = factories.staff_actor(Role.ADMINISTRATOR)
    ticket = factories.ticket_in("in_progress", actor=lead, demand="return")
    back = clock.now()
    legal_clocks.goods_back(ticket, back, actor=lead)
    for step in (factories.resolve, factories.call_back, factories.answer(5)):
        step(Ticket.objects.get(pk=ticket.pk), lead)

    with clock.at(back + timedelta(days=8)):
        sweep(now=clock.now())
        deliveries.drain()
        closed = legal_clocks.refunded(ticket, clock.now(), actor=lead)

    assert closed.state == "closed"
    kept = {d.metric: d for d in sla.all_for(ticket)}
    assert (kept["legal_refund"].state, kept["legal_refund"].breached_at is not None) == ("met", True)
    assert (kept["legal_refund_limit"].state, kept["legal_refund_limit"].breached_at) == ("met", None)
    assert codes(lambda: legal_clocks.refunded(ticket, clock.now(), actor=lead)) == {("legal.no_return", None)}


def test_goods_do_not_come_back_tomorrow(monday, clerk):
    ticket = factories.ticket(demand="return")
    tomorrow = clock.now() + timedelta(days=1)

    assert codes(lambda: legal_clocks.goods_back(ticket, tomorrow, actor=clerk)) == {("ticket.date_in_future", "at")}


# First asked ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("LAW-03")
def test_whoever_was_asked_first_answers_until_another_has_accepted():
    first, second = factories.staff_actor(), factories.staff_actor(Role.DEPARTMENT_HANDLER, "after_sales")
    lead = factories.staff_actor(Role.SERVICE_LEAD)
    from apps.feedback.services import intake

    ticket = intake.receive(factories.report(channel="hotline"), actor=first)
    assert ticket.answerable == first.user
    assert first.user in responsible(Ticket.objects.get(pk=ticket.pk))

    assigned = assignment.assign(ticket, actor=lead, department=second.user.department, assignee=second.user)
    assert assigned.answerable == first.user  # given to somebody, not yet accepted
    assert {first.user, second.user} <= set(responsible(assigned))

    accepted = assignment.accept(assigned, actor=second)
    assert (accepted.answerable, accepted.first_asked) == (second.user, first.user)
    assert responsible(accepted) == [second.user]


@pytest.mark.req("LAW-03")
def test_nobody_was_asked_before_a_form_finds_its_handler():
    ticket = factories.ticket()
    handler = factories.staff_actor()

    assert ticket.answerable is None
    assert assignment.accept(ticket, actor=handler).first_asked == handler.user


# Notices -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-05")
def test_the_head_is_told_of_a_request_and_who_asked_of_the_decision():
    from apps.sla.services import extensions

    head = factories.staff(Role.DEPARTMENT_HEAD, "service")
    asker = factories.staff_actor(Role.SERVICE_STAFF)
    ticket = factories.ticket_in("in_progress")
    Ticket.objects.filter(pk=ticket.pk).update(department=head.department)
    Deadline.objects.filter(subject_id=ticket.pk).update(department=head.department)
    running = next(d for d in sla.open_for(ticket) if d.metric == Metric.RESOLUTION)
    asked = extensions.request(running.pk, running.due_at + timedelta(hours=2), actor=asker, reason="等配件")
    deliveries.drain()
    (to_head,) = Notice.objects.filter(kind="extension_asked")
    extensions.refuse(asked, actor=actors.staff(head), reason="先给备用机")
    deliveries.drain()
    (back,) = Notice.objects.filter(kind="extension_decided")

    assert (to_head.user, back.user) == (head, asker.user)
    assert ticket.number in to_head.text and "解决" in to_head.text
    assert "已拒绝" in back.text
    assert to_head.link.endswith(f"{ticket.number}/")
