"""Tickets lived through at random (HND-01): a Hypothesis state machine over the real services, the real sweep and the real
deliveries, on one travelling clock. Each run is one transaction, rolled back at its end.

`tests/feedback/test_ticket_machine.py` runs a few of them with every test run, `script/chaos tickets` hundreds.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Channel, Urgency
from apps.crm.contacts import Contact
from apps.feedback.models import Drill, DrillScenario, Merge, Survey, Ticket
from apps.feedback.services import (
    assignment,
    closure,
    conversation,
    drills,
    intake,
    merging,
    nudges,
    parts,
    planning,
    reclassification,
)
from apps.feedback.services.parts import PartDraft
from apps.feedback.services.reclassification import Correction
from apps.feedback.states import OPEN_STATES, MessageKind, TicketState
from apps.journal import deliveries
from apps.journal.models import Delivery, Event
from apps.sla.models import Deadline, ExtensionRequest, Pause
from apps.sla.services import extensions
from apps.sla.services.sweep import sweep
from apps.sla.states import ExtensionState, Metric, State
from tests import factories

BEGIN = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)  # Monday, 09:00 in Shanghai
OF_A_RETURN = (Metric.LEGAL_REFUND, Metric.LEGAL_REFUND_LIMIT)  # the law asks on when the ticket is closed
TEXTS = ("吸尘器用了两天就无法开机了，要求换货。", "发票抬头开错了，请重新开一张。", "快递一周没有动静，请查一下。")
COMMENTS = ("", "很好，谢谢", "还是不能充电")
ROLES = (
    Role.SERVICE_LEAD, Role.DUTY_MANAGER, Role.DEPARTMENT_HEAD, Role.SERVICE_STAFF, Role.DEPARTMENT_HANDLER,
    Role.MANAGEMENT, Role.AUDITOR,
)  # fmt: skip
MOST_TICKETS = 5
S = TicketState
# What is likely to be possible in a state; what isn't is tried by the rule `try_anything`.
LIKELY: dict[str, tuple[str, ...]] = {
    S.PENDING: ("accept", "assign", "reject", "merge", "nudge", "supervisor", "part", "extend"),
    S.ASSIGNED: ("accept", "accept", "assign", "reject", "nudge", "extend"),
    S.IN_PROGRESS: (
        "resolve",
        "resolve",
        "plan",
        "ask",
        "propose",
        "say",
        "assign",
        "merge",
        "nudge",
        "part",
        "extend",
    ),
    S.WAITING: ("customer", "resume", "merge", "supervisor"),
    S.SOLUTION_APPROVAL: ("approve", "decline", "merge", "nudge"),
    S.RESOLVED: ("survey", "survey", "reopen", "customer", "merge"),
    S.CALLBACK: ("rate", "rate", "reopen", "merge", "record_follow_up"),
    S.SECOND_FOLLOW_UP: ("record_follow_up", "record_follow_up", "close", "close", "reopen", "nudge"),
    S.REOPENED: ("accept", "accept", "assign", "nudge", "merge", "extend"),
    S.CLOSED: ("reopen", "customer"),
    S.REJECTED: ("restore", "reopen"),
    S.MERGED: ("unmerge", "unmerge", "customer", "nudge"),
}


class Tickets(RuleBasedStateMachine):
    """What may happen to a few tickets of two customers, and what must hold after every step."""

    taken: Counter[str] = Counter()  # of all runs, by the step's name
    refused: Counter[str] = Counter()

    @initialize()
    def open_the_desk(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.now = BEGIN
        self.known: dict[Any, tuple[str, int]] = {}  # ticket: its state and version when last looked at
        self.answers: dict[Any, tuple[int, datetime]] = {}  # survey: score and moment, once it is answered
        with self.moment():
            people = [factories.staff_actor(role) for role in ROLES]
            self.leads = [people[0], people[1], factories.staff_actor(Role.SERVICE_LEAD)]
            self.people = [*people, actors.CUSTOMER]
            self.customers = [factories.contact(), factories.contact()]
            self.last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            self.receive(0, 0, Urgency.NORMAL)

    def teardown(self) -> None:
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Every act a second after the one before."""
        self.now += timedelta(seconds=1)
        with clock.at(self.now):
            yield

    def receive(self, who: int, what: int, urgency: str) -> Ticket:
        given = self.customers[who]
        contact = Contact(name=given.name, phone=given.phone, email=given.email)
        report = factories.report(TEXTS[what], contact=contact, urgency=urgency, channel=Channel.ONLINE)
        return intake.receive(report, actor=actors.SYSTEM)

    def tickets(self) -> list[Ticket]:
        return list(Ticket.objects.order_by("pk"))

    # What happens ----------------------------------------------------------------------------------------------------

    @rule(who=st.integers(0, 1), what=st.integers(0, 2), urgency=st.sampled_from(Urgency.values))
    def feedback_comes_in(self, who: int, what: int, urgency: str) -> None:
        if len(self.known) < MOST_TICKETS:
            with self.moment():
                self.receive(who, what, urgency)

    @rule(who=st.integers(0, 1))
    def feedback_is_refused_and_takes_no_number(self, who: int) -> None:
        given = self.customers[who]
        with self.moment():
            self.attempt("receive", lambda: intake.receive(factories.report("  ", contact=given), actor=actors.SYSTEM))

    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        """A likely step by somebody who may take it."""
        self.step(data, likely=True)

    @rule(data=st.data())
    def more_work(self, data: st.DataObject) -> None:
        self.step(data, likely=True)

    @rule(data=st.data(), steps=st.integers(2, 8))
    def a_ticket_goes_on(self, data: st.DataObject, steps: int) -> None:
        """Several likely steps of one ticket in a row, so that the end of its way is reached as well."""
        ticket = data.draw(st.sampled_from(self.tickets()), label="ticket")
        for _step in range(steps):
            ticket = Ticket.objects.get(pk=ticket.pk)
            name = data.draw(st.sampled_from(LIKELY[ticket.state][:4]), label=f"step from {ticket.state}")
            actor = data.draw(st.sampled_from(self.leads), label="by")
            dice = data.draw(st.integers(0, 11), label="dice")
            with self.moment():
                self.attempt(name, lambda n=name, t=ticket, a=actor, d=dice: MOVES[n](self, t, a, d))

    @rule(data=st.data())
    def try_anything(self, data: st.DataObject) -> None:
        """Any step by anybody, from whatever state."""
        self.step(data, likely=False)

    def step(self, data: st.DataObject, *, likely: bool) -> None:
        ticket = data.draw(st.sampled_from(self.tickets()), label="ticket")
        names = LIKELY[ticket.state] if likely else tuple(sorted(MOVES))
        name = data.draw(st.sampled_from(names), label=f"step from {ticket.state}")
        actor = data.draw(st.sampled_from(self.leads if likely else self.people), label="by")
        dice = data.draw(st.integers(0, 11), label="dice")
        with self.moment():
            self.attempt(name, lambda: MOVES[name](self, ticket, actor, dice))

    def attempt(self, name: str, act: Callable[[], Any]) -> None:
        """Do it; a refusal leaves nothing behind."""
        before = traces()
        try:
            act()
        except (DomainError, DomainErrors):
            self.refused[name] += 1
            assert traces() == before, f"the refusal of {name} left something behind"
        else:
            self.taken[name] += traces() != before

    @rule(hours=st.sampled_from([1, 5, 26, 80, 200]))
    def time_passes(self, hours: int) -> None:
        """The sweep finds what is due, and everybody who subscribed hears of what happened."""
        self.now += timedelta(hours=hours)
        with self.moment():
            while sweep(now=self.now).checked:
                pass
            deliveries.drain()
        assert not Delivery.objects.exclude(error="").exists(), Delivery.objects.exclude(error="").first().error

    @rule()
    def a_drill_begins_or_ends(self) -> None:
        running = Drill.objects.filter(ended_at=None).first()
        with self.moment():
            if running:
                drills.end(running, actor=self.leads[0])
            elif len(self.known) < MOST_TICKETS:
                drills.start("消防演练", list(DrillScenario.objects.all()[:1]), 1, actor=self.leads[0])

    # What must hold --------------------------------------------------------------------------------------------------

    @invariant()
    def every_change_of_state_is_known_and_has_its_event(self) -> None:
        events = list(Event.objects.filter(pk__gt=self.last).order_by("pk"))
        walked = {pk: state for pk, (state, _version) in self.known.items()}
        for event in events:
            assert event.actor_kind and event.actor_label, event.kind
            if event.subject_type == "feedback.ticket" and "to" in event.data:
                assert event.data["from"] == walked.get(event.subject_id, S.PENDING), event.kind
                walked[event.subject_id] = event.data["to"]
        for ticket in self.tickets():
            state, version = self.known.get(ticket.pk, (S.PENDING, 0))
            assert ticket.state in S.values
            assert ticket.state == walked.get(ticket.pk, S.PENDING), f"{ticket.number}: a change without an event"
            moves = [e for e in events if e.subject_id == ticket.pk and "to" in e.data and "from" in e.data]
            assert ticket.version >= version + (len(moves) if version else 0), f"{ticket.number}: {state}"
            self.known[ticket.pk] = (ticket.state, ticket.version)
        if events:
            self.last = events[-1].pk

    @invariant()
    def clocks_run_on_open_tickets_and_stand_still_only_while_waiting(self) -> None:
        over = Ticket.objects.exclude(state__in=OPEN_STATES).values("pk")
        running = Deadline.objects.filter(state=State.OPEN, subject_id__in=over).exclude(metric__in=OF_A_RETURN)
        assert not running.exists(), [(d.metric, d.subject_id) for d in running]
        waiting = set(Ticket.objects.filter(state=S.WAITING).values_list("pk", flat=True))
        paused = set(Deadline.objects.filter(paused_at__isnull=False).values_list("subject_id", flat=True))
        assert paused <= waiting
        # One that was merged while it waited waits on where it is taken out again.
        kept = Merge.objects.filter(former_state=S.WAITING, undone_at=None).values_list("ticket_id", flat=True)
        assert set(Pause.objects.filter(ended_at=None).values_list("subject_id", flat=True)) == waiting | set(kept)

    @invariant()
    def a_survey_is_answered_once_and_no_reply_satisfies_nobody(self) -> None:
        rounds = list(Survey.objects.values_list("ticket_id", "round"))
        assert len(rounds) == len(set(rounds))
        for survey in Survey.objects.filter(answered_at__isnull=False):
            answer = (survey.score, survey.answered_at)
            assert self.answers.setdefault(survey.pk, answer) == answer
        for ticket in Ticket.objects.filter(state=S.CLOSED):
            answered = ticket.surveys.filter(round=ticket.reopen_count, answered_at__isnull=False).first()
            if ticket.closed_as == "no_reply":
                assert (ticket.satisfaction, answered) == (None, None), ticket.number
            if ticket.closed_as == "satisfied":
                assert answered is not None and answered.score == ticket.satisfaction >= 4

    @invariant()
    def numbers_have_no_gap(self) -> None:
        series: dict[str, list[int]] = {}
        for number in Ticket.objects.values_list("number", flat=True):
            month, _dash, serial = number.rpartition("-")
            series.setdefault(month, []).append(int(serial))
        for month, serials in series.items():
            assert sorted(serials) == list(range(1, len(serials) + 1)), month

    @invariant()
    def who_answers_for_a_merged_ticket_is_not_merged_itself(self) -> None:
        assert not Ticket.objects.filter(merged_into__merged_into__isnull=False).exists()
        assert Ticket.objects.filter(state=S.MERGED).count() == Ticket.objects.filter(merged_into__isnull=False).count()


