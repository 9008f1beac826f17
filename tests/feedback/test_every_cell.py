"""Every cell of state × step × role (HND-01, ADM-01): who may take which step from which state, through the services.

Both tables are written out by hand, as the house's rules say it, and never computed from the code under test.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.roles import Role
from apps.core import actors
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, closure, conversation, merging, planning
from apps.feedback.states import TicketState
from apps.journal import transitions
from apps.journal.models import Event
from tests import factories

# From which state (columns) a step (rows) can be taken.
#   pe pending · as assigned · ip in_progress · wa waiting · sa solution_approval · re resolved · cb callback
#   sf second_follow_up · ro reopened · cl closed · rj rejected · me merged
STATES = """
                   pe as ip wa sa re cb sf ro cl rj me   reaches
assign             x  x  x  .  .  .  .  .  x  .  .  .    assigned
accept             x  x  .  .  .  .  .  .  x  .  .  .    in_progress
ask_customer       .  .  x  .  .  .  .  .  .  .  .  .    waiting
resume             .  .  .  x  .  .  .  .  .  .  .  .    in_progress
propose_solution   .  .  x  .  .  .  .  .  .  .  .  .    solution_approval
approve_solution   .  .  .  .  x  .  .  .  .  .  .  .    in_progress
decline_solution   .  .  .  .  x  .  .  .  .  .  .  .    in_progress
resolve            .  .  x  .  .  .  .  .  .  .  .  .    resolved
start_callback     .  .  .  .  .  x  .  .  .  .  .  .    callback
close_satisfied    .  .  .  .  .  .  x  .  .  .  .  .    closed
close_unanswered   .  .  .  .  .  .  x  .  .  .  .  .    closed
follow_up          .  .  .  .  .  .  x  .  .  .  .  .    second_follow_up
close_followed_up  .  .  .  .  .  .  .  x  .  .  .  .    closed
close_part         .  .  .  .  .  x  .  .  .  .  .  .    closed
reopen             .  .  .  .  .  x  x  x  .  x  .  .    reopened
reject             x  x  .  .  .  .  .  .  .  .  .  .    rejected
restore            .  .  .  .  .  .  .  .  .  .  x  .    pending
end_drill          x  x  x  x  x  x  x  x  x  .  .  .    closed
merge              x  x  x  x  x  x  x  x  x  .  .  .    merged
unmerge            .  .  .  .  .  .  .  .  .  .  .  x    pending
"""
# Who (columns) may take it, in whatever state it can be taken. L: has the right, but no limit for the money.
#   SS service staff · SL service lead · DM duty manager · DH department handler · HD department head · QU quality
#   WH warehouse · FO finance officer · FM finance manager · MG management · AU auditor · IN integration client
#   AD administrator · cu the customer behind the private link · sy the product itself
# P, D: the product does so with a part of another ticket, with a drill, and with no other ticket.
WHO = """
                   SS SL DM DH HD QU WH FO FM MG AU IN AD cu sy
