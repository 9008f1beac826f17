"""What finance reads on its pages: payees, reasons, ways and sums in words (REF-01, REF-05, REF-08)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing import failures
from apps.billing.adapters import alipay, wechat_pay
from apps.billing.models import BankBatch, EvidencePack, Refund, VoidRequest
from apps.billing.services import bank_batches, paying
from apps.billing.services.paying import PAYER
from apps.billing.states import PayChannel
from apps.desk.money import refund_view
from tests.billing.providers import providers, sweep_on  # noqa: F401
from tests.billing.refunding import approve, at_bank
from tests.factories import staff
from tests.money import finance, payment, refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(signed_in):
    return signed_in(staff(Role.FINANCE_OFFICER, "finance"))


def failed_for_want_of_money(providers):  # noqa: F811
    providers.faults.set(next=["no-balance"])
    case = approve(refund(payment("100.00", PayChannel.ALIPAY), amount="100.00"))
    paying.begin(case, actor=PAYER)
    sweep_on(1)
    return Refund.objects.get(pk=case.pk)


@pytest.mark.req("REF-01")
def test_who_signs_a_batch_second_sees_whom_it_pays(officer):
    attempt = at_bank()
    batch = bank_batches.draw_up("generic", actor=finance())

    page = officer.get(reverse("admin:billing_bankbatch_change", args=[batch.pk])).content.decode()

    assert attempt.number in page and attempt.refund.number in page
    assert attempt.refund.payee_account_masked in page and "6222021234567890123" not in page
    assert "88.00" in page and "转账明细" in page and "BankBatchRow object" not in page


def test_before_a_batch_is_drawn_up_or_released_the_page_says_how_much_it_is(officer):
    at_bank()
    assert "1 笔转账，合计 ¥88.00" in officer.get(reverse("admin:billing_bankbatch_draw_up_sheet")).content.decode()
    batch = bank_batches.draw_up("generic", actor=finance())
    asked = officer.get(reverse("admin:billing_bankbatch_release", args=[batch.pk])).content.decode()
    assert "1 笔转账，合计 ¥88.00" in asked and batch.number in asked


def test_a_batch_offers_what_it_can_take_now_and_from_whom(officer):
    at_bank()
    batch = bank_batches.draw_up("generic", actor=finance())
    address = reverse("admin:billing_bankbatch_change", args=[batch.pk])

    def offered():
        page = officer.get(address).content.decode()
        names = ("release", "cancel_batch", "download", "read_result")
        return [name for name in names if reverse(f"admin:billing_bankbatch_{name}", args=[batch.pk]) in page]

    assert offered() == ["release", "cancel_batch"]
    bank_batches.release(batch, actor=finance())
    assert offered() == ["cancel_batch", "download"]
    bank_batches.download(BankBatch.objects.get(), actor=finance())
    assert offered() == ["read_result"]
    BankBatch.objects.update(state="drawn_up", drawn_up_by=officer.session["_auth_user_id"])
    assert offered() == ["cancel_batch"]


def test_a_result_that_cannot_be_read_says_why_in_the_readers_language(officer):
    at_bank()
    batch = bank_batches.draw_up("generic", actor=finance())
    bank_batches.release(batch, actor=finance())
    bank_batches.download(BankBatch.objects.get(), actor=finance())
    address = reverse("admin:billing_bankbatch_read_result", args=[batch.pk])

    asked = officer.get(address).content.decode()
    told = {
        name: officer.post(address, {"file": SimpleUploadedFile(name, content)}).content.decode()
        for name, content in (
            ("a.csv", b"hello\n1\n"), ("b.xml", b"<other/>"), ("c.csv", b"\n"), ("d.xlsx", b"PK no sheet"),
        )
    }  # fmt: skip

    assert "表格须有“商户流水号”" in asked
    assert "缺少“商户流水号”和“状态”两列" in told["a.csv"]
    assert "文件是 XML，但不是 pain.002" in told["b.xml"]
    assert "缺少“商户流水号”" in told["c.csv"]
    assert "表格无法打开" in told["d.xlsx"]


@pytest.mark.req("REF-05")
def test_the_page_says_in_words_why_a_payment_failed(officer, providers):  # noqa: F811
    case = failed_for_want_of_money(providers)

    page = officer.get(f"/desk/refunds/{case.number}/").content.decode()

    assert page.count("我方在渠道的余额不足 (ACQ.SELLER_BALANCE_NOT_ENOUGH)") == 2  # the attempt and the story
    assert "¥100.00" in page


def test_every_code_that_proves_a_failure_has_words():
    proven = alipay.PROVEN | alipay.PROVEN_TRANSFER | wechat_pay.PROVEN | {"CLOSED", "ABNORMAL"}
    assert not {code for code in proven if failures.told(code) == code}
    assert failures.told("SOMETHING_NEW") == "SOMETHING_NEW"


def test_the_overview_sums_what_needs_another_way(officer, providers):  # noqa: F811
    assert "¥100.00" not in officer.get("/desk/money/").content.decode()
    failed_for_want_of_money(providers)
    assert "¥100.00" in officer.get("/desk/money/").content.decode()


def test_a_sum_in_the_story_has_its_separators(officer):
    case = refund(payment("4531.30"), amount="4531.30")
    page = officer.get(f"/desk/refunds/{case.number}/").content.decode()
    assert "¥4,531.30" in page and "¥4531.30" not in page


@pytest.mark.req("REF-09")
def test_points_and_coupons_are_credited_and_go_no_way_back():
    assert refund_view.way("benefit", "refund") == "权益账户 · 发放到账户"
    assert refund_view.way("alipay", "refund") == "支付宝 · 原路退回"


def test_a_pack_carries_the_number_of_its_case():
    void = EvidencePack(case_number="V202611-001", pack_version=1, void_request=VoidRequest())
    assert void.file_name == "pack-V202611-001-v1.zip"


def test_the_simulator_page_names_providers_and_what_will_happen(signed_in, providers, settings):  # noqa: F811
    settings.PAYMENT_SIMULATOR_URL = providers.url
    boss, address = signed_in(staff(Role.FINANCE_MANAGER, "finance")), reverse("admin:billing_provider_simulator")
    boss.post(address, {"fault": "no-balance", "do": "set"})

    page = boss.get(address).content.decode()

    assert "即将发生： 渠道余额不足" in page and "支付宝: ¥" in page
    assert "alipay" not in page.split('class="desk"')[1].split("</form>")[0]


def test_the_api_is_found_by_its_shortest_address(client):
    assert client.get("/api/").url == "/api/docs/"
