"""Ninety days of the demo company, lived through the services in the order things happened.

A queue of (moment, act) is worked off; every act runs with the clock at its moment and may plan the next. Between acts
the sweep, the deliveries and the dispatcher run as beat would run them, so warnings, escalations, messages and surveys
come about by themselves.
"""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count

from apps.accounts.models import User
from apps.core import actors, clock
from apps.core.errors import DomainError
from apps.crm.services import customers
from apps.demo import (
    articles,
    auditing,
    authority,
    company,
    doors,
    hotline,
    kin,
    learning,
    money,
    papers,
    voices,
    words,
)
from apps.demo.words import Theme
from apps.feedback.models import Survey, Ticket
from apps.feedback.services import assignment, closure, conversation, intake, planning, reclassification
from apps.feedback.services.intake import Report
from apps.feedback.states import MessageKind, TicketState
from apps.journal import deliveries, sealer
from apps.notifications.services.dispatch import dispatch
from apps.sla.services.sweep import sweep

Act = Callable[[], None]
DEMO = actors.system("demo")
CHANNELS = (["online", "hotline", "wechat", "email", "app", "store", "weibo", "chat"], [38, 22, 14, 9, 8, 4, 3, 2])
BEAT = timedelta(hours=3)
OPENING = (9, 18)