assign             x  x  x  .  x  x  .  .  x  .  .  .  x  .  x
accept             x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
ask_customer       x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
resume             x  x  x  x  x  x  x  x  x  .  .  .  x  x  x
propose_solution   x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
approve_solution   .  x  x  .  x  .  .  .  .  x  .  .  L  .  .
decline_solution   .  x  x  .  x  .  .  .  .  x  .  .  x  .  .
resolve            x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
start_callback     x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
close_satisfied    .  .  .  .  .  .  .  .  .  .  .  .  .  .  x
close_unanswered   .  .  .  .  .  .  .  .  .  .  .  .  .  .  x
follow_up          .  .  .  .  .  .  .  .  .  .  .  .  .  .  x
close_followed_up  x  x  x  .  .  .  .  .  .  .  .  .  x  .  x
close_part         .  .  .  .  .  .  .  .  .  .  .  .  .  .  P
reopen             x  x  x  x  x  x  x  x  x  .  .  .  x  x  x
reject             .  x  x  .  .  .  .  .  .  .  .  .  x  .  x
restore            .  x  x  .  .  .  .  .  .  .  .  .  x  .  x
end_drill          .  .  .  .  .  .  .  .  .  .  .  .  .  .  D
merge              x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
unmerge            x  x  x  x  x  x  x  x  x  .  .  .  x  .  x
"""
COLUMNS = {
    "pe": "pending", "as": "assigned", "ip": "in_progress", "wa": "waiting", "sa": "solution_approval", "re": "resolved",
    "cb": "callback", "sf": "second_follow_up", "ro": "reopened", "cl": "closed", "rj": "rejected", "me": "merged",
    "SS": "service_staff", "SL": "service_lead", "DM": "duty_manager", "DH": "department_handler",
    "HD": "department_head", "QU": "quality", "WH": "warehouse", "FO": "finance_officer", "FM": "finance_manager",
    "MG": "management", "AU": "auditor", "IN": "integration", "AD": "administrator", "cu": "customer", "sy": "system",
}  # fmt: skip
SAID = {
    "x": "",
    ".": "core.not_allowed",
    "L": "solution.above_limit",
    "P": "ticket.not_a_part",
    "D": "drill.not_a_drill",
}
# What a service says before it asks the machine; everybody else says `transition.impossible`.
WRONG_STATE = {
    "approve_solution": "solution.none_waiting", "decline_solution": "solution.none_waiting", "unmerge": "merge.none",
}  # fmt: skip


def _table(text: str) -> dict[str, list[str]]:
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return {"": head, **{row[0]: row[1:] for row in rows}}


_STATES, _WHO = _table(STATES), _table(WHO)
STEPS = [name for name in _STATES if name]


def possible(state: str, step: str) -> bool:
    return _STATES[step][[COLUMNS.get(c) for c in _STATES[""]].index(state)] == "x"


def expected(state: str, step: str, who: str) -> str:
    """The refusal's code, or "" where the step is taken."""
    if not possible(state, step):
        return WRONG_STATE.get(step, "transition.impossible")
    return SAID[_WHO[step][[COLUMNS[c] for c in _WHO[""]].index(who)]]


def _by_itself(step: str, **data: object) -> Callable[[Ticket, Ticket, Actor], Any]:
    """A step that no service takes for a person: the door itself is knocked at."""
    return lambda t, beside, a: transitions.apply(t, step, actor=a, **data)


TAKE: dict[str, Callable[[Ticket, Ticket, Actor], Any]] = {
    "assign": lambda t, b, a: assignment.assign(t, actor=a, department=t.department),
    "accept": lambda t, b, a: assignment.accept(t, actor=a),
    "ask_customer": lambda t, b, a: conversation.ask_customer(t, "请问指示灯是什么颜色？", actor=a),
    "resume": lambda t, b, a: conversation.resume(t, actor=a),
    "propose_solution": lambda t, b, a: factories.propose(t, a),
    "approve_solution": lambda t, b, a: planning.decide_solution(t, actor=a, approve=True),
    "decline_solution": lambda t, b, a: planning.decide_solution(t, actor=a, approve=False, reason="太贵"),
    "resolve": lambda t, b, a: closure.resolve(t, "已更换电池。", actor=a),
    "start_callback": lambda t, b, a: closure.start_callback(t, actor=a),
    "close_satisfied": _by_itself("close_satisfied", score=5),
    "close_unanswered": _by_itself("close_unanswered"),
    "follow_up": _by_itself("follow_up", score=2),
    "close_followed_up": lambda t, b, a: closure.close_followed_up(t, actor=a),
    "close_part": _by_itself("close_part"),
    "reopen": lambda t, b, a: closure.reopen(t, actor=a, reason="又坏了"),
    "reject": lambda t, b, a: closure.reject(t, actor=a, why="spam"),
    "restore": lambda t, b, a: closure.restore(t, actor=a),
    "end_drill": _by_itself("end_drill"),
    "merge": lambda t, b, a: merging.merge(t, b, actor=a),
    "unmerge": lambda t, b, a: merging.unmerge(t, actor=a, reason="不是同一件事"),
}
_TRACES = """
SELECT (SELECT count(*) FROM journal_event), (SELECT count(*) FROM journal_delivery),
       (SELECT count(*) FROM feedback_message), (SELECT count(*) FROM feedback_survey),
       (SELECT count(*) FROM feedback_solution), (SELECT count(*) FROM feedback_merge),
       (SELECT count(*) FROM notifications_outgoingmessage), (SELECT count(*) FROM sla_pause),
       (SELECT md5(string_agg(d::text, '|' ORDER BY id)) FROM sla_deadline d),
       (SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM feedback_ticket t)
"""


