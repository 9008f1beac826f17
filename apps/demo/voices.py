"""The customer's side of the demo company's story: contradictions, process feedback, readers' votes, a drill."""

from collections.abc import Callable, Mapping
from functools import partial

from apps.accounts.models import User
from apps.core import actors
from apps.core.actors import Actor
from apps.feedback.models import Drill, DrillScenario, ProcessFeedback, Survey, Ticket
from apps.feedback.services import assignment, closure, conversation, drills, process_feedback, separation
from apps.feedback.states import MessageKind, TicketState
from apps.knowledge.models import Article
from apps.knowledge.services import votes

DRILL = "周三应急演练"
CONTRADICTIONS = ("师傅态度很好，但是机器还是有响声", "五星给客服，退款到现在还没到账", "满意，不过漏水的问题没解决")
OBSTACLES = (
    (ProcessFeedback.Obstacle.INFORMATION, "客户没填序列号，来回问了两次"),
    (ProcessFeedback.Obstacle.PROCESS, "50元以内的配件也要审批，等了半天"),
    (ProcessFeedback.Obstacle.TOOL, "查物流要再登录一个系统"),
    (ProcessFeedback.Obstacle.NOTHING, ""),
)


def acts(people: Mapping[str, User]) -> list[tuple[float, Callable[[], None]]]:
    """(days before the end, act)."""
    lead = actors.staff(people["chenjing"])
    planned: list[tuple[float, Callable[[], None]]] = [
        (12, partial(_start_drill, lead)),
        (11.9, partial(_work_on_drill, people)),
        (11, partial(_end_drill, lead)),
        (2, _vote),
    ]
    planned += [(days, partial(_contradict, words)) for days, words in zip((20, 5, 1.2), CONTRADICTIONS, strict=True)]
    planned += [(1 + days / 2, partial(_complain_of_process, days)) for days in range(24)]
    return planned


def _start_drill(lead: Actor) -> None:
    drills.start(DRILL, list(DrillScenario.objects.filter(active=True)), 6, actor=lead)


def _work_on_drill(people: Mapping[str, User]) -> None:
    """Some take their drill tickets and answer, some don't."""
    crew = [people[name] for name in ("wangfang", "liqiang", "zhaomin")]
    drill = Drill.objects.get(name=DRILL)
    for place, case in enumerate(drill.cases.select_related("ticket")):
        if place % 3 == 2:
            continue
        actor = actors.staff(crew[place % len(crew)])
        assignment.accept(case.ticket, actor=actor)
        conversation.add(case.ticket, MessageKind.REPLY, "您好，已登记，今天17:00前给您答复。", actor=actor)


def _end_drill(lead: Actor) -> None:
    drills.end(Drill.objects.get(name=DRILL), actor=lead)


def _contradict(words: str) -> None:
    """A good score whose comment says that it is not solved (HND-12)."""
    waiting = Survey.objects.filter(answered_at=None, ticket__state=TicketState.CALLBACK, ticket__is_drill=False)
    survey = waiting.order_by("-sent_at").first()
    if survey is not None:
        closure.answer_survey(survey, score=5, process_score=4, comment=words, actor=actors.CUSTOMER)


def _complain_of_process(turn: int) -> None:
    """A handler of a ticket closed lately says what slowed them down (SUR-05)."""
    obstacle, words = OBSTACLES[turn % len(OBSTACLES)]
    closed = Ticket.objects.filter(state=TicketState.CLOSED, is_drill=False, process_feedback=None)
    for ticket in closed.order_by("-closed_at")[:5]:
        handler = User.objects.filter(pk__in=separation.handlers(ticket), is_active=True).first()
        if handler is not None and process_feedback.may_give(ticket, actors.staff(handler)):
            process_feedback.give(ticket, obstacle, words, actor=actors.staff(handler))
            return


def _vote() -> None:
    for place, article in enumerate(Article.objects.public()):
        for reader in range(3 + place % 5):
            useful = (place + reader) % 4 != 0
            votes.cast(article, reader=f"demo-{reader}", useful=useful, words="" if useful else "步骤再配张图就好了")
