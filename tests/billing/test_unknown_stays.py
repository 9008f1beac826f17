"""While it is not known whether money left, nothing else is tried: by no service, task, callback, API or screen (REF-02, REF-03)."""

import json
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing import tasks
from apps.billing.models import Payment, Refund, RefundAttempt
from apps.billing.services import bank_batches, by_hand, floats, ladder, paying, reconciliation, refund_gates, refunds
from apps.billing.services.paying import PAYER
from apps.billing.states import PayChannel, RefundState
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal import deliveries
from tests.billing.providers import providers, sweep_on  # noqa: F401
from tests.factories import staff
from tests.money import finance, payment, refund

pytestmark = [pytest.mark.django_db, pytest.mark.req("REF-02", "REF-03")]
CARD = refunds.Payee("张伟", "6222021234567890123", "工行")


@pytest.fixture
def unknown(providers):  # noqa: F811
    """It took effect at the provider; we never heard, and every question is lost, too."""
    providers.faults.set(next=["drop-after"])
    request = refunds.decide(refund(payment("100.00", PayChannel.WECHAT_PAY)), actor=finance(), approve=True)
    attempt = paying.begin(request, actor=PAYER)
    providers.faults.set(rate=1.0, only=["drop", "drop-after", "bad-signature", "error"])
    sweep_on(2)
    assert Refund.objects.get().state == RefundState.UNKNOWN
    yield RefundAttempt.objects.get(pk=attempt.pk)
    fresh, only = Refund.objects.get(), RefundAttempt.objects.get()
    assert (fresh.state, fresh.channel, fresh.round) == (RefundState.UNKNOWN, PayChannel.WECHAT_PAY, 1)
    assert only.number == attempt.number
    assert Payment.objects.get().reserved == Decimal("100.00")
    assert len(providers.ledger.rows("SELECT * FROM refunds")) == 1


def services(request, attempt):
    batch = lambda: bank_batches.draw_up("generic", actor=finance(), attempts=[attempt])  # noqa: E731
    hand = by_hand.Paid("B1", clock.now(), "", None)
    return {
        "reroute": lambda: refunds.reroute(request, CARD, actor=finance()),
        "reroute to a card": lambda: refunds.reroute(request, CARD, actor=finance(), way="wechat_pay:abnormal"),
        "redirect": lambda: refunds.redirect(request, CARD, actor=finance(), reason="急"),
        "cancel": lambda: refunds.cancel(request, actor=finance(), reason="急"),
        "decide": lambda: refunds.decide(request, actor=finance(), approve=True),
        "reject": lambda: refunds.decide(request, actor=finance(), approve=False, reason="急"),
        "begin": lambda: paying.begin(request, actor=PAYER),
        "batch": batch,
        "by hand": lambda: by_hand.record(attempt, hand, actor=finance()),
        "gate": lambda: refund_gates.except_from(request, actor=finance(Role.FINANCE_MANAGER), reason="急"),
    }


SERVICES = (
    "reroute", "reroute to a card", "redirect", "cancel", "decide", "reject", "begin", "batch", "by hand", "gate",
)  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_goes_another_way(name, unknown):
    with pytest.raises(DomainError):
        services(Refund.objects.get(), unknown)[name]()
    assert ladder.rungs(Refund.objects.get()) == []


def test_no_task_goes_another_way(unknown):
    for _ in range(3):
        RefundAttempt.objects.update(next_query_at=clock.now(), lease_until=None)
        for task in (tasks.pay, tasks.begin, tasks.watch_floats, tasks.reconcile):
            task()
        deliveries.drain()
    reconciliation.run_due()
    floats.watch()


def test_no_callback_goes_another_way_whatever_it_says(unknown, providers, client):  # noqa: F811
    entry = providers.ledger.entry("wechat_pay", unknown.number)
    for state in ("CLOSED", "ABNORMAL", "SUCCESS"):
        entry.state = state
        body, headers = providers.wechat.callback(entry)
        address = reverse("billing:wechat_callback")
        assert client.post(address, body, content_type="application/json", headers=headers).status_code == 204
        tasks.pay()
        tasks.begin()


@pytest.mark.parametrize("role", [Role.FINANCE_OFFICER, Role.FINANCE_MANAGER, Role.ADMINISTRATOR])
@pytest.mark.long
def test_neither_the_api_nor_the_screen_goes_another_way(role, unknown):
    number, user = Refund.objects.get().number, staff(role, "finance")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    payee = {"name": "张伟", "account": CARD.account, "bank": "工行"}
    for step, body in {
        "another-way": {"way": "bank:transfer", "payee": payee}, "cancellation": {"reason": "急"}, "payment": {},
        "decision": {"approve": True},
    }.items():  # fmt: skip
        address = f"/api/v1/refunds/{number}/{step}/"
        answer = client.post(address, json.dumps(body), content_type="application/json")
        assert 400 <= answer.status_code < 500, step
    for act in ("reroute", "redirect", "cancel", "pay", "approve", "record"):
        client.post(
            f"/desk/refunds/{number}/do/{act}/",
            {
                "reason": "急",
                "way": "bank:transfer",
                "payee_name": "张伟",
                "payee_account": CARD.account,
                "payee_bank": "工行",
            },
        )
    page = client.get(f"/desk/refunds/{number}/")
    assert page.status_code == 200 and "/do/reroute/" not in page.content.decode()
