"""Rows for tests, by factory_boy. What services make (customers, tickets, keys) is made by the services."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import factory
from django.contrib.auth.models import Group

from apps.accounts.models import Department, User
from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.actors import Actor, system
from apps.core.vocabulary import Channel
from apps.crm.contacts import Contact
from apps.crm.models import Customer, Order, OrderLine, Product
from apps.crm.services import customers
from apps.crm.states import OrderState
from apps.feedback.models import Plan, Ticket
from apps.feedback.services import assignment, closure, conversation, intake, merging, planning
from apps.feedback.services.intake import Report

PASSWORD = "correct horse battery"


class DepartmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Department

    code = factory.Sequence(lambda n: f"department-{n}")
    name = factory.Sequence(lambda n: f"部门 {n}")


class UserFactory(factory.django.DjangoModelFactory):
    """`UserFactory(roles=["service_staff"])`: a member of staff who may sign in with PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"staff{n}")
    display_name = factory.Sequence(lambda n: f"员工 {n}")
    staff_number = factory.Sequence(lambda n: f"U{n:04d}")  # `staff()` counts by itself
    is_staff = True
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def roles(self, create, extracted, **kwargs):
        if extracted:
            self.groups.set(Group.objects.filter(name__in=extracted))


def actor_with(*roles: str, **user: object) -> Actor:
    """A new member of staff with these roles, as the actor that services take."""
    return actors.staff(UserFactory(roles=roles, **user))


_numbers = iter(range(10_000_000, 99_999_999))


def make_customer(*, actor: Actor | None = None, **contact: str) -> Customer:
    """A customer through the service; `phone="…"` etc. as in Contact, by default a phone of their own."""
    contact = {"name": "张三", "phone": f"138{next(_numbers)}", **contact}
    return customers.match_or_create(Contact(**contact), actor=actor or system("test"))


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    sku = factory.Sequence(lambda n: f"SKU-{n}")
    name = "晴川手机"
    group = "手机"
    model = "QC-10"


class OrderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Order

    number = factory.Sequence(lambda n: f"DD{n:08d}")
    customer = factory.LazyFunction(make_customer)
    ordered_at = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)
    state = OrderState.DELIVERED
    total = Decimal("1999.00")


class OrderLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    product = factory.SubFactory(ProductFactory)
    quantity = 1
    unit_price = Decimal("1999.00")
    amount = Decimal("1999.00")


# Tickets come in through the real intake and move through the services; only what a test is about is given.

_serial = count(1)


def staff(role: str = Role.SERVICE_STAFF, department: str = "service", **fields: object) -> User:
    """A member of staff with one role, in a shipped department."""
    n = next(_serial)
    given = {
        "staff_number": f"S{n:04d}",
        "display_name": f"员工{n}",
        "department": Department.objects.get(code=department),
    }
    return UserFactory(roles=[role], **{**given, **fields})


def staff_actor(role: str = Role.SERVICE_STAFF, department: str = "service", **fields: object) -> Actor:
    return actors.staff(staff(role, department, **fields))


def contact(**fields: str) -> Contact:
    """A new customer's phone and e-mail at every call."""
    n = next(_serial)
    return Contact(**{"name": "张三", "phone": f"138{n:08d}", "email": f"zhang{n}@example.com", **fields})


def report(text: str = "吸尘器用了两天就无法开机了，要求换货。", **fields: object) -> Report:
    given = {k: fields.pop(k) for k in ("name", "phone", "email", "external_id", "tier") if k in fields}
    who = fields.pop("contact", None) or contact(**given)
    return Report(text=text, contact=who, channel=fields.pop("channel", Channel.ONLINE), **fields)


def ticket(text: str = "吸尘器用了两天就无法开机了，要求换货。", **fields: object) -> Ticket:
    """A ticket as the public form would make it, in state pending."""
    return intake.receive(report(text, **fields), actor=actors.SYSTEM)


def plan(for_ticket: Ticket, actor: Actor) -> Plan:
    draft = planning.PlanDraft(
        steps="检测电池与充电座，更换电池",
        measures="3个工作日内完成配件更换",
        promised_at=clock.now() + timedelta(days=2),
    )
    return planning.write_plan(for_ticket, draft, actor=actor)


Step = Callable[[Ticket, Actor], object]


def accept(t: Ticket, actor: Actor) -> object:
    return assignment.accept(t, actor=actor)


def resolve(t: Ticket, actor: Actor) -> object:
    plan(t, actor)
    return closure.resolve(t, "已更换电池，机器恢复正常。", actor=actor)


def call_back(t: Ticket, actor: Actor) -> object:
    return closure.start_callback(t, actor=actor)


def answer(score: int) -> Step:
    def step(t: Ticket, actor: Actor) -> object:
        survey = t.surveys.get(round=t.reopen_count)
        return closure.answer_survey(survey, score=score, comment="", actor=actors.CUSTOMER)

    return step


def propose(t: Ticket, actor: Actor) -> object:
    return planning.propose_solution(t, actor=actor, type="exchange", description="更换新机", cost=Decimal("120.00"))


def beside(t: Ticket, text: str = "发票抬头开错了，请重新开一张。", **fields: object) -> Ticket:
    """Another ticket of the same customer, about something else unless `text` says the same."""
    given = {"phone": t.customer.phone, "email": t.customer.email, "name": t.customer.name}
    return ticket(text, contact=Contact(**given), **fields)


_CALLED: list[Step] = [accept, resolve, call_back]
WAYS: dict[str, list[Step]] = {
    "pending": [],
    "assigned": [lambda t, a: assignment.assign(t, actor=a, department=t.department)],
    "in_progress": [accept],
    "waiting": [accept, lambda t, a: conversation.ask_customer(t, "请问指示灯是什么颜色？", actor=a)],
    "solution_approval": [accept, propose],
    "resolved": [accept, resolve],
    "callback": _CALLED,
    "second_follow_up": [*_CALLED, answer(2)],
    "reopened": [*_CALLED, answer(2), lambda t, a: closure.reopen(t, actor=a, reason="问题又出现了")],
    "closed": [*_CALLED, answer(5)],
    "rejected": [lambda t, a: closure.reject(t, actor=a, why="spam")],
    "merged": [lambda t, a: merging.merge(t, beside(t), actor=a)],
}


def ticket_in(state: str, *, actor: Actor | None = None, **fields: object) -> Ticket:
    """A ticket brought into `state` through the services, by a new administrator unless `actor` is given."""
    actor = actor or staff_actor(Role.ADMINISTRATOR)
    made = ticket(**fields)
    for step in WAYS[state]:
        step(made, actor)
        made = Ticket.objects.get(pk=made.pk)
    return made
