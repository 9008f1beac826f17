"""Bank batches: drawn up, released by a second person, downloaded once, read back (REF-08)."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lxml import etree

from apps.accounts.roles import Role
from apps.billing.bank import files
from apps.billing.models import BankBatchRow, RefundAttempt
from apps.billing.services import bank_batches
from apps.billing.states import BatchState, Layout
from apps.core import clock
from apps.core.errors import DomainError
from tests.billing.refunding import at_bank
from tests.money import finance

pytestmark = pytest.mark.django_db


@pytest.mark.req("REF-01")
@pytest.mark.parametrize("layout", Layout.values)
def test_a_batch_is_drawn_up_released_by_another_downloaded_once_and_read_back(layout, settings):
    settings.BANK_DEBTOR = {"name": "晴川电器", "account": "1001244300000000001", "bank": "102100099996"}
    attempts = [at_bank(amount=a) for a in ("88.00", "12.50", "1.00")]
    maker, checker = finance(), finance(Role.FINANCE_MANAGER)
    batch = bank_batches.draw_up(layout, actor=maker)
    assert (batch.count, batch.total) == (3, Decimal("101.50"))
    with pytest.raises(DomainError) as caught:
        bank_batches.draw_up(layout, actor=maker)
    assert caught.value.code == "batch.empty"
    with pytest.raises(DomainError) as caught:
        bank_batches.release(batch, actor=maker)
    assert caught.value.code == "batch.own"
    released = bank_batches.release(batch, actor=checker)
    _name, content = bank_batches.download(released, actor=maker)
    assert content
    with pytest.raises(DomainError) as caught:
        bank_batches.download(released, actor=maker)
    assert caught.value.code == "batch.taken"
    if layout == Layout.PAIN001:
        assert files.invalid(content) == []

    table = io.StringIO()
    rows = [["商户流水号", "金额", "状态", "原因"], [attempts[0].number, "88.00", "成功", ""],
            [attempts[1].number, "12.51", "成功", ""], ["R404", "1", "成功", ""],
            [attempts[2].number, "1.00", "失败", "户名不符"]]  # fmt: skip
    csv.writer(table).writerows(rows)
    read = bank_batches.read_result(batch, "result.csv", table.getvalue().encode("gb18030"), actor=maker)
    assert (read.settled, read.waiting) == (2, 1)
    assert [e.code for e in read.errors] == ["batch.row_amount", "batch.row_unknown"]
    again = bank_batches.read_result(batch, "result.csv", table.getvalue().encode("gb18030"), actor=maker)
    assert again.settled == 0
    states = {a.number: a.refund.state for a in RefundAttempt.objects.select_related("refund")}
    assert [states[a.number] for a in attempts] == ["succeeded", "processing", "needs_fallback"]

    pain002 = _pain002([(attempts[1].number, "ACSC")])
    assert bank_batches.read_result(batch, "r.xml", pain002, actor=maker).waiting == 0
    batch.__class__.objects.get(pk=batch.pk, state=BatchState.DONE)


def _pain002(rows):
    root = etree.Element("{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}Document")
    for number, state in rows:
        item = etree.SubElement(root, "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}TxInfAndSts")
        etree.SubElement(item, "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}OrgnlEndToEndId").text = number
        etree.SubElement(item, "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}TxSts").text = state
    return etree.tostring(root)


def test_a_cancelled_batch_gives_its_transfers_back_and_a_broken_result_changes_nothing():
    at_bank()
    maker, checker = finance(), finance()
    batch = bank_batches.draw_up(Layout.GENERIC, actor=maker)
    with pytest.raises(DomainError) as caught:
        bank_batches.read_result(batch, "r.csv", b"x", actor=maker)
    assert caught.value.code == "batch.not_with_bank"
    bank_batches.cancel(batch, actor=maker, reason="重做")
    second = bank_batches.draw_up(Layout.GENERIC, actor=maker)
    bank_batches.download(bank_batches.release(second, actor=checker), actor=maker)
    for name, content in (("r.xlsx", b"PK broken"), ("r.xml", b"<a/>"), ("r.csv", b""), ("r.csv", b"a,b\n1,2")):
        with pytest.raises(DomainError) as caught:
            bank_batches.read_result(second, name, content, actor=maker)
        assert caught.value.code == "batch.unreadable"
    assert BankBatchRow.objects.filter(alive=True).count() == 1


def test_cells_that_look_like_formulas_stay_text():
    content = files.sheet(
        Layout.GENERIC, [files.Transfer("R1", "=1+1", "6222", "@bank", Decimal("1.00"), "x")],
        files.Debtor("a", "b", "c"), clock.now(),
    )  # fmt: skip
    import python_calamine

    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[1][2:5] == ["'=1+1", "6222", "'@bank"]


@pytest.mark.req("REF-01")
def test_what_is_drawn_up_after_midnight_is_to_be_paid_on_that_day_and_not_the_day_before():
    row, debtor = (
        files.Transfer("R1", "张伟", "6222", "工行", Decimal("1.00"), "x"),
        files.Debtor("a", "1001", "102100099996"),
    )
    night = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # 01:00 on 1 December in Shanghai
    import python_calamine

    sheet, message = files.sheet(Layout.ICBC, [row], debtor, night), files.pain001("B1", [row], debtor, night)

    cells = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0).to_python()
    assert dict(zip(*cells, strict=True))["日期"] == "20261201"
    assert etree.fromstring(message).findtext(".//{*}ReqdExctnDt/{*}Dt") == "2026-12-01"
