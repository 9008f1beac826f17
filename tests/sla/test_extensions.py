"""Extension requests (SLA-05): the machine's every cell, who decides, how far, and what ends them."""

from datetime import UTC, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.core import actors, clock
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import deliveries, transitions
from apps.journal.events import Ref
from apps.journal.models import Event
from apps.sla import events, selectors
from apps.sla.models import Deadline, ExtensionRequest, Policy
from apps.sla.services import deadlines, extensions, policies
from apps.sla.services.sweep import sweep
from apps.sla.states import ExtensionState
from tests.factories import DepartmentFactory, UserFactory, actor_with, staff

pytestmark = pytest.mark.django_db
SYSTEM = system("sla")
STARTED, DUE, ASKED = "2026-11-16 10:00", "2026-11-19 10:00", "2026-11-20 18:00"
NOW = "2026-11-17 09:00"


@pytest.fixture
def department():
    return DepartmentFactory()


@pytest.fixture
def head(department):
    return actors.staff(UserFactory(roles=[Role.DEPARTMENT_HEAD], department=department))


@pytest.fixture
def handler(department):
    return actors.staff(UserFactory(roles=[Role.DEPARTMENT_HANDLER], department=department))


@pytest.fixture
def deadline(subject, facts, shanghai, department):
    (started,) = deadlines.start(subject, ["resolution"], facts(department_id=department.pk), at=shanghai(STARTED))
    return started


@pytest.fixture
def now(shanghai):
    with clock.at(shanghai(NOW)):
        yield


@pytest.fixture
def asked(deadline, handler, shanghai, now):
    return extensions.request(deadline.pk, shanghai(ASKED), actor=handler, reason="配件在途")


def traces():
    rows = ExtensionRequest.objects.order_by("pk").values_list("pk", "state", "granted_until", "decided_at")
    return list(rows), list(Deadline.objects.order_by("pk").values_list("pk", "due_at", "state")), Event.objects.count()


def refused(code, act):
    before = traces()
    with pytest.raises(DomainError) as error:
        act()
    assert error.value.code == code
    assert traces() == before


# The machine ---------------------------------------------------------------------------------------------------------

TARGETS = {"approve": "approved", "refuse": "refused", "withdraw": "withdrawn", "expire": "expired"}


def into(state, asked, head, handler, shanghai):
    if state == "approved":
        return extensions.approve(asked, actor=head)
    if state == "refused":
        return extensions.refuse(asked, actor=head, reason="不需要")
    if state == "withdrawn":
        return extensions.withdraw(asked, actor=handler)
    if state == "expired":
        return transitions.apply(asked, "expire", actor=SYSTEM, by=SYSTEM)
    return asked


def data_for(name, actor, shanghai):
    data = {"by": actor}
    if name == "approve":
        data |= {"until": shanghai(ASKED), "words": ""}
    return data | ({"words": "…"} if name == "refuse" else {})


@pytest.mark.req("SLA-05")
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("state", ExtensionState.values)
def test_every_state_and_transition(state, name, asked, head, handler, shanghai):
    request = into(state, asked, head, handler, shanghai)
    actor = {"withdraw": handler, "expire": SYSTEM}.get(name, head)
    before = traces()

    def act():
        return transitions.apply(request, name, actor=actor, **data_for(name, actor, shanghai))

    if state == "requested":
        done = act()
        assert done.state == TARGETS[name]
        assert done.decided_at == clock.now()
        assert Event.objects.filter(subject_id=request.pk, kind=f"extension.{TARGETS[name]}").count() == 1
        return
    with pytest.raises(DomainError) as error:
        act()
    assert error.value.code == "transition.impossible"
    assert traces() == before


def test_the_machine_has_no_other_transitions():
    field = ExtensionRequest._meta.get_field("state")

    assert set(field.transitions[ExtensionRequest]) == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_who_may_take_which_step(name, asked, head, handler, shanghai):
    everybody = {"head": head, "requester": handler, "customer": actors.CUSTOMER, "auditor": actor_with("auditor")}
    allowed = {"approve": {"head"}, "refuse": {"head"}, "withdraw": {"requester"}, "expire": set()}[name]

    for who, actor in everybody.items():
        if who not in allowed:
            refused(
                "core.not_allowed",
                lambda a=actor: transitions.apply(asked, name, actor=a, **data_for(name, a, shanghai)),
            )


