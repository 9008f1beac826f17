"""A form that files money, sent twice by two taps or a lost answer, files once (REF-02)."""

import re

import pytest

from apps.accounts.roles import Role
from apps.billing.models import Refund, VoidRequest
from tests.factories import staff
from tests.money import invoice, line, payment

pytestmark = [pytest.mark.django_db, pytest.mark.req("REF-02")]


@pytest.fixture
def officer(signed_in):
    return signed_in(staff(Role.FINANCE_OFFICER, "finance"))


def token_of(client, address):
    found = re.search(r'name="token" value="([0-9a-f]{32})"', client.get(address).content.decode())
    assert found is not None
    return found[1]


def test_a_refund_form_sent_twice_asks_for_the_money_once(officer):
    paid = payment("500.00")
    token = token_of(officer, f"/desk/refunds/new/?payment={paid.number}")
    typed = {"kind": "refund", "payment": str(paid.pk), "amount": "50", "words": "退货", "token": token}

    first, again = (officer.post("/desk/refunds/new/", typed) for _ in range(2))

    assert first.status_code == again.status_code == 302 and first["Location"] == again["Location"]
    assert Refund.objects.count() == 1
    other = officer.post("/desk/refunds/new/", {**typed, "amount": "60"})
    assert other.status_code == 422 and Refund.objects.count() == 1, "the same form with another amount is not the same"
    fresh = token_of(officer, f"/desk/refunds/new/?payment={paid.number}")
    assert officer.post("/desk/refunds/new/", {**typed, "token": fresh}).status_code == 302
    assert Refund.objects.count() == 2


def test_a_refused_refund_form_may_be_sent_again(officer):
    paid = payment("500.00")
    token = token_of(officer, f"/desk/refunds/new/?payment={paid.number}")
    typed = {"kind": "refund", "payment": str(paid.pk), "amount": "600", "words": "退货", "token": token}

    assert officer.post("/desk/refunds/new/", typed).status_code == 422
    assert officer.post("/desk/refunds/new/", {**typed, "amount": "500"}).status_code == 302


def test_a_void_form_sent_twice_holds_one_part(officer):
    of = invoice(line("1000.00", quantity="10"))
    token = token_of(officer, f"/desk/voids/new/?invoice={of.pk}")
    part = {"scope": "part", "quantity-1": "2"}
    typed = {"invoice": str(of.pk), "reason": "03", "words": "两台不合格", "token": token, **part}

    answers = [officer.post("/desk/voids/new/", typed) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert VoidRequest.objects.count() == 1