@dataclass
class History:
    """One run. The same seed tells the same story, up to the moment it ends."""

    days: int
    tickets: int
    seed: int = 20260101
    _planned: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)
    _quiet: bool = False

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.end = clock.now()
        self.start = self.end - timedelta(days=self.days)

    def live(self, progress: Callable[[float], None] = lambda share: None) -> None:
        """Tell the whole story; `progress` hears the share of time that has passed."""
        with clock.at(self.start):
            self.people = company.hire(actor=DEMO)
            company.views(self.people)
            self.products = company.stock()
            doors.open_doors(actor=DEMO)
            hotline.prepare(self.people, actor=DEMO)
            self.buyers = self._sell()
            lead, clerk = self.people["chenjing"], self.people["zhaomin"]
            articles.publish(writer=actors.staff(clerk), reader=actors.staff(lead))
        for moment in self._arrivals():
            self._plan(moment, self._arrival)
        for days_ago, act in [
            *authority.acts(self.people),
            *voices.acts(self.people),
            *kin.acts(self.people),
            *learning.acts(self.people),
            *hotline.acts(),
            *money.acts(self.people, self.tickets),
            *auditing.acts(self.people),
        ]:
            self._plan(max(self.end - timedelta(days=days_ago), self.start), act)
        next_beat = self.start
        while self._planned and self._planned[0][0] <= self.end:
            moment, _, act = heapq.heappop(self._planned)
            while next_beat <= moment:
                self._beat(next_beat)
                next_beat += BEAT
                progress((next_beat - self.start) / (self.end - self.start))
            with clock.at(moment):
                try:
                    act()
                except DomainError:
                    continue  # the ticket has moved on meanwhile, as tickets do
                deliveries.drain()
                self._quiet = False
        self._quiet = False
        self._beat(self.end)
        sealer.seal()

    def _beat(self, moment: datetime) -> None:
        with clock.at(moment):
            if sweep(now=moment).checked or not self._quiet:  # else there is nothing to deliver or to send
                deliveries.drain()
                dispatch()
                self._quiet = True
            if clock.local(moment).hour < 3:
                sealer.seal()

    def _plan(self, moment: datetime, act: Act) -> None:
        heapq.heappush(self._planned, (moment, next(self._order), act))

    def _later(self, act: Act, low: float, high: float, *, office: bool = True) -> None:
        """Plan an act between `low` and `high` hours from now, at the desk's hours where a person does it."""
        hours = self.dice.uniform(low, high)
        case = getattr(act, "__self__", None)
        if isinstance(case, Case) and case.urgent and office:  # the duty crew works day and night
            self._plan(clock.now() + timedelta(hours=hours * 0.25), act)
            return
        moment = clock.now() + timedelta(hours=hours)
        self._plan(_office(moment, self.dice) if office else moment, act)

    def _sell(self) -> list[company.Buyer]:
        buyers = []
        for contact in company.contacts(self.dice, max(40, self.tickets * 2 // 3)):
            customer = customers.match_or_create(contact, actor=DEMO)
            product = self.dice.choice(self.products)
            at = self.start - timedelta(days=self.dice.uniform(1, 60))
            order = company.sell(self.dice, customer, product, at)
            buyers.append(company.Buyer(contact, order.number, product))
        return buyers

    def _arrivals(self) -> list[datetime]:
        """More on working days and in the daytime, a wave of faults in the last third, and some minutes ago."""
        moments: list[datetime] = []
        while len(moments) < self.tickets - 6 - len(authority.CASES) - money.count(self.tickets):
            moment = self.start + timedelta(days=self.dice.triangular(0, self.days, self.days * 0.97))
            local = clock.local(moment)
            if self.dice.random() < (1.0 if 9 <= local.hour <= 21 else 0.15) * (0.55 if local.weekday() > 4 else 1.0):
                moments.append(moment)
        return sorted([*moments, *(self.end - timedelta(minutes=m) for m in (190, 120, 75, 41, 18, 4))])

    def _arrival(self) -> None:
        theme = self.dice.choices(words.THEMES, [t.weight for t in words.THEMES])[0]
        buyer = self.dice.choice(self.buyers)
        Case(self, theme, buyer).receive()


@dataclass
class Case:
    """One ticket's way through the house."""

    history: History
    theme: Theme
    buyer: company.Buyer
    number: str = ""
    urgent: bool = False

    @property
    def dice(self) -> random.Random:
        return self.history.dice

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.select_related("category", "customer", "department", "assignee").get(number=self.number)

    def receive(self) -> None:
        channel = self.dice.choices(*CHANNELS)[0]
        report = Report(
            text=self._say(self.dice.choice(self.theme.says)),
            contact=self.buyer.contact,
            channel=channel,
            kind=self.theme.kind,
            urgency=self.dice.choice(self.theme.urgency),
            language=self.buyer.contact.language,
            product=self.buyer.product.sku,
            order_number=self.buyer.order_number if self.dice.random() < 0.7 else "",
            region=self.buyer.contact.region,
        )
        clerk = self.history.people["wangfang"]
        actor = actors.staff(clerk) if channel in ("hotline", "store") else actors.CUSTOMER
        self.number = intake.receive(report, actor=actor).number
        if self.dice.random() < 0.02:
            self.history._later(self._reject, 0.2, 3)
            return
        if self.dice.random() < 0.35:
            self.history._later(self._assign, 0.1, 1.2)
        self.urgent = report.urgency != "normal"
        slow = self.dice.random() < 0.12
        if clock.now() > self.history.end - timedelta(days=3) and self.dice.random() < 0.3:
            self.history._later(self._accept, 70, 90)  # forgotten: the queue shows it as late
            return
        self.history._later(self._accept, *((2.5, 9) if slow else (0.2, 1.6)))

    def _say(self, text: str) -> str:
        product = f"{self.buyer.product.name}{self.buyer.product.model}"
        return text.format(p=product, d=self.dice.randint(3, 12), n=self.dice.choice([50, 120, 199, 260, 399, 1299]))

    def _handler(self, ticket: Ticket) -> User:
        own = [u for u in self.history.people.values() if u.department_id == ticket.department_id and u.is_active]
        able = [u for u in own if u.has_perm("feedback.handle_ticket")] or [self.history.people["chenjing"]]
        return able[int(self.number.split("-")[1]) % len(able)]

    def _assign(self) -> None:
        ticket = self.ticket
        if ticket.state != TicketState.PENDING:  # somebody was quicker
            return
        lead = actors.staff(self.history.people["chenjing"])
        assignment.assign(ticket, actor=lead, department=ticket.department, assignee=self._handler(ticket))

    def _reject(self) -> None:
        closure.reject(self.ticket, actor=actors.staff(self.history.people["chenjing"]), why="spam", reason="广告信息")

    def _accept(self) -> None:
        ticket = self.ticket
        self.actor = actors.staff(ticket.assignee or self._handler(ticket))
        assignment.accept(ticket, actor=self.actor)
        self.history._later(self._reply, 0.1, 2)

    def _reply(self) -> None:
        conversation.add(self.ticket, MessageKind.REPLY, self.dice.choice(words.REPLIES), actor=self.actor)
        if self.dice.random() < 0.3:
            conversation.add(self.ticket, MessageKind.NOTE, self.dice.choice(words.NOTES), actor=self.actor)
        if self.dice.random() < 0.08:
            self.history._later(self._correct, 0.2, 2)
        if self.dice.random() < 0.28:
            self.history._later(self._ask, 0.5, 4)
        else:
            self.history._later(self._write_plan, 0.5, 3)
        if self.dice.random() < 0.06:
            self.history._later(self._want_supervisor, 5, 30, office=False)

    def _correct(self) -> None:
        change = reclassification.Correction(urgency="urgent")
        reclassification.reclassify(self.ticket, change, actor=self.actor, reason="客户电话补充：影响正常使用")

    def _want_supervisor(self) -> None:
        reclassification.request_supervisor(self.ticket, actor=actors.CUSTOMER, reason="等了太久，请主管联系我")

    def _ask(self) -> None:
        conversation.ask_customer(self.ticket, self.theme.question, actor=self.actor)
        if self.dice.random() < 0.85:
            self.history._later(self._customer_answers, 1, 40, office=False)

    def _customer_answers(self) -> None:
        text = self._say(self.dice.choice(words.ANSWERS))
        conversation.customer_says(self.ticket, text, actor=actors.CUSTOMER, channel="online")
        self.history._later(self._write_plan, 0.5, 3)

    def _write_plan(self) -> None:
        promised = clock.now() + timedelta(hours=self.dice.uniform(30, 70))
        draft = planning.PlanDraft(self.theme.steps, self.theme.measures, promised)
        planning.write_plan(self.ticket, draft, actor=self.actor)
        if self.dice.random() < 0.06:
            self._ask_for_time()
        if self.theme.cost[1] and self.dice.random() < 0.75:
            self.history._later(self._propose, 0.3, 6)
        else:
            self.history._later(self._progress, 1, 7)

    def _ask_for_time(self) -> None:
        """The part comes later than the time limit: the head of department decides some hours later."""
        asked = authority.ask_for_time(self.ticket, self.actor)
        if asked is not None and self.dice.random() < 0.8:
            refused = self.dice.random() < 0.25
            decide = partial(authority.decide, asked, self.ticket.department, refused=refused)
            self.history._later(decide, 1, 4)

    def _propose(self) -> None:
        cost = Decimal(self.dice.randint(*self.theme.cost))
        planning.propose_solution(
            self.ticket, actor=self.actor, type=self.theme.solution, description=self.theme.measures, cost=cost
        )
        self.history._later(self._decide, 0.5, 4)

    def _decide(self) -> None:
        cost = self.ticket.solutions.get(decided_at=None).cost
        who = "chenjing" if cost <= 500 else "dutyzhou" if cost <= 2000 else "liangzong"
        if self.history.people[who] == self.actor.user:
            who = "liangzong"
        planning.decide_solution(self.ticket, actor=actors.staff(self.history.people[who]), approve=True)
        self.history._later(self._progress, 1, 6)

    def _progress(self) -> None:
        conversation.add(self.ticket, MessageKind.PROGRESS, self.dice.choice(words.PROGRESS), actor=self.actor)
        if self.dice.random() < 0.25:
            self.history._later(self._progress, 6, 9)
        else:
            self.history._later(self._resolve, 2, 7)

    def _resolve(self) -> None:
        lead = self.history.people["chenjing"]
        papers.look_after(self.ticket, lead=lead)
        papers.before_result(self.ticket, actor=self.actor, lead=lead)
        closure.resolve(self.ticket, self.theme.result, actor=self.actor)
        if self.dice.random() < 0.5:
            self.history._later(self._call_back, 0.5, 3)
        self.history._later(self._verdict, 26, 70, office=False)

    def _call_back(self) -> None:
        closure.start_callback(self.ticket, actor=self.actor)

    def _verdict(self) -> None:
        ticket = self.ticket
        survey = Survey.objects.filter(ticket=ticket, round=ticket.reopen_count).first()
        if survey is None or self.dice.random() < 0.2:
            return  # no answer: the timers close it
        score = self.dice.choices([5, 4, 3, 2, 1], [44, 33, 10, 8, 5])[0]
        comment = self.dice.choice(words.PRAISE if score >= 4 else words.GRUMBLES)
        closure.answer_survey(survey, score=score, comment=comment, actor=actors.CUSTOMER)
        if score < 4:
            self.history._later(self._follow_up, 3, 40)

    def _follow_up(self) -> None:
        staff = actors.staff(self.history.people["zhaomin"])
        if self.ticket.state != TicketState.SECOND_FOLLOW_UP:
            return
        closure.record_follow_up(self.ticket, self.dice.choice(words.FOLLOW_UPS), actor=staff)
        supervisor = actors.staff(self.history.people["chenjing"])
        closure.record_follow_up(self.ticket, self.dice.choice(words.FOLLOW_UPS), actor=supervisor)
        if self.dice.random() < 0.35:
            closure.reopen(self.ticket, actor=staff, reason=self.dice.choice(words.REOPENINGS))
            self.history._later(self._accept, 0.3, 3)
        else:
            closure.close_followed_up(self.ticket, actor=staff)


def _office(moment: datetime, dice: random.Random) -> datetime:
    """The moment itself in the desk's hours, otherwise some time after the next opening; weekends keep a small crew."""
    local = clock.local(moment)
    opening, closing = OPENING
    if local.hour >= closing:
        local = (local + timedelta(days=1)).replace(hour=opening, minute=dice.randint(0, 50))
    elif local.hour < opening:
        local = local.replace(hour=opening, minute=dice.randint(0, 50))
    if local.weekday() == 6 and dice.random() < 0.8:
        local += timedelta(days=1)
    return local
