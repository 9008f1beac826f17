import pytest
from django.urls import reverse

from apps.accounts.models import Department
from apps.casework.models import Checklist, Macro, MacroStep, ReplyTemplate, StateDemand, Watch
from apps.casework.services import macros
from apps.core import actors
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Message, Ticket
from apps.journal.models import Event
from tests.desk.pages import do, now_of
from tests.factories import staff_actor, ticket, ticket_in

pytestmark = pytest.mark.django_db


def macro(*steps: dict[str, object], owner=None, name: str = "快速受理", **given: object) -> Macro:
    made = Macro.objects.create(name=name, owner=owner, **given)
    for n, step in enumerate(steps, 1):
        MacroStep.objects.create(macro=made, position=n, **step)
    return made


ACCEPT, URGENT, TAG = {"kind": "accept"}, {"kind": "urgency", "urgency": "urgent"}, {"kind": "tag", "tag": "批次问题"}


@pytest.mark.req("HND-09")
def test_every_step_is_done_by_the_service_a_person_would_use(clerk, template):
    one = ticket()
    list_ = template("*核对")
    steps = (ACCEPT, URGENT, TAG, {"kind": "checklist", "checklist": list_}, {"kind": "note", "text": "{number} 已转"},
             {"kind": "reply", "text": "{customer}您好"}, {"kind": "follow"})  # fmt: skip

    result = macros.run(macro(*steps), one, actor=clerk)

    assert result.ok and [line.words for line in result.lines][:2] == ["受理", "设为紧急程度：紧急"]
    done = now_of(one)
    assert (done.state, done.urgency, done.tags, done.assignee_id) == (
        "in_progress", "urgent", ["批次问题"], clerk.user_id,
    )  # fmt: skip
    assert Checklist.objects.get(ticket=one).name == "到货检查"
    said = dict(Message.objects.filter(ticket=one).values_list("kind", "body"))
    assert said == {"note": f"{one.number} 已转", "reply": "张三您好"}
    assert Watch.objects.filter(ticket=one, user=clerk.user_id).exists()
    event = Event.objects.get(kind="macro.run", subject_id=one.pk)
    assert event.data["steps"] == ["accept", "urgency", "tag", "checklist", "note", "reply", "follow"]


@pytest.mark.req("HND-09")
def test_a_refused_step_undoes_all_before_it_and_is_named(clerk):
    one = ticket()
    before = Event.objects.filter(subject_id=one.pk).count()

    result = macros.run(macro(TAG, URGENT, {"kind": "wait", "text": "请问型号？"}), one, actor=clerk)

    assert not result.ok and "询问客户并等待" in result.words
    assert (now_of(one).urgency, now_of(one).tags, now_of(one).version) == ("normal", [], one.version)
    assert not Message.objects.filter(ticket=one).exists()
    assert Event.objects.filter(subject_id=one.pk).count() == before


@pytest.mark.req("HND-09")
def test_trying_out_changes_nothing_and_shows_masked_words(clerk):
    one = ticket()
    events = Event.objects.count()

    result = macros.rehearse(macro(ACCEPT, {"kind": "wait", "text": "{customer}您好，请问型号？"}), one, actor=clerk)

    assert result.ok and result.lines[1].text == "张*您好，请问型号？"
    assert now_of(one).state == "pending" and Event.objects.count() == events
    assert not Message.objects.filter(ticket=one).exists()


def test_trying_out_says_what_would_be_refused(clerk):
    result = macros.rehearse(macro(ACCEPT, {"kind": "progress", "text": "已安排"}), ticket_in("closed"), actor=clerk)

    assert not result.ok and "受理" in result.words


@pytest.mark.req("HND-09", "HND-11")
def test_a_macro_slips_past_no_demand(clerk, only):
    only()
    StateDemand.objects.create(state="in_progress", needs="serial_number")
    one = ticket()

    result = macros.run(macro(ACCEPT), one, actor=clerk)

    assert not result.ok and "序列号" in result.words and now_of(one).state == "pending"


@pytest.mark.req("ADM-01")
def test_a_macro_gives_nobody_a_right_they_lack():
    handler = staff_actor("department_handler", "quality")
    one = ticket_in("pending")
    Ticket.objects.filter(pk=one.pk).update(department=handler.user.department)
    to = macro({"kind": "assign", "department": Department.objects.get(code="finance")})

    result = macros.run(to, Ticket.objects.get(pk=one.pk), actor=handler)

    assert not result.ok and now_of(one).department == handler.user.department


def test_only_readers_of_tickets_with_the_right_run_macros(auditor, clerk, lead):
    one, own = ticket(), macro(ACCEPT, owner=lead.user)

    for actor, made in ((auditor, macro(ACCEPT, name="共用")), (clerk, own)):
        with pytest.raises(DomainError) as refused:
            macros.run(made, one, actor=actor)
        assert refused.value.code == "core.not_allowed"
    with pytest.raises(DomainError) as retired:
        macros.run(macro(ACCEPT, name="停用", active=False), one, actor=clerk)
    assert retired.value.code == "macro.retired"


@pytest.mark.req("HND-09")
def test_private_ones_are_everybodys_shared_ones_the_leads(clerk, lead):
    steps = [MacroStep(kind="tag", tag="批次")]
    private = macros.save(Macro(name="我的", owner=clerk.user), steps, actor=clerk)

    with pytest.raises(DomainError):
        macros.save(Macro(name="大家的"), [MacroStep(kind="accept")], actor=clerk)
    macros.save(Macro(name="大家的"), [MacroStep(kind="accept")], actor=lead)
    with pytest.raises(DomainError):
        macros.delete(private, actor=lead)

    assert set(Macro.objects.visible_to(clerk).values_list("name", flat=True)) >= {"我的", "大家的"}
    assert "我的" not in Macro.objects.visible_to(lead).values_list("name", flat=True)


