"""The audit's work and a few requests about personal data, in the last days (ARC-04, ARC-06, LAW-05)."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from apps.accounts.models import User
from apps.billing.audit import red_flags, sampling, work
from apps.billing.audit_states import CheckAnswer, RequestKind, Severity
from apps.billing.models import AuditSample, RedFlag
from apps.billing.retention import holds, requests
from apps.billing.retention.requests import RequestDraft
from apps.core import actors, clock
from apps.feedback.models import Ticket


def acts(people: Mapping[str, User]) -> list[tuple[float, Callable[[], None]]]:
    """(days ago, what happens then)."""
    auditor, lead, boss = (actors.staff(people[name]) for name in ("audit", "chenjing", "pengjuan"))

    def draw() -> None:
        today = clock.local(clock.now()).date()
        sampling.draw(today - timedelta(days=80), today, actor=auditor)

    def look() -> None:
        sample = AuditSample.objects.first()
        for item in sample.items.order_by("position")[:2] if sample else ():
            for question in item.answers.all():
                work.answer(question, work.Answered(CheckAnswer.RIGHT, "已核对"), actor=auditor)
        if sample and (item := sample.items.order_by("position").first()):
            found = "退款回执缺少支付机构流水号，请补充。"
            work.write(work.FindingDraft(found, Severity.MAJOR, people["denghua"], item=item), actor=auditor)

    def clear() -> None:
        red_flags.raise_due()
        if flag := RedFlag.objects.order_by("id").first():
            red_flags.clear(flag, actor=auditor, reason="已电话核实，属正常业务。")

    def ask() -> None:
        tickets = Ticket.objects.filter(is_drill=False).select_related("customer").order_by("-id")
        asked = ((RequestKind.COPY, "请提供我的个人信息副本。"), (RequestKind.DELETE, "不再购买，请删除我的信息。"))
        for ticket, (kind, text) in zip(tickets[5:7], asked, strict=False):
            requests.receive(RequestDraft(kind, text, "回拨登记电话", ticket=ticket), actor=lead)

    def hold() -> None:
        ticket = Ticket.objects.filter(is_drill=False).order_by("id").first()
        if ticket is not None:
            holds.place(ticket, actor=boss, reason="消费者诉讼，保全全部记录")

    def again() -> None:
        red_flags.raise_due()

    return [(6, draw), (4, look), (3, clear), (2, ask), (1, hold), (0.1, again)]
