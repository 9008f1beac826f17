"""The pages of batches, differences, gates, floats and the simulator."""

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.models import BankBatch, ProviderFloat, RefundGate
from apps.journal.models import Event
from tests.billing.providers import providers  # noqa: F401
from tests.billing.test_refund_ways import at_bank
from tests.factories import staff

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
    at_bank()
    assert client.get(reverse("admin:billing_bankbatch_draw_up_sheet")).status_code == 200
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