_TRACES = """
SELECT (SELECT count(*) FROM journal_event), (SELECT count(*) FROM journal_delivery),
       (SELECT count(*) FROM feedback_message), (SELECT count(*) FROM feedback_plan),
       (SELECT md5(string_agg(s::text, '|' ORDER BY id)) FROM feedback_survey s),
       (SELECT md5(string_agg(s::text, '|' ORDER BY id)) FROM feedback_solution s),
       (SELECT md5(string_agg(d::text, '|' ORDER BY id)) FROM sla_deadline d),
       (SELECT md5(string_agg(p::text, '|' ORDER BY id)) FROM sla_pause p),
       (SELECT md5(string_agg(e::text, '|' ORDER BY id)) FROM sla_extensionrequest e),
       (SELECT md5(string_agg(c::text, '|' ORDER BY series)) FROM core_counter c),
       (SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM feedback_ticket t)
"""


def traces() -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_TRACES)
        return cursor.fetchone()


# The steps: (machine, ticket, actor, dice 0 … 11) ----------------------------------------------------------------------

Move = Callable[[Tickets, Ticket, Actor, int], Any]


def _resolve(m: Tickets, t: Ticket, a: Actor, dice: int) -> None:
    """What a result needs first, most of the time: a plan."""
    if dice and not t.plans.exists():
        factories.plan(t, a)
    else:
        closure.resolve(t, "已更换电池，机器恢复正常。", actor=a)


