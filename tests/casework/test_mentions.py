import pytest
from django.urls import reverse

from apps.accounts.models import Department
from apps.casework.models import Watch
from apps.casework.selectors import people
from apps.casework.services import watching
from apps.core import actors
from apps.core.errors import DomainError
from apps.feedback.models import Message, Ticket
from apps.feedback.services import assignment, closure, conversation
from apps.feedback.states import MessageKind
from apps.journal import deliveries
from apps.notifications.models import Notice
from tests.desk.pages import do
from tests.factories import plan, staff, ticket_in

pytestmark = pytest.mark.django_db
NOTE = MessageKind.NOTE


@pytest.fixture
def one(clerk):
    return ticket_in("in_progress", actor=clerk)


def notices(user, kind: str = "mentioned") -> list[str]:
    return list(Notice.objects.filter(user=user, kind=kind).values_list("text", flat=True))


def only_finance(one: Ticket) -> None:
    Ticket.objects.filter(pk=one.pk).update(department=Department.objects.get(code="finance"), collaborator_ids=[])


def test_a_colleague_named_in_a_note_gets_a_notice_that_leads_there(one, clerk):
    named = staff(display_name="王小芳")

    conversation.add(one, NOTE, "@王小芳 请看一下批次", actor=clerk)
    deliveries.drain()

    notice = Notice.objects.get(user=named, kind="mentioned")
    assert one.number in notice.text and str(clerk.user) in notice.text
    assert notice.link == reverse("admin:desk_ticket", args=[one.number])


def test_chinese_goes_on_after_a_name_without_a_space(one, clerk):
    named, longer = staff(display_name="王小"), staff(display_name="王小芳")

    conversation.add(one, NOTE, "＠王小芳请看一下", actor=clerk)
    deliveries.drain()

    assert (len(notices(longer)), len(notices(named))) == (1, 0)


@pytest.mark.parametrize("written", ["@zhaoliu9 please", "@Zhaoliu9", "see @S9901.", "（@赵六九）"])
def test_log_in_name_and_staff_number_name_too(written):
    named = staff(display_name="赵六九", username="zhaoliu9", staff_number="S9901")

    assert people.mentioned(written) == [named]


def test_of_two_with_one_name_the_staff_number_tells(one, clerk):
    first, second = (staff(display_name="李伟伟", staff_number=n) for n in ("S9911", "S9912"))

    assert people.mentioned("@李伟伟 看下") == []
    assert people.mentioned("@李伟伟(S9912) 看下") == [second]
    assert [text for user, text in people.suggested("李伟伟", one)] == ["李伟伟(S9911)", "李伟伟(S9912)"]
    assert first.is_active


@pytest.mark.parametrize("written", ["写信到 kefu@example.com", "@没有这个人", "单价@120", "zhang@王小芳"])
def test_what_only_looks_like_a_name_names_nobody(written):
    staff(display_name="王小芳")

    assert people.mentioned(written) == []


@pytest.mark.req("ADM-02")
def test_who_may_not_see_the_ticket_cannot_be_named_and_nothing_is_written(one, signed_in):
    blind = staff("department_handler", "logistics", display_name="孙物流")
    only_finance(one)
    client = signed_in("service_staff")

    page = do(client, one, "message", htmx=True, kind="note", body="@孙物流 请看")

    assert page.status_code == 422
    shown = page.content.decode()
    assert "孙物流 无权查看这个工单" in shown and "@孙物流 请看" in shown
    assert not Message.objects.filter(ticket=one, kind="note").exists()
    assert people.may_see(blind, one) is False


def test_a_department_that_helps_may_be_named(one, clerk):
    named = staff("department_handler", "logistics", display_name="孙物流")
    only_finance(one)
    Ticket.objects.filter(pk=one.pk).update(collaborator_ids=[named.department_id])

    conversation.add(one, NOTE, "@孙物流 请看", actor=clerk)
    deliveries.drain()

    assert len(notices(named)) == 1


def test_names_in_words_to_the_customer_tell_nobody(one, clerk):
    named = staff(display_name="王小芳")

    conversation.add(one, MessageKind.REPLY, "@王小芳 会联系您", actor=clerk)
    deliveries.drain()

    assert notices(named) == []


def test_naming_oneself_or_somebody_twice_is_one_notice_at_most(one, clerk):
    named = staff(display_name="王小芳")

    conversation.add(one, NOTE, f"@王小芳 @王小芳 @{clerk.user.username}", actor=clerk)
    deliveries.drain()

    assert (len(notices(named)), notices(clerk.user)) == (1, [])


def test_the_composer_suggests_colleagues(one, signed_in):
    staff(display_name="欧阳测试")
    client = signed_in("service_staff")

    found = client.get(reverse("admin:desk_mentions", args=[one.number]), {"q": "欧阳"}).content.decode()

    assert 'data-mention="欧阳测试"' in found


def test_following_brings_notices_of_changes_by_others(one, clerk, lead):
    watching.follow(one, actor=lead)
    watching.follow(one, actor=lead)
    plan(one, clerk)

    closure.resolve(one, "已更换电池，机器恢复正常。", actor=clerk)
    deliveries.drain()

    assert Watch.objects.filter(ticket=one).count() == 1
    assert [text for text in notices(lead.user, "ticket_changed") if "已解决" in text]


def test_own_changes_and_those_after_unfollowing_are_not_told(one, clerk, lead):
    watching.follow(one, actor=lead)
    conversation.add(one, NOTE, "自己写的", actor=lead)
    deliveries.drain()
    assert notices(lead.user, "ticket_changed") == []

    watching.unfollow(one, actor=lead)
    conversation.add(one, NOTE, "别人写的", actor=clerk)
    deliveries.drain()
    assert notices(lead.user, "ticket_changed") == []


@pytest.mark.req("ADM-02")
def test_who_lost_sight_of_a_ticket_hears_no_more_of_it(one, clerk):
    handler = actors.staff(staff("department_handler", "quality"))
    Ticket.objects.filter(pk=one.pk).update(department=handler.user.department, collaborator_ids=[])
    watching.follow(Ticket.objects.get(pk=one.pk), actor=handler)
    admin = actors.staff(staff("administrator"))
    finance = Department.objects.get(code="finance")
    assignment.assign(one, actor=admin, department=finance, collaborators=[])
    deliveries.drain()

    assert notices(handler.user, "ticket_changed") == []
    with pytest.raises(DomainError):
        watching.follow(Ticket.objects.get(pk=one.pk), actor=handler)


def test_following_from_the_page(one, signed_in):
    client = signed_in("service_lead")

    do(client, one, "follow")
    assert Watch.objects.filter(ticket=one, user=client.user).exists()
    do(client, one, "unfollow")
    assert not Watch.objects.filter(ticket=one).exists()