def test_the_database_holds_the_rules(asked):
    for wrong in ("state = 'done'", "state = 'approved', decided_at = now()", "asked_until = was_due_at"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE sla_extensionrequest SET {wrong} WHERE id = %s", [asked.pk])


# Asking --------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-05")
def test_a_request_leaves_the_old_deadline_as_it_is(asked, deadline, handler, shanghai):
    assert (asked.state, asked.was_due_at, asked.asked_until) == ("requested", shanghai(DUE), shanghai(ASKED))
    assert (asked.requested_by, asked.requested_label) == (handler.user, handler.label)
    assert Deadline.objects.get(pk=deadline.pk).due_at == shanghai(DUE)
    told = Event.objects.get(kind=events.EXTENSION_ASKED)
    assert (told.subject_id, told.reason, told.data["extension"]) == (deadline.subject_id, "配件在途", str(asked.pk))


def test_only_one_request_waits_for_a_deadline(asked, deadline, handler, shanghai):
    refused(
        "sla.extension_open",
        lambda: extensions.request(deadline.pk, shanghai(ASKED), actor=handler, reason="再来一次"),
    )


@pytest.mark.req("SLA-05")
@pytest.mark.parametrize(
    ("until", "reason", "code"),
    [
        ("2026-11-19 10:00", "配件在途", "sla.extension_earlier"),
        ("2026-11-18 10:00", "配件在途", "sla.extension_earlier"),
        ("2029-11-18 10:00", "配件在途", "sla.due_too_far"),
        (ASKED, "  ", "core.required"),
        (ASKED, "长" * 2001, "core.too_long"),
    ],
)
def test_what_cannot_be_asked(until, reason, code, deadline, handler, shanghai, now):
    refused(code, lambda: extensions.request(deadline.pk, shanghai(until), actor=handler, reason=reason))


def test_whoever_may_not_work_on_it_cannot_ask(deadline, shanghai, now):
    for actor in (actor_with("auditor"), actors.CUSTOMER):
        refused(
            "core.not_allowed", lambda a=actor: extensions.request(deadline.pk, shanghai(ASKED), actor=a, reason="…")
        )


def test_nothing_is_extended_that_is_over_or_late_or_goes_by_itself(
    subject, facts, shanghai, department, handler, deadline
):
    (timer,) = deadlines.start(subject, ["survey_reminder"], facts(), at=shanghai(STARTED))

    def ask(one, at):
        with clock.at(shanghai(at)):
            extensions.request(one.pk, shanghai("2026-11-27 18:00"), actor=handler, reason="…")

    refused("sla.timer_not_extended", lambda: ask(timer, NOW))
    refused("sla.extension_late", lambda: ask(deadline, "2026-11-19 10:00"))
    deadlines.meet(subject, "resolution", at=shanghai("2026-11-18 10:00"))
    refused("sla.not_open", lambda: ask(deadline, "2026-11-18 11:00"))


@pytest.mark.req("SLA-05", "LAW-02")
def test_a_legal_time_is_not_extended_by_anybody(subject, facts, shanghai, handler, now):
    (legal,) = deadlines.start(subject, ["regulator"], facts(), at=shanghai(STARTED))
    later = shanghai("2026-12-31 10:00")

    refused("sla.extension_by_law", lambda: extensions.request(legal.pk, later, actor=handler, reason="…"))
    refused(
        "sla.extension_by_law",
        lambda: deadlines.set_due(legal.pk, later, actor=actor_with("administrator"), reason="…"),
    )


def test_a_policy_may_allow_none(subject, facts, shanghai, handler, now):
    policies.revise(Policy.objects.get(code="callback").pk, {"extension_days": 0}, actor=SYSTEM)
    (strict,) = deadlines.start(subject, ["callback"], facts(), at=shanghai(NOW))

    refused("sla.extension_none", lambda: extensions.request(strict.pk, shanghai(ASKED), actor=handler, reason="…"))


# Deciding ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-05", "SLA-08")
def test_granted_the_deadline_is_due_then_and_says_why(asked, deadline, head, shanghai):
    done = extensions.approve(asked, actor=head, reason="同意")

    moved = Deadline.objects.get(pk=deadline.pk)
    assert (done.state, done.granted_until, done.decided_by) == ("approved", shanghai(ASKED), head.user)
    assert (moved.due_at, moved.hand_by, moved.hand_reason) == (shanghai(ASKED), head.label, "配件在途")
    assert moved.warn_at > shanghai(NOW)
    told = Event.objects.get(kind=events.SET_BY_HAND)
    assert (told.data["extension"], told.data["was_due_at"]) == (
        str(asked.pk),
        shanghai(DUE).astimezone(UTC).isoformat(),
    )


@pytest.mark.req("SLA-05")
def test_another_day_than_the_one_asked_for_can_be_granted(asked, deadline, head, shanghai):
    extensions.approve(asked, actor=head, until=shanghai("2026-11-19 18:00"))

    assert Deadline.objects.get(pk=deadline.pk).due_at == shanghai("2026-11-19 18:00")


@pytest.mark.req("SLA-05")
def test_refused_keeps_the_old_deadline(asked, deadline, head, shanghai):
    refused("core.required", lambda: extensions.refuse(asked, actor=head, reason=" "))

    done = extensions.refuse(asked, actor=head, reason="先给备用机")

    assert (done.state, done.decision_reason) == ("refused", "先给备用机")
    assert Deadline.objects.get(pk=deadline.pk).due_at == shanghai(DUE)
    assert Event.objects.get(kind=events.EXTENSION_ENDED).data["became"] == "refused"


@pytest.mark.req("SLA-05")
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DEPARTMENT_HEAD, Role.MANAGEMENT])
def test_nobody_decides_on_their_own_request(role, deadline, department, shanghai, now):
    own = actors.staff(UserFactory(roles=[role, Role.DEPARTMENT_HANDLER], department=department))
    asked = extensions.request(deadline.pk, shanghai(ASKED), actor=own, reason="…")

    refused("sla.extension_own", lambda: extensions.approve(asked, actor=own))
    refused("sla.extension_own", lambda: extensions.refuse(asked, actor=own, reason="…"))


