"""People, two model tickets, and the texts of all others. Django must be set up on the database that is filled."""

import csv as tables
import io
import random
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import cycle
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection

from apps.accounts.models import Department, User
from apps.core import actors, clock
from apps.core.vocabulary import Channel
from apps.crm.models import Order
from apps.crm.services.customers import Contact
from apps.feedback.lexemes import fold, vector
from apps.feedback.models import Ticket
from apps.feedback.services import assignment, closure, conversation, intake, planning
from apps.feedback.services import words as texts_of
from apps.feedback.services.intake import Report
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from bench import scratch
from bench.report import say
from bench.texts import texts

PEOPLE = 12  # handlers of each department
RARE, RARE_EVERY = "粽子", 5_000  # a word that one ticket in so many holds
COMMON, COMMON_SHARE = "退款", 0.1
ELSEWHERE = "税率"  # a word that only the finance department's tickets hold, half of them
DEPARTMENTS = {
    "service": 40,
    "quality": 22,
    "logistics": 18,
    "finance": 8,
    "technical": 7,
    "after_sales": 4,
    "sales": 1,
}
BENCH = actors.system("bench")
PLACES = [
    "浙江杭州",
    "江苏南京",
    "广东深圳",
    "四川成都",
    "湖北武汉",
    "山东青岛",
    "陕西西安",
    "福建厦门",
    "北京朝阳",
    "上海浦东",
]
ANSWERS = [
    "您好，已为您安排师傅上门检查，请保持电话畅通。", "配件已经寄出，预计两天内送达。", "我们正在核实物流记录，今天18点前答复您。",
    "退货地址已通过短信发给您，收到货后三个工作日内办理。", "已和仓库确认库存，明天发出新机。",
]  # fmt: skip
NOTES = [
    "客户情绪激动，注意语气。",
    "同批次已有三起类似问题，转质量部。",
    "已电话联系，无人接听，下午再打。",
    "发票信息核对无误。",
]


def people() -> None:
    """Handlers in each department, and two readers: `boss` may see all, `clerk` only the own department's tickets."""
    for department in Department.objects.all():
        for n in range(PEOPLE):
            _person(f"{department.code}{n}", "department_handler", department)
    _person("boss", "service_lead", Department.objects.get(code="service"))
    _person("clerk", "department_handler", Department.objects.get(code="logistics"))


def _person(name: str, role: str, department: Department) -> None:
    user = User.objects.create(
        username=name, display_name=name, staff_number=name, is_staff=True, department=department
    )
    user.groups.set(Group.objects.filter(name=role))


def model_tickets() -> dict[str, Any]:
    """Two tickets that lived through the services, one closed and one open: what the others are copied from."""
    boss = actors.staff(User.objects.get(username="boss"))
    closed, open_one = (_received(n) for n in range(2))
    for ticket in (closed, open_one):
        assignment.accept(ticket, actor=boss)
        conversation.add(ticket, MessageKind.REPLY, ANSWERS[0], actor=boss, channel=Channel.ONLINE)
        draft = planning.PlanDraft(steps="检测电池", measures="更换电池", promised_at=ticket.next_due_at)
        planning.write_plan(ticket, draft, actor=boss)
    closure.resolve(closed, "已更换电池，机器恢复正常。", actor=boss)
    closure.start_callback(closed, actor=boss)
    closure.answer_survey(closed.surveys.get(), score=5, comment="", actor=actors.CUSTOMER)
    deliveries.drain()
    Order.objects.create(
        number="bench", customer_id=closed.customer_id, ordered_at=clock.now(), total=Decimal("1999.00")
    )
    return {"closed": str(closed.pk), "open": str(open_one.pk), "customer": str(closed.customer_id)}


def _received(n: int) -> Ticket:
    report = Report(
        text="吸尘器用了三天就无法开机了。", contact=Contact(name="张三", phone=f"1380000000{n}", email=f"a{n}@example.com"),
        channel="online", external_ref=f"bench{n}",
    )  # fmt: skip
    return intake.receive(report, actor=BENCH)


# Texts ----------------------------------------------------------------------------------------------------------------


def stage(tickets: int, csv: str | None) -> None:
    """Texts, messages and search words of all tickets, by COPY into two tables that `STEPS` reads."""
    scratch.as_owner(
        "CREATE UNLOGGED TABLE fill_ticket (n int, department text, title text, description text, words text, folded text);"
        "CREATE UNLOGGED TABLE fill_message (n int, k int, kind text, body text);"
        "GRANT ALL ON fill_ticket, fill_message TO feedback_app"
    )
    dice, source = random.Random(20_260_101), _texts(csv)
    for first in range(1, tickets + 1, 20_000):
        rows, said = [], []
        for n in range(first, min(tickets, first + 19_999) + 1):
            department = dice.choices(list(DEPARTMENTS), list(DEPARTMENTS.values()))[0]
            text, talk = _text(n, department, next(source), dice), list(_talk(dice))
            title = texts_of.title_of(text)
            vectors = vector([(title, "A"), (text, "B"), *((body, "D") for _kind, body in talk)])
            folded = fold("\n".join([title, text, *(body for _kind, body in talk)]))
            rows.append((n, department, title, text, vectors, folded))
            said += [(n, k, kind, body) for k, (kind, body) in enumerate(talk)]
        _copy("fill_ticket", rows)
        _copy("fill_message", said)
        say(f"{n:,} texts")
    scratch.as_owner(
        "CREATE INDEX ON fill_ticket (n); CREATE INDEX ON fill_message (n); ANALYZE fill_ticket, fill_message"
    )


def _texts(csv: str | None) -> Iterator[str]:
    if csv is None:
        return texts()
    with open(csv, encoding="utf-8-sig", newline="") as handle:
        found = [row["text"][:600] for row in tables.DictReader(handle) if row["text"].strip()]
    random.Random(7).shuffle(found)
    return cycle(found)


def _text(n: int, department: str, text: str, dice: random.Random) -> str:
    parts = [text]
    if dice.random() < 0.4:
        parts.append(f"型号{dice.choice(['XQ', 'QC', 'HP', 'TF'])}-{dice.randrange(100, 999)}，{dice.choice(PLACES)}。")
    if dice.random() < 0.3:
        parts.append(f"订单号DD{dice.randrange(10**9, 10**10)}。")
    if dice.random() < COMMON_SHARE:
        parts.append(f"请给我{COMMON}！")
    if department == "finance" and dice.random() < 0.5:
        parts.append(f"发票上的{ELSEWHERE}不对。")
    if n % RARE_EVERY == 77:
        parts.append(f"过节送的{RARE}也没有。")
    return "".join(parts)


def _talk(dice: random.Random) -> Iterator[tuple[str, str]]:
    if dice.random() < 0.8:
        yield MessageKind.REPLY.value, dice.choice(ANSWERS)
    if dice.random() < 0.5:
        yield MessageKind.CUSTOMER.value, f"好的，我的电话尾号是{dice.randrange(1000, 9999)}，麻烦快一点。"
    if dice.random() < 0.5:
        yield MessageKind.NOTE.value, dice.choice(NOTES)


def _copy(table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    buffer = io.StringIO()
    tables.writer(buffer).writerows(rows)
    buffer.seek(0)
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} FROM STDIN WITH (FORMAT csv)", buffer)
