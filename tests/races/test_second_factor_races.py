"""What must happen once though many ask at once: a code, a recovery code, a row of an import, a webhook's call (ADM-03, LNK-04)."""

from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier, Thread
from unittest.mock import patch

import pyotp
import pytest
import time_machine
from django.db import connection

from apps.accounts.models import ImportSheet, Webhook, WebhookCall
from apps.accounts.roles import Role
from apps.accounts.services import second_factor, webhooks
from apps.billing.models import Invoice, Payment
from apps.billing.services import imports, takeover
from apps.billing.services.invoices import InvoiceDraft, LineDraft
from apps.billing.services.takeover import PaymentDraft
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.actors import staff as actor_of
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.journal.models import Event
from tests.factories import UserFactory, make_customer, staff

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(n, work):
    """What `work` returned, or the code it raised, in each of `n` threads that begin together."""
    gate, results = Barrier(n), []

    def run():
        try:
            gate.wait()
            results.append(work())
        except DomainError as error:
            results.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def noon():
    """A code lasts for thirty seconds of the clock: none ends meanwhile."""
    with time_machine.travel(datetime(2026, 5, 6, 4, 0, 10, tzinfo=UTC), tick=False):
        yield


@pytest.mark.req("ADM-03")
@pytest.mark.usefixtures("noon")
def test_eight_requests_with_one_code_get_in_once():
    user = UserFactory()
    app = pyotp.TOTP(second_factor.begin(user))
    codes = second_factor.confirm(user, app.at(clock.now(), -1))
    code = app.at(clock.now())

    by_app = at_once(8, lambda: second_factor.check(user, code))
    by_recovery = at_once(3, lambda: second_factor.check(user, codes[0]))

    assert by_app.count(None) == 1 and by_app.count("second_factor.replayed") == 7
    assert by_recovery.count(None) == 1 and by_recovery.count("second_factor.wrong") == 2
    assert second_factor.codes_left(user) == 9


@pytest.mark.req("ADM-03")
@pytest.mark.usefixtures("noon")
def test_wrong_codes_at_once_are_all_counted():
    user = UserFactory()
    app = pyotp.TOTP(second_factor.begin(user))
    second_factor.confirm(user, app.at(clock.now()))

    results = at_once(8, lambda: second_factor.check(user, "000000"))

    assert sorted(results) == ["second_factor.locked"] * 4 + ["second_factor.wrong"] * 4
    assert Event.objects.filter(kind="second_factor.locked").count() == 1


@pytest.mark.req("LNK-04")
def test_four_workers_bring_each_row_in_once():
    boss = actor_of(staff(Role.ADMINISTRATOR, "management", is_superuser=True))
    rows = "\n".join(["客户编号,电话", *(f"K{n},138{n:08d}" for n in range(150))])
    sheet = imports.upload("customers", "x.csv", rows.encode(), actor=boss)

    at_once(4, imports.work_off)
    imports.work_off()
    imports.begin(ImportSheet.objects.get(pk=sheet.pk), actor=boss)
    at_once(4, imports.work_off)
    imports.work_off()

    done = ImportSheet.objects.get()
    assert (done.new, done.changed, done.errors, done.done) == (150, 0, [], 150)
    assert Customer.objects.count() == 150


@pytest.mark.req("LNK-04")
def test_a_payment_told_by_eight_at_once_is_one():
    draft = PaymentDraft("P1", "alipay", make_customer(), 100, clock.now())

    results = at_once(8, lambda: takeover.payment(draft, actor=SYSTEM).outcome)

    assert Payment.objects.count() == 1
    assert sorted(results) == ["new"] + ["same"] * 7


@pytest.mark.req("LNK-04", "VOI-03")
def test_an_invoice_told_by_eight_at_once_is_one():
    line = LineDraft("空气净化器", Decimal(1), Decimal("100.00"), Decimal("0.13"), Decimal("13.00"))
    draft = InvoiceDraft(
        number="26317000000000000077", kind="digital_ordinary", issued_at=clock.now(), buyer_name="张三", lines=[line],
        external_id="ERP-77", facts={"use_confirmed": False},
    )  # fmt: skip

    results = at_once(8, lambda: takeover.invoice(draft, actor=SYSTEM).outcome)

    assert sorted(results) == ["new"] + ["same"] * 7
    assert Invoice.objects.get().lines.count() == Invoice.objects.get().facts.count() == 1


@pytest.mark.req("LNK-04")
def test_four_workers_make_each_call_once():
    hook = Webhook.objects.create(name="ERP", url="https://x.example", secret="s", kinds=["refund.sent"])
    WebhookCall.objects.bulk_create(
        WebhookCall(webhook=hook, event_id=n, kind="refund.sent", body="{}") for n in range(20)
    )
    made = []
    with patch.object(webhooks, "_make", lambda call: (made.append(call.event_id), (204, ""))[1]):
        at_once(4, webhooks.work_off)
        webhooks.work_off()

    assert sorted(made) == list(range(20))
    assert WebhookCall.objects.filter(taken_at=None).count() == 0