def _merge(m: Tickets, t: Ticket, a: Actor, dice: int) -> None:
    others = [other for other in m.tickets() if other.customer_id == t.customer_id]
    merging.merge(t, others[dice % len(others)], actor=a)


def _rate(m: Tickets, t: Ticket, a: Actor, dice: int) -> None:
    survey = t.surveys.order_by("-round").first()
    if survey is not None:
        by = a if dice > 9 else actors.CUSTOMER
        closure.answer_survey(survey, score=dice % 6, comment=COMMENTS[dice % 3], actor=by)


def _extend(m: Tickets, t: Ticket, a: Actor, dice: int) -> None:
    """Ask for more time, or decide on what somebody else asked for."""
    own = Deadline.objects.filter(subject_id=t.pk)
    asked = ExtensionRequest.objects.filter(deadline__in=own, state=ExtensionState.REQUESTED).first()
    if asked is not None and dice % 2:
        extensions.approve(asked, actor=a)
    elif asked is not None:
        extensions.refuse(asked, actor=a, reason="请按期完成")
    elif (deadline := own.filter(state=State.OPEN).order_by("metric").first()) is not None:
        extensions.request(deadline.pk, deadline.due_at + timedelta(hours=5), actor=a, reason="等配件")


def _reclassify(m: Tickets, t: Ticket, a: Actor, dice: int) -> None:
    correction = Correction(urgency=Urgency.values[dice % len(Urgency.values)])
    reclassification.reclassify(t, correction, actor=a, reason="客户补充了情况")


