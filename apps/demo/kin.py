"""How the demo company's tickets hang together: a batch problem, a merged repeat, a child ticket, nudges and tags."""

from collections.abc import Callable
from functools import partial

from apps.accounts.models import Department, User
from apps.core import actors
from apps.core.actors import Actor
from apps.feedback.models import Ticket
from apps.feedback.services import merging, nudges, parts, relations, tagging
from apps.feedback.services.parts import PartDraft
from apps.feedback.states import WORKING_STATES, TicketState

Act = Callable[[], None]
BATCH = "批次b2605"


def acts(people: dict[str, User]) -> list[tuple[float, Act]]:
    """(days before the end, what happens then); each looks for tickets that fit and does nothing where there are none."""
    lead, clerk = actors.staff(people["chenjing"]), actors.staff(people["zhaomin"])
    return [
        (2.2, partial(_one_problem, lead)),
        (1.6, partial(_merge_a_repeat, clerk)),
        (1.2, partial(_hand_out_a_part, lead)),
        (0.6, _nudge),
        (0.2, _nudge),
    ]


def _one_problem(actor: Actor) -> None:
    """Faults of the last days look like one batch: they are tagged and hang on the first of them."""
    faults = list(Ticket.objects.counted().filter(kind="fault").order_by("-pk")[:4])[::-1]
    for fault in faults:
        tagging.change(fault, actor=actor, put=["批次问题", BATCH])
    if len(faults) > 1:
        relations.link(faults[0], faults[1:], "related", actor=actor, reason="疑似同一批次电池")


def _merge_a_repeat(actor: Actor) -> None:
    open_ones = Ticket.objects.real().open().exclude(repeat_of=None).select_related("repeat_of")
    pair = next(
        (t for t in open_ones.order_by("-pk")[:50] if t.repeat_of and t.repeat_of.state in WORKING_STATES), None
    )
    if pair is not None and pair.repeat_of is not None:
        merging.merge(pair, pair.repeat_of, actor=actor, reason="同一问题，合并处理")


def _hand_out_a_part(actor: Actor) -> None:
    whole = Ticket.objects.real().filter(state=TicketState.IN_PROGRESS, parent=None).order_by("-pk").first()
    if whole is not None:
        quality = Department.objects.get(code="quality")
        parts.create(whole, PartDraft("检测退回样品，确认是否批次问题", quality), actor=actor)


def _nudge() -> None:
    waiting = Ticket.objects.real().filter(state=TicketState.IN_PROGRESS, parent=None).order_by("pk").first()
    if waiting is not None:
        nudges.nudge(waiting, actor=actors.CUSTOMER, reason="已经好几天了，什么时候能处理好？")