@pytest.mark.req("SLA-05")
def test_the_head_of_another_department_does_not_decide(asked):
    other = actors.staff(UserFactory(roles=[Role.DEPARTMENT_HEAD], department=DepartmentFactory()))

    refused("core.not_allowed", lambda: extensions.approve(asked, actor=other))
    assert not ExtensionRequest.objects.visible_to(other).exists()


@pytest.mark.req("SLA-05")
def test_three_working_days_at_most_and_management_grants_more(deadline, handler, head, shanghai, now):
    """Due Thursday 19; three working days later is Tuesday 24, until closing."""
    far = shanghai("2026-12-04 18:00")
    asked = extensions.request(deadline.pk, far, actor=handler, reason="海运")

    refused("sla.extension_too_long", lambda: extensions.approve(asked, actor=head))
    refused(
        "sla.extension_too_long",
        lambda: extensions.approve(asked, actor=head, until=shanghai("2026-11-24 18:01")),
    )
    assert selectors.extension_limit(deadline) == shanghai("2026-11-24 18:00")
    extensions.approve(asked, actor=actor_with("management"))

    assert Deadline.objects.get(pk=deadline.pk).due_at == far


@pytest.mark.req("SLA-05")
def test_one_extension_after_the_other_does_not_add_up(asked, deadline, handler, head, shanghai):
    extensions.approve(asked, actor=head, until=shanghai("2026-11-24 18:00"))
    more = extensions.request(deadline.pk, shanghai("2026-11-25 18:00"), actor=handler, reason="还要一天")

    refused("sla.extension_too_long", lambda: extensions.approve(more, actor=head))


@pytest.mark.req("SLA-05", "ADM-05")
def test_how_much_may_be_granted_is_a_row_that_staff_edit(subject, facts, shanghai, handler, head, department, now):
    policies.revise(Policy.objects.get(code="resolution").pk, {"extension_days": 1}, actor=SYSTEM)
    (strict,) = deadlines.start(
        subject, ["resolution"], facts(department_id=department.pk), at=shanghai("2026-11-17 09:00")
    )
    asked = extensions.request(strict.pk, shanghai("2026-11-24 10:00"), actor=handler, reason="…")

    refused("sla.extension_too_long", lambda: extensions.approve(asked, actor=head))
    extensions.approve(asked, actor=head, until=shanghai("2026-11-20 18:00"))


def test_an_approval_system_decides_by_its_key(asked, deadline, shanghai):
    key = Actor("api", "api:OA", permissions=frozenset({"sla.approve_extension"}))

    extensions.approve(asked, actor=key)

    assert Deadline.objects.get(pk=deadline.pk).hand_by == "api:OA"


# What ends a request -------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-05", "SLA-07")
def test_undecided_it_expires_when_the_old_time_passes_by_the_sweep(asked, deadline, head, shanghai):
    with clock.at(shanghai("2026-11-19 10:01")):
        refused("sla.extension_late", lambda: extensions.approve(asked, actor=head))  # before anybody swept
        sweep(now=clock.now())
        deliveries.drain()

        assert ExtensionRequest.objects.get().state == "expired"
        assert Deadline.objects.get(pk=deadline.pk).due_at == shanghai(DUE)
        assert Event.objects.get(kind=events.EXTENSION_ENDED).data["became"] == "expired"