def traces() -> tuple[Any, ...]:
    """All that a step could leave behind: events, messages, deadlines, the tickets' own rows."""
    with connection.cursor() as cursor:
        cursor.execute(_TRACES)
        return cursor.fetchone()


def everybody() -> dict[str, Actor]:
    return {
        **{role.value: factories.staff_actor(role) for role in Role},
        "customer": actors.CUSTOMER,
        "system": actors.SYSTEM,
    }


def ready(state: str, actor: Actor) -> Ticket:
    """In this state with nothing missing: a plan before the result, a record before the end of the follow-up."""
    ticket = factories.ticket_in(state, actor=actor)
    if state == "in_progress":
        factories.plan(ticket, actor)
    if state == "second_follow_up":
        closure.record_follow_up(ticket, "已致电，客户同意补寄。", actor=actor)
    return Ticket.objects.get(pk=ticket.pk)


@pytest.mark.django_db
@pytest.mark.req("HND-01", "ADM-01")
@pytest.mark.parametrize("state", TicketState.values)
@pytest.mark.long
def test_every_step_from_this_state_by_everybody(state):
    people = everybody()
    ticket = ready(state, factories.staff_actor(Role.ADMINISTRATOR))
    beside = factories.beside(ticket)
    handler = people["department_handler"].user  # sees what is their department's, and merges into nothing else
    Ticket.objects.filter(pk=beside.pk).update(collaborator_ids=[handler.department_id])
    before, last = traces(), Event.objects.latest("id").pk
    for step in STEPS:
        for who, actor in people.items():
            cell, says = (state, step, who), expected(state, step, who)
            with transaction.atomic():
                if says:
                    with pytest.raises(DomainError) as refused:
                        TAKE[step](ticket, beside, actor)
                    assert refused.value.code == says, cell
                    assert traces() == before, cell
                else:
                    TAKE[step](ticket, beside, actor)
                    moved = Ticket.objects.get(pk=ticket.pk)
                    changes = Event.objects.filter(pk__gt=last, subject_id=ticket.pk, data__has_key="to")
                    event = changes.get()
                    assert moved.state == event.data["to"] == _STATES[step][-1], cell
                    assert (event.data["from"], event.actor_label) == (state, actor.label), cell
                    assert moved.version == ticket.version + 1, cell
                transaction.set_rollback(True)


@pytest.mark.req("HND-01", "ADM-01")
def test_the_tables_name_every_state_step_and_role():
    steps = set(Ticket._meta.get_field("state").transitions[Ticket])
    named = {COLUMNS.get(column) for column in _STATES[""]} - {None}

    assert set(STEPS) == set(_WHO) - {""} == set(TAKE) == steps
    assert named == set(TicketState.values)
    assert {COLUMNS[column] for column in _WHO[""]} == {*Role.values, "customer", "system"}
    assert all(len(_STATES[step]) == len(TicketState.values) + 1 for step in STEPS)
    assert all(len(_WHO[step]) == len(Role.values) + 2 for step in STEPS)
