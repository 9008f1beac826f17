"""The pages of batches, differences, gates, floats and the simulator."""

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.models import BankBatch, Difference, ProviderFloat, RefundAttempt, RefundGate, StatementRun
from apps.billing.services import differences
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from apps.sla.models import Deadline
from tests.billing.providers import providers  # noqa: F401
from tests.billing.refunding import at_bank
from tests.factories import staff
from tests.money import invoice

pytestmark = pytest.mark.django_db
LISTS = ["bankbatch", "statementrun", "difference", "refundgate", "providerfloat"]


@pytest.fixture
def boss(client):
    user = staff(Role.FINANCE_MANAGER, "finance")
    client.force_login(user)
    return user


@pytest.mark.parametrize("name", LISTS)
def test_finance_sees_the_list_and_service_staff_do_not(name, client, boss):
    address = reverse(f"admin:billing_{name}_changelist")
    assert client.get(address).status_code == 200
    client.force_login(staff(Role.SERVICE_STAFF))
    assert client.get(address).status_code == 403


def test_a_batch_from_the_list_to_its_file(client, boss):
    refund = at_bank().refund
    asked = client.get(reverse("admin:billing_bankbatch_draw_up_sheet")).content.decode()
    assert refund.number in asked
    assert refund.payee_account_masked in asked
    assert "6222021234567890123" not in asked
    assert not BankBatch.objects.exists()
    answer = client.post(reverse("admin:billing_bankbatch_draw_up_sheet"))
    batch = BankBatch.objects.get()
    page = reverse("admin:billing_bankbatch_change", args=[batch.pk])
    assert answer.url == page
    assert "6222021234567890123" not in client.get(page).content.decode()
    client.post(reverse("admin:billing_bankbatch_release", args=[batch.pk]))
    assert BankBatch.objects.get().state == "drawn_up"  # one's own is not released
    client.force_login(staff(Role.FINANCE_OFFICER, "finance"))
    client.post(reverse("admin:billing_bankbatch_release", args=[batch.pk]))
    file = client.post(reverse("admin:billing_bankbatch_download", args=[batch.pk]))
    assert file.content[:2] == b"PK"
    assert client.get(reverse("admin:billing_bankbatch_read_result", args=[batch.pk])).status_code == 200


def test_where_nothing_waits_no_batch_is_offered(client, boss):
    answer = client.get(reverse("admin:billing_bankbatch_draw_up_sheet"), follow=True)

    assert answer.redirect_chain[-1][0] == reverse("admin:billing_bankbatch_changelist")
    assert str(DomainError("batch.empty").words) in answer.content.decode()


def test_rules_are_changed_through_the_services(client, boss):
    row = RefundGate.objects.first()
    values = {"position": 100, "reason_code": "", "up_to": "300", "effective_from": "2024-12-01", "note": ""}
    client.post(reverse("admin:billing_refundgate_change", args=[row.pk]), values)
    assert not RefundGate.objects.get(pk=row.pk).before_red
    float_ = ProviderFloat.objects.get(channel="alipay")
    client.post(
        reverse("admin:billing_providerfloat_change", args=[float_.pk]),
        {"reserve": "10", "warn_below": "5", "reroute_after": "4"},
    )
    assert ProviderFloat.objects.get(channel="alipay").reroute_after == 4
    assert Event.objects.filter(kind__in=["billing.refund_gates_changed", "float.rule_changed"]).count() == 2


def test_the_simulator_page_switches_faults(client, boss, providers, settings):  # noqa: F811
    address = reverse("admin:billing_provider_simulator")
    settings.PAYMENT_SIMULATOR_URL = ""
    assert client.get(address).status_code == 404
    settings.PAYMENT_SIMULATOR_URL = providers.url
    assert client.get(address).status_code == 200
    client.post(address, {"fault": "no-balance", "do": "set"})
    assert [fault.value for fault in providers.faults.next] == ["no-balance"]
    client.post(address, {"do": "clear"})
    assert not providers.faults.next


@pytest.mark.req("REF-10")
def test_a_difference_leads_to_its_refund_says_when_it_is_due_and_how_it_is_settled(client, boss):
    batch_row = at_bank()
    attempt = RefundAttempt.objects.get()
    row = differences.paid_twice(attempt)
    page = reverse("admin:billing_difference_change", args=[row.pk])

    shown = client.get(page).content.decode()
    refused = client.post(page, {"owner": boss.pk, "resolution": "已追\x07回"}, follow=True).content.decode()
    client.post(page, {"owner": boss.pk, "resolution": "已向银行追回"})

    assert batch_row is not None and reverse("desk:refund", args=[attempt.refund.number]) in shown
    assert "保存即为办结" in shown
    assert f"{clock.local(Deadline.objects.get(subject_id=row.pk).due_at):%H:%M}" in shown
    assert "成功修改" not in refused
    assert Difference.objects.get().state == "resolved"


def test_the_record_of_an_invoice_is_chinese_throughout(client, boss):
    of = invoice()

    shown = client.get(reverse("admin:billing_invoice_change", args=[of.pk])).content.decode()

    assert "已占用或已冲数量" in shown and "登记人" in shown
    assert "Held quantity" not in shown and "Recorded by" not in shown


def test_a_day_is_compared_from_the_list_of_comparisons(client, boss, providers):  # noqa: F811
    address = reverse("admin:billing_statementrun_compare")
    assert address in client.get(reverse("admin:billing_statementrun_changelist")).content.decode()
    today = clock.local(clock.now()).date()

    wrong = client.post(address, {"channel": "alipay", "day": "2019-01-01"})
    done = client.post(address, {"channel": "alipay", "day": today.isoformat()})

    assert (wrong.status_code, "30" in wrong.content.decode()) == (200, True)
    assert (done.status_code, StatementRun.objects.get().day) == (302, today)
    client.force_login(staff(Role.AUDITOR))
    assert client.post(address, {"channel": "alipay", "day": today.isoformat()}).status_code == 403


def test_sums_stand_in_yuan_and_fen_in_the_lists(client, boss):
    ProviderFloat.objects.filter(channel="alipay").update(balance="-1234567.5")

    lists = {name: client.get(reverse(f"admin:billing_{name}_changelist")).content.decode() for name in LISTS}

    assert "-¥1,234,567.50" in lists["providerfloat"]
    assert "¥" in lists["refundgate"]