def _part(m: Tickets, t: Ticket, a: Actor, dice: int) -> None:
    if len(m.known) < MOST_TICKETS:
        department = Department.objects.get(code="technical")
        parts.create(t, PartDraft(title="检测电池", department=department), actor=a)


MOVES: dict[str, Move] = {
    "assign": lambda m, t, a, dice: assignment.assign(
        t, actor=a, department=Department.objects.order_by("pk")[dice % 4], reason="转对口部门"
    ),
    "accept": lambda m, t, a, dice: assignment.accept(t, actor=a),
    "ask": lambda m, t, a, dice: conversation.ask_customer(t, "请问指示灯是什么颜色？", actor=a),
    "say": lambda m, t, a, dice: conversation.add(t, list(MessageKind)[1 + dice % 5], "已安排检测。", actor=a),
    "customer": lambda m, t, a, dice: conversation.customer_says(
        t, "是红色的。", actor=actors.CUSTOMER, channel=Channel.ONLINE
    ),
    "resume": lambda m, t, a, dice: conversation.resume(t, actor=a),
    "plan": lambda m, t, a, dice: factories.plan(t, a),
    "propose": lambda m, t, a, dice: planning.propose_solution(
        t, actor=a, type="exchange", description="更换新机", cost=Decimal(dice * 60)
    ),
    "approve": lambda m, t, a, dice: planning.decide_solution(t, actor=a, approve=True),
    "decline": lambda m, t, a, dice: planning.decide_solution(
        t, actor=a, approve=False, reason="" if dice == 0 else "太贵"
    ),
    "resolve": _resolve,
    "survey": lambda m, t, a, dice: closure.start_callback(t, actor=a),
    "rate": _rate,
    "record_follow_up": lambda m, t, a, dice: closure.record_follow_up(t, "已致电，客户同意补寄。", actor=a),
    "close": lambda m, t, a, dice: closure.close_followed_up(t, actor=a),
    "reopen": lambda m, t, a, dice: closure.reopen(t, actor=a, reason="又坏了"),
    "reject": lambda m, t, a, dice: closure.reject(t, actor=a, why="spam" if dice else "whim"),
    "restore": lambda m, t, a, dice: closure.restore(t, actor=a),
    "merge": _merge,
    "unmerge": lambda m, t, a, dice: merging.unmerge(t, actor=a, reason="不是同一件事"),
    "nudge": lambda m, t, a, dice: nudges.nudge(t, actor=actors.CUSTOMER if dice % 2 else a),
    "supervisor": lambda m, t, a, dice: reclassification.request_supervisor(t, actor=a),
    "extend": _extend,
    "reclassify": _reclassify,
    "part": _part,
}