@pytest.mark.req("SLA-05")
def test_it_does_not_expire_while_the_clock_stands_still(asked, deadline, head, subject, shanghai):
    deadlines.pause(subject, at=shanghai("2026-11-18 10:00"))
    with clock.at(shanghai("2026-11-19 10:01")):
        sweep(now=clock.now())
        deliveries.drain()
        extensions.approve(asked, actor=head)

    assert ExtensionRequest.objects.get().state == "approved"


@pytest.mark.parametrize("end", ["met", "cancelled"])
def test_it_ends_with_its_deadline(end, asked, subject, shanghai):
    if end == "met":
        deadlines.meet(subject, "resolution", at=clock.now())
    else:
        deadlines.cancel(subject, at=clock.now())

    assert ExtensionRequest.objects.get().state == "expired"


def test_withdrawn_by_who_asked_and_nobody_else(asked, head, handler):
    refused("core.not_allowed", lambda: extensions.withdraw(asked, actor=head))

    assert extensions.withdraw(asked, actor=handler).state == "withdrawn"


# Who is asked --------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-05")
def test_the_head_is_asked_and_never_who_asks(deadline, department, head, handler, shanghai, now):
    by_handler = extensions.request(deadline.pk, shanghai(ASKED), actor=handler, reason="…")
    assert selectors.asked_to_decide(by_handler) == [head.user]
    extensions.withdraw(by_handler, actor=handler)

    manager = UserFactory(roles=[Role.MANAGEMENT])
    duty = UserFactory(roles=[Role.DUTY_MANAGER])
    by_head = extensions.request(deadline.pk, shanghai(ASKED), actor=head, reason="…")
    assert selectors.asked_to_decide(by_head) == [duty]
    extensions.withdraw(by_head, actor=head)

    long = extensions.request(deadline.pk, shanghai("2026-12-31 10:00"), actor=handler, reason="…")
    assert selectors.asked_to_decide(long) == [manager]


def test_who_leads_a_department_sees_what_is_below_it(department, asked):
    above = DepartmentFactory()
    Department.objects.filter(pk=department.pk).update(parent=above)
    boss = UserFactory(roles=[Role.DEPARTMENT_HEAD])
    Department.objects.filter(pk=above.pk).update(head=boss)

    assert list(ExtensionRequest.objects.decidable_by(actors.staff(boss))) == [asked]


# In the admin --------------------------------------------------------------------------------------------------------


@pytest.mark.req("SLA-05")
def test_the_list_of_those_who_decide(client, asked, head, handler, deadline, shanghai):
    client.force_login(head.user)
    address = reverse("admin:sla_extensionrequest_change", args=[asked.pk])

    listed = client.get(reverse("admin:sla_extensionrequest_changelist"))
    page = client.get(address)
    unreasoned = client.post(address, {"do": "refuse", "reason": ""})
    done = client.post(address, {"do": "approve", "until": "2026-11-23T18:00", "reason": "同意"})

    assert "解决" in listed.content.decode()
    assert "2026-11-24 18:00" in page.content.decode()
    assert (unreasoned.status_code, done.status_code) == (422, 302)
    assert Deadline.objects.get(pk=deadline.pk).due_at == shanghai("2026-11-23 18:00")
    foreign = staff(Role.DEPARTMENT_HEAD, "sales")
    client.force_login(foreign)
    assert client.get(address).status_code == 404
    client.force_login(handler.user)
    assert client.get(address).status_code == 200  # the own one: to be read and withdrawn


def test_requests_about_whatever_subject_are_listed_by_name(client, asked, head):
    client.force_login(head.user)

    page = client.get(reverse("admin:sla_extensionrequest_changelist"))

    assert f"feedback.ticket {asked.deadline.subject_id}" in page.content.decode()  # a subject without a row


def test_a_decision_that_comes_after_another_one_is_refused(asked, head, department):
    second = actors.staff(UserFactory(roles=[Role.DEPARTMENT_HEAD], department=department))
    extensions.refuse(asked, actor=head, reason="不同意")

    refused("transition.impossible", lambda: extensions.approve(asked, actor=second))


def test_for_a_subject_of_any_kind(facts, shanghai, department, handler, head, now):
    """8D reports, voids and whatever comes need nothing of their own."""
    report = Ref("corrective.report", uuid4())
    (answer,) = deadlines.start(report, ["eight_d"], facts(department_id=department.pk), at=shanghai(NOW))
    asked = extensions.request(answer.pk, answer.due_at + timedelta(days=1), actor=handler, reason="等检测")

    extensions.approve(asked, actor=head)

    assert Deadline.objects.get(pk=answer.pk).due_at == answer.due_at + timedelta(days=1)