def test_steps_that_lack_what_they_need_are_refused_with_their_number(lead):
    steps = [MacroStep(kind="accept"), MacroStep(kind="tag"), MacroStep(kind="reply", text="{nmae}")]

    with pytest.raises(DomainErrors) as refused:
        macros.save(Macro(name="缺东西"), steps, actor=lead)
    with pytest.raises(DomainErrors) as empty:
        macros.save(Macro(name="空的"), [], actor=lead)

    assert [e.code for e in refused.value.errors] == ["macro.step_lacks", "reply.unknown_placeholder"]
    assert "2" in refused.value.errors[0].words
    assert [e.code for e in empty.value.errors] == ["macro.no_steps"]


def test_running_twice_does_no_harm_where_there_is_nothing_left_to_do(clerk, template):
    one = ticket()
    made = macro(ACCEPT, TAG, {"kind": "checklist", "checklist": template("核对")}, {"kind": "follow"})

    macros.run(made, one, actor=clerk)
    again = macros.run(made, one, actor=clerk)

    assert again.ok and now_of(one).tags == ["批次问题"] and Checklist.objects.filter(ticket=one).count() == 1


@pytest.mark.req("HND-09")
def test_from_the_page_of_one_ticket(signed_in):
    client = signed_in("service_staff")
    one, made = ticket(), macro(ACCEPT, TAG)

    preview = client.get(reverse("admin:desk_macro_preview", args=[one.number]), {"macro": made.pk}).content.decode()
    do(client, one, "macro", macro=made.pk)

    assert "批次问题" in preview
    assert (now_of(one).state, now_of(one).tags) == ("in_progress", ["批次问题"])


@pytest.mark.req("HND-09")
def test_from_the_queue_for_several(signed_in):
    client = signed_in("service_staff")
    fresh, over, made = ticket(), ticket_in("rejected"), macro(ACCEPT)
    address, sent = reverse("admin:desk_bulk_macro"), {"ticket": [fresh.number, over.number], "macro": made.pk}

    listed = client.get(address).content.decode()
    tried = client.post(address, {**sent, "try": "1"}, HTTP_HX_REQUEST="true").content.decode()
    assert now_of(fresh).state == "pending"
    ran = client.post(address, sent, HTTP_HX_REQUEST="true").content.decode()

    assert made.name in listed and "还没有执行" in tried
    assert now_of(fresh).state == "in_progress" and fresh.number in ran and 'class="refused"' in ran


@pytest.mark.req("ADM-02")
def test_a_bulk_reaches_no_ticket_one_may_not_see(signed_in):
    foreign = ticket()
    Ticket.objects.filter(pk=foreign.pk).update(department=Department.objects.get(code="finance"), collaborator_ids=[])
    client, made = signed_in("department_handler", "logistics"), macro(ACCEPT)

    client.post(reverse("admin:desk_bulk_macro"), {"ticket": [foreign.number], "macro": made.pk})

    assert now_of(foreign).state == "pending"


@pytest.mark.req("HND-09", "ADM-05")
def test_the_admin_saves_a_private_macro_with_its_steps(signed_in):
    client = signed_in("service_staff")
    calm = ReplyTemplate.objects.get(code="calm-listen")
    rows = {
        "steps-TOTAL_FORMS": "2",
        "steps-INITIAL_FORMS": "0",
        "steps-MIN_NUM_FORMS": "0",
        "steps-MAX_NUM_FORMS": "99",
    }
    rows |= {"steps-0-kind": "urgency", "steps-0-position": "1", "steps-0-urgency": "urgent"}
    rows |= {"steps-1-kind": "reply", "steps-1-position": "2", "steps-1-reply": str(calm.pk)}

    page = client.get(reverse("admin:casework_macro_add")).content.decode()
    saved = client.post(reverse("admin:casework_macro_add"), {"name": "安抚", "active": "on", **rows})

    made = Macro.objects.get(name="安抚")
    assert 'name="shared"' not in page and saved.status_code == 302
    assert made.owner_id == client.user.pk and [s.kind for s in made.steps.all()] == ["urgency", "reply"]


def test_the_admin_names_what_a_step_lacks(signed_in):
    client = signed_in("service_staff")
    rows = {
        "steps-TOTAL_FORMS": "1",
        "steps-INITIAL_FORMS": "0",
        "steps-MIN_NUM_FORMS": "0",
        "steps-MAX_NUM_FORMS": "99",
    }
    rows |= {"steps-0-kind": "tag", "steps-0-position": "1"}

    page = client.post(reverse("admin:casework_macro_add"), {"name": "缺标签", "active": "on", **rows})

    assert page.status_code == 200 and not Macro.objects.filter(name="缺标签").exists()
    assert "缺少" in page.content.decode()


def test_someone_elses_private_macro_does_not_exist_in_the_admin(signed_in, lead):
    made = macro(ACCEPT, owner=lead.user)
    client = signed_in("service_staff")

    page = client.get(reverse("admin:casework_macro_change", args=[made.pk]))

    assert page.status_code in (302, 404) and actors.staff(client.user).can("feedback.handle_ticket")
