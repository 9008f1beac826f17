"""Evidence packs and accounting months on the desk (ARC-01, ARC-07)."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.archive import building, packs
from apps.billing.models import EvidencePack, Period
from apps.billing.services import periods
from apps.billing.states import PackState, PeriodState
from apps.core import clock
from apps.journal import deliveries
from apps.journal.models import Event
from tests import factories
from tests.archive import case_done, refund_paid

pytestmark = pytest.mark.django_db
OCTOBER = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 5, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_files(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EVIDENCE_HEADS_FILE = tmp_path / "heads.jsonl"


@pytest.fixture
def auditor(client):
    user = factories.staff(Role.AUDITOR)
    client.force_login(user)
    return user


def ready():
    request = case_done()
    deliveries.drain()
    assert building.work_off() == 1
    return packs.latest_for(request)


@pytest.mark.req("ARC-01")
def test_a_pack_is_found_by_case_invoice_and_digest(client, auditor):
    pack, other = ready(), ready()
    for query in (pack.case_number, pack.void_request.invoice.number, pack.sha256[:12]):
        found = client.get(reverse("desk:packs"), {"q": query}).content.decode()
        assert reverse("desk:pack", args=[pack.pk]) in found
        assert reverse("desk:pack", args=[other.pk]) not in found
    assert "没有找到" in client.get(reverse("desk:packs"), {"q": "no such case"}).content.decode()


def test_the_list_goes_on_by_key(client, auditor, monkeypatch):
    first, second, third = ready(), ready(), ready()
    monkeypatch.setattr("apps.desk.views.packs.LISTED", 2)
    page = client.get(reverse("desk:packs"))
    assert [row.pk for row in page.context["packs"]] == [third.pk, second.pk]
    rest = client.get(reverse("desk:packs"), {"after": str(page.context["after"])})
    assert [row.pk for row in rest.context["packs"]] == [first.pk]
    assert rest.context["after"] is None


@pytest.mark.req("ARC-01")
def test_a_download_wants_a_reason_and_brings_the_file(client, auditor):
    pack = ready()
    address = reverse("desk:pack_download", args=[pack.pk])

    refused = client.post(address, {"reason": " "})
    given = client.post(address, {"reason": "三季度审计抽样"})

    assert (refused.status_code, given.status_code) == (422, 200)
    assert hashlib.sha256(given.getvalue()).hexdigest() == pack.sha256
    assert "no-store" in given["Cache-Control"]
    assert pack.file_name in given["Content-Disposition"]
    assert Event.objects.get(kind="pack.downloaded").reason == "三季度审计抽样"
    assert client.get(address).status_code == 405


def test_the_page_verifies_and_tells_what_it_holds(client, auditor):
    pack = ready()
    page = client.post(reverse("desk:pack_verify", args=[pack.pk])).content.decode()
    assert "验证通过" in page
    assert all(row["name"] in page for row in pack.contents)
    assert pack.sha256 in page


def test_packs_are_not_for_everybody(client):
    pack = ready()
    client.force_login(factories.staff(Role.SERVICE_STAFF))
    assert client.get(reverse("desk:packs")).status_code == 403
    assert client.get(reverse("desk:pack", args=[pack.pk])).status_code == 404
    assert client.post(reverse("desk:pack_download", args=[pack.pk]), {"reason": "随便看看"}).status_code == 404
    assert client.get(reverse("desk:build_pack", args=["void", pack.case_number])).status_code == 403
    client.force_login(factories.staff(Role.AUDITOR))
    assert client.get(reverse("desk:build_pack", args=["void", pack.case_number])).status_code == 403
    assert client.get(reverse("desk:pack", args=[uuid4()])).status_code == 404


def test_a_pack_is_asked_for_and_its_progress_shown(client):
    request = case_done()
    client.force_login(factories.staff(Role.FINANCE_OFFICER, "finance"))
    address = reverse("desk:build_pack", args=["void", request.number])

    assert client.post(address, {"reason": ""}).status_code == 422
    sent = client.post(address, {"reason": "税务检查"})
    pack = EvidencePack.objects.get()
    progress = reverse("desk:pack_progress", args=[pack.pk])

    assert sent.url == reverse("desk:pack", args=[pack.pk])
    assert "正在排队" in client.get(progress).content.decode()
    building.work_off()
    over = client.get(progress)
    assert (over.status_code, over["HX-Refresh"]) == (286, "true")
    assert EvidencePack.objects.get().state == PackState.READY


def test_a_destroyed_pack_keeps_its_row(client, auditor):
    pack = ready()
    EvidencePack.objects.filter(pk=pack.pk).update(upload=None)
    page = client.get(reverse("desk:pack", args=[pack.pk])).content.decode()
    assert "已销毁" in page
    assert pack.sha256 in page
    gone = client.post(reverse("desk:pack_download", args=[pack.pk]), {"reason": "三季度审计"})
    assert gone.status_code == 410


def test_pages_of_packs_cost_the_same_however_many_there_are(client, auditor, count_queries):
    ready()
    with count_queries("desk.packs"):
        client.get(reverse("desk:packs"))
    pack = ready()
    with count_queries("desk.packs"):
        client.get(reverse("desk:packs"))
    with count_queries("desk.pack"):
        client.get(reverse("desk:pack", args=[pack.pk]))


@pytest.mark.req("ARC-07")
def test_a_month_is_closed_and_opened_on_its_page(client, count_queries):
    with clock.at(OCTOBER):
        refund_paid()
    manager = factories.staff(Role.FINANCE_MANAGER, "finance")
    client.force_login(manager)
    page = reverse("desk:month", args=["2026-10"])
    with clock.at(NOVEMBER):
        client.get(reverse("desk:months"))
        with count_queries("desk.months"):
            assert "2026-10" in client.get(reverse("desk:months")).content.decode()
        with count_queries("desk.month"):
            assert "-¥100.00" in client.get(page).content.decode()
        client.post(reverse("desk:close_month", args=["2026-10"]))
        assert Period.objects.get(month="2026-10-01").state == PeriodState.CLOSED
        assert "由他人" in client.get(page).content.decode()

        client.force_login(factories.staff(Role.FINANCE_MANAGER, "finance"))
        refused = client.post(reverse("desk:reopen_month", args=["2026-10"]), {"reason": "改"})
        assert refused.status_code == 422
        client.post(reverse("desk:reopen_month", args=["2026-10"]), {"reason": "供应商账单补到，需要更正"})
        assert Period.objects.get(month="2026-10-01").state == PeriodState.OPEN

        client.post(reverse("desk:close_month", args=["2026-10"]))
        shown = client.get(page).content.decode()
        assert "供应商账单补到，需要更正" in shown  # closed again, it still tells that it had been opened, and why
        assert (
            "open →" not in shown and "-¥200.00" not in shown
        )  # what a return is on paper and in money isn't added up


def test_what_keeps_a_month_open_is_named_with_its_way(client):
    with clock.at(OCTOBER - timedelta(days=40)):
        refund_paid()
    client.force_login(factories.staff(Role.FINANCE_MANAGER, "finance"))
    with clock.at(NOVEMBER):
        assert periods.blocks(datetime(2026, 10, 1, tzinfo=UTC).date())
        answer = client.post(reverse("desk:close_month", args=["2026-10"]))
        assert answer.status_code == 409
        assert reverse("desk:month", args=["2026-09"]) in answer.content.decode()
    for wrong in ("2026-13", "x", "2026", "0000-01"):
        assert client.get(reverse("desk:month", args=[wrong])).status_code == 404


def test_months_are_for_finance(client):
    client.force_login(factories.staff(Role.SERVICE_STAFF))
    assert client.get(reverse("desk:months")).status_code == 403
    assert client.post(reverse("desk:close_month", args=["2026-10"])).status_code == 403


@pytest.mark.req("ARC-01", "VOI-07")
def test_the_pack_is_one_click_from_its_case(client):
    pack = ready()
    paid = refund_paid()
    client.force_login(factories.staff(Role.FINANCE_OFFICER, "finance"))
    void_page = client.get(reverse("desk:void_request", args=[pack.case_number])).content.decode()
    refund_page = client.get(reverse("desk:refund", args=[paid.number])).content.decode()
    assert reverse("desk:pack", args=[pack.pk]) in void_page
    assert reverse("desk:build_pack", args=["refund", paid.number]) in refund_page
