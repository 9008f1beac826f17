"""Void requests from a sheet (VOI-08): what the preview says of each row, what is filed, and what it costs."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.billing.models import Invoice, InvoiceLine, RequestSheet, VoidReason, VoidRequest
from apps.billing.services import request_sheets, voids
from apps.core.errors import DomainError
from tests.money import finance, invoice, line, void_request
from tests.query_counts import count_queries

pytestmark = pytest.mark.django_db


def sheet(*rows):
    return "\n".join(["发票号码,原因代码,金额,说明", *(",".join(row) for row in rows)]).encode("gb18030")


def coded(*rows):
    return "\n".join(["发票代码,发票号码,原因代码", *(",".join(row) for row in rows)]).encode()


def said(rows):
    return [(row.error.code, row.error.data) if row.error else "" for row in rows]


@pytest.mark.req("VOI-08")
def test_a_sheet_shows_what_is_wrong_in_each_row_and_files_the_good_ones_once():
    good, other, dear = invoice(), invoice(), invoice()
    content = sheet(
        (good.number, "01", "1130.00", "抬头开错"), ("123", "01", "", ""), (other.number, "77", "", ""),
        (dear.number, "01", "99.00", ""), (good.number, "01", "", ""), (other.number, "01", "x", "=cmd|' /C calc'!A0"),
    )  # fmt: skip

    found = request_sheets.preview(content)

    assert [(row.row, row.error.code if row.error else "") for row in found] == [
        (2, ""), (3, "sheet.no_invoice"), (4, "void.reason_unknown"), (5, "sheet.amount_differs"), (6, "sheet.twice"),
        (7, "sheet.twice"),
    ]  # fmt: skip
    assert not VoidRequest.objects.exists() and not RequestSheet.objects.exists()
    officer = finance()
    filed = request_sheets.file(content, "作废.csv", actor=officer)
    again = request_sheets.file(content, "作废.csv", actor=officer)
    assert (filed.new, filed.known, len(filed.wrong)) == (1, 0, 5)
    assert (again.new, again.known) == (0, 1)
    assert VoidRequest.objects.get().amount == Decimal("1130.00")
    assert "'=cmd" in request_sheets.errors_as_csv(filed.wrong)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "sheet.column_missing"), (b"PK\x03\x04nothing", "sheet.unreadable"), (b"a\0b", "sheet.unreadable"),
     ("发票号码\n1".encode(), "sheet.column_missing")],
)  # fmt: skip
def test_what_is_no_sheet_is_refused_with_words(content, code):
    with pytest.raises(DomainError) as caught:
        request_sheets.preview(content)
    assert caught.value.code == code and caught.value.words


@pytest.mark.req("VOI-05", "VOI-08")
def test_the_preview_refuses_what_filing_would_refuse():
    ended, red, waiting, partly, gone = (
        invoice(),
        invoice(),
        invoice(),
        invoice(line("100.00"), line("200.00")),
        invoice(),
    )
    Invoice.objects.filter(pk=ended.pk).update(state="voided")
    Invoice.objects.filter(pk=red.pk).update(red_of=ended, net=-1, tax=0, gross=-1)
    other = void_request(waiting)
    done = void_request(
        partly, reason="04", asks=[voids.balance.Ask(partly.lines.get(position=1), net=Decimal("100.00"))]
    )
    VoidRequest.objects.filter(pk=done.pk).update(state="done")
    for each in gone.lines.all():
        InvoiceLine.objects.filter(pk=each.pk).update(held_net=each.net, held_tax=each.tax, held_quantity=each.quantity)
    rows = [ended, red, waiting, gone]

    found = request_sheets.preview(
        sheet(*((row.number, "01", "", "") for row in rows), (partly.number, "04", "226.00", ""))
    )

    state = Invoice.objects.get(pk=gone.pk).get_state_display()
    assert said(found) == [
        ("invoice.ended", {"number": ended.number, "state": "已作废"}),
        ("invoice.is_red", {"number": red.number}),
        ("void.waiting", {"number": other.number}),
        ("invoice.ended", {"number": gone.number, "state": state}),
        "",
    ]
    filed = request_sheets.file(sheet(*((row.number, "01", "", "") for row in rows)), "x.csv", actor=finance())
    assert (filed.new, said(filed.wrong)) == (0, said(found)[:4])


@pytest.mark.req("VOI-08")
def test_reasons_are_those_of_the_invoices_kind_and_of_today():
    paper, digital = invoice(kind="paper_special", number="00112233", code="3100261130"), invoice()
    late, unknown = invoice(), invoice()
    VoidReason.objects.filter(digital=True, code="02").update(effective_to=date(2025, 1, 1))
    VoidReason.objects.filter(digital=False, code="04").update(effective_to=date(2025, 1, 1))

    found = request_sheets.preview(
        sheet(
            *(
                (one.number, code, "", "")
                for one, code in ((paper, "04"), (digital, "04"), (late, "02"), (unknown, "88"))
            )
        ),
    )

    wrong = "void.reason_unknown"
    assert said(found) == [(wrong, {"reason": "04"}), "", (wrong, {"reason": "02"}), (wrong, {"reason": "88"})]


@pytest.mark.req("VOI-08")
def test_a_number_that_two_invoices_bear_needs_its_code():
    one = invoice(kind="paper_special", number="00112233", code="3100261130")
    other = invoice(kind="paper_special", number="00112233", code="3100261131")

    found = request_sheets.preview(
        coded(
            ("", one.number, "01"), ("'3100261131", "0011 2233", "01"), ("3100261130", "'00112233", "01"),
            ("3100261139", one.number, "01"), ("", "", "01"),
        ),
    )  # fmt: skip

    assert [row.invoice for row in found] == [None, other, one, None, None]
    assert [code for code, _ in filter(None, said(found))] == [
        "sheet.invoice_not_unique", "sheet.no_invoice", "invoice.number_missing",
    ]  # fmt: skip


@pytest.mark.req("VOI-08")
def test_a_preview_costs_as_many_queries_for_fifty_rows_as_for_one():
    many = [invoice() for _ in range(50)]
    void_request(many[7])
    rows = [(each.number, "01", "1130.00", "") for each in many]

    with count_queries("billing.sheet_preview"):
        request_sheets.preview(sheet(rows[0]))
    with count_queries("billing.sheet_preview"), CaptureQueriesContext(connection) as asked:
        found = request_sheets.preview(sheet(*rows))

    assert [row.row for row in found if row.error] == [9]
    assert not [query for query in asked.captured_queries if "FOR " in query["sql"] or "SAVEPOINT" in query["sql"]]
