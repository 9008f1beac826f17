"""Who resets a colleague's second factor, or sets their password, can't keep it from them (ADM-03)."""

import pytest

from apps.accounts.services import second_factor, staff
from apps.core import actors
from apps.journal import deliveries
from apps.notifications.models import Notice, OutgoingMessage
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.req("ADM-03")]


def test_a_reset_is_told_to_the_person_on_the_desk_and_by_mail():
    user = factories.UserFactory(language="en", email="sun@example.com")
    boss = factories.staff("administrator", display_name="梁总")

    second_factor.reset(user, actor=actors.staff(boss), reason="手机丢失，已当面核实")
    deliveries.drain()

    notice = Notice.objects.get(user=user)
    assert "second factor reset by an administrator" in notice.text
    assert "梁总" in notice.text
    mail = OutgoingMessage.objects.get(template="account_security")
    assert (mail.recipient, mail.channel) == ("sun@example.com", "email")
    assert "手机丢失，已当面核实" in mail.body
    assert "/admin/second-factor/" in mail.body
    assert not Notice.objects.filter(user=boss).exists()


def test_a_password_that_an_administrator_sets_is_told():
    user = factories.UserFactory(email="")
    boss = actors.staff(factories.staff("administrator"))

    staff.record_password_set(user, actor=boss)
    deliveries.drain()

    assert "密码已由管理员重设" in Notice.objects.get(user=user).text
    assert not OutgoingMessage.objects.filter(template="account_security").exists()
