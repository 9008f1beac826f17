"""Cases of an authority and requests for more time in the demo company's story (INT-13, SLA-05)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from apps.accounts.models import Department, User
from apps.accounts.selectors import heads_of
from apps.core import actors, clock
from apps.core.actors import Actor
from apps.core.vocabulary import Channel
from apps.crm.contacts import Contact
from apps.feedback.models import Ticket
from apps.feedback.services import intake, regulator_cases
from apps.feedback.services.intake import Report
from apps.feedback.services.regulator_cases import CaseDraft, OutcomeDraft
from apps.sla import selectors as sla
from apps.sla.models import ExtensionRequest
from apps.sla.services import extensions
from apps.sla.states import Metric

BUREAU = "杭州市市场监督管理局"
CASES = [
    (24, "扫地机器人买了一个月就坏，商家拖着不给修，要求退款。", "1330100002026110700031", "settled"),
    (6, "空气炸锅涂层脱落，商家不肯退货，请求调解。", "1330100002026111600058", ""),
    (3, "空气炸锅涂层脱落的投诉补充材料，要求尽快答复。", "1330100002026111600058", ""),
]
REASONS = ("配件在途，预计三天后到货", "需等待供应商的检测报告", "客户出差，约定下周上门")


def acts(people: Mapping[str, User]) -> list[tuple[float, Callable[[], None]]]:
    """(days before the end, act) of each case."""
    clerk = actors.staff(people["wangfang"])
    return [(days, partial(_take_in, clerk, *rest)) for days, *rest in CASES]


def _take_in(clerk: Actor, text: str, number: str, outcome: str) -> None:
    contact = Contact(name="周先生", phone=f"139{number[-8:]}")
    ticket = intake.receive(Report(text=text, contact=contact, channel=Channel.REGULATOR), actor=clerk)
    today = clock.local(clock.now()).date()
    draft = CaseDraft(authority=BUREAU, case_number=number, received_on=today, mediation=True)
    regulator_cases.record(ticket, draft, actor=clerk)
    if outcome:
        course = "当日电话联系消费者，次日确认退款方案，双方在平台达成和解。"
        done = OutcomeDraft(outcome, today, method="phone", process=course, outcome_note="全额退款，运费由我方承担。")
        regulator_cases.settle(ticket, done, actor=clerk)


def ask_for_time(ticket: Ticket, actor: Actor) -> ExtensionRequest | None:
    """Two more days for the resolution, where it can still be extended."""
    running = next((d for d in sla.open_for(ticket) if d.metric == Metric.RESOLUTION), None)
    if running is None:
        return None
    reason = REASONS[ticket.pk.int % len(REASONS)]
    return extensions.request(running.pk, running.due_at + timedelta(days=2), actor=actor, reason=reason)


def decide(asked: ExtensionRequest, department: Department, *, refused: bool) -> None:
    """By the head of the department."""
    head = next(iter(heads_of(department.pk)), None)
    if head is None:
        return
    if refused:
        extensions.refuse(asked, actor=actors.staff(head), reason="请先给客户备用机，按原时限处理")
    else:
        extensions.approve(asked, actor=actors.staff(head), reason="同意，请告知客户")
