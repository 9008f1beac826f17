"""Tables of customers, products, orders, invoices and payments (LNK-04): checked, brought in, complained about."""

import io
from decimal import Decimal

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from apps.accounts.models import ImportSheet
from apps.accounts.roles import Role
from apps.billing.models import Invoice, Payment
from apps.billing.services import imports
from apps.core.actors import staff as actor_of
from apps.core.errors import DomainError
from apps.crm.models import Customer, Order
from apps.journal.models import Event
from tests.factories import make_customer, staff

pytestmark = [pytest.mark.django_db, pytest.mark.req("LNK-04")]


@pytest.fixture
def boss():
    return actor_of(staff(Role.ADMINISTRATOR, "management", is_superuser=True))


def csv(*lines):
    return "\n".join(lines).encode("gb18030")


def bring_in(kind, content, actor):
    sheet = imports.upload(kind, "表.csv", content, actor=actor)
    imports.work_off()
    imports.begin(sheet, actor=actor)
    imports.work_off()
    return ImportSheet.objects.get(pk=sheet.pk)


def test_the_check_says_what_is_wrong_and_brings_nothing_in(boss):
    table = csv(
        "客户编号,姓名,电话,客户等级",
        "K1,张三,13812345678,VIP",
        "K2,李四,12,",
        ",王五,13812345670,",
        "",
        "K3,赵六,13812345671,最高",
    )
    sheet = imports.upload("customers", "客户.csv", table, actor=boss)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rows FROM accounts_importsheet")
        assert "张三" not in cursor.fetchone()[0]

    imports.work_off()

    sheet = ImportSheet.objects.get(pk=sheet.pk)
    assert (sheet.total, sheet.new, sheet.checked_at is not None) == (4, 1, True)
    assert [(row, column) for row, column, _words in imports.complaints(sheet)] == [
        (3, "电话"),
        (4, "客户编号"),
        (6, "客户等级"),
    ]
    assert Customer.objects.count() == 0
    assert not Event.objects.filter(kind="customer.created").exists()


def test_what_is_right_comes_in_and_again_changes_nothing(boss):
    table = csv("客户编号,姓名,电话", *(f"K{n},张三,138{n:08d}" for n in range(120)), "K999,李四,12")

    first = bring_in("customers", table, boss)
    again = bring_in("customers", table, boss)

    assert (first.new, first.changed, len(first.errors), first.done) == (120, 0, 1, 121)
    assert (again.new, again.changed) == (0, 0)
    assert Customer.objects.count() == 120
    assert first.rows == "" and first.finished_at is not None
    assert Event.objects.filter(kind="import.finished").count() == 2


def test_orders_and_invoices_with_several_lines_and_payments(boss):
    make_customer(external_id="K1")
    bring_in("products", csv("货号,名称", "A,洗衣机", "B,冰箱"), boss)
    head = "订单号,客户编号,状态,下单时间,订单金额,货号,数量,金额"
    orders = bring_in(
        "orders",
        csv(head, "DD1,K1,已签收,2026/5/1 10:30,300,A,1,100", "DD1,K1,已签收,2026/5/1 10:30,300,B,2,200"),
        boss,
    )
    head = "发票号码,发票类型,开票日期,购方名称,订单号,货物名称,数量,金额,税率,税额,价税合计"
    invoices = bring_in(
        "invoices",
        csv(
            head, "'26317000000000000001,digital_ordinary,2026年5月1日,张三,DD1,洗衣机,1,100.00,13%,13.00,339",
            "26317000000000000001,digital_ordinary,2026年5月1日,张三,DD1,冰箱,2,200,0.13,26,339",
            "26317000000000000002,digital_ordinary,2026-05-01,张三,,洗衣机,1,100,13%,14,",
        ),
        boss,
    )  # fmt: skip
    pays = bring_in(
        "payments", csv("支付单号,支付渠道,客户编号,金额,支付时间", 'P1,支付宝,K1,"1,339.00",2026-05-01'), boss
    )

    assert (orders.new, invoices.new, pays.new) == (1, 1, 1), [s.errors for s in (orders, invoices, pays)]
    assert [error["code"] for error in invoices.errors] == ["invoice.line_adds_up"]
    assert Order.objects.get().lines.count() == 2
    assert Invoice.objects.get().gross == Decimal("339.00")
    assert Payment.objects.get().amount == Decimal("1339.00")


def test_an_excel_table_is_read_with_its_dates_and_long_numbers(boss):
    make_customer(external_id="K1")
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(
            [
                ["payment number", "channel", "customer", "amount", "paid at"],
                ["P1", "alipay", "K1", 99.5, "2026-05-01 08:00"],
            ]
        ):
            sheet.write_row(at, 0, row)
    assert bring_in("payments", out.getvalue(), boss).new == 1
    assert Payment.objects.get().amount == Decimal("99.50")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"PK broken", "sheet.unreadable"), (b"", "sheet.column_missing"), ("姓名\n张三".encode(), "sheet.column_missing"),
     ("客户编号\n".encode(), "sheet.empty"), (b"\xff\xfe\x00", "sheet.unreadable")],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_at_once(boss, content, code):
    with pytest.raises(DomainError) as error:
        imports.upload("customers", "x", content, actor=boss)
    assert error.value.code == code


def test_rights_are_those_of_who_uploads(boss):
    service, finance = actor_of(staff(Role.SERVICE_STAFF)), actor_of(staff(Role.FINANCE_OFFICER, "finance"))
    with pytest.raises(DomainError):
        imports.upload("customers", "x", csv("客户编号,电话", "K1,13812345678"), actor=service)
    sheet = imports.upload("customers", "x", csv("客户编号,电话", "K1,13812345678"), actor=finance)
    imports.work_off()
    assert ImportSheet.objects.get().errors[0]["code"] == "core.not_allowed"
    with pytest.raises(DomainError):
        imports.begin(sheet, actor=boss)


def test_the_pages_from_upload_to_the_list_of_errors(client, boss):
    client.force_login(boss.user)
    upload = reverse("admin:accounts_importsheet_bring_in")
    assert "客户编号" in client.get(upload).content.decode()
    file = SimpleUploadedFile("客户.csv", csv("客户编号,电话,姓名", "K1,13812345678,张三", "=1+1,12,李四"))
    page = client.post(upload, {"kind": "customers", "file": file}).url
    assert "every 1s" in client.get(page).content.decode()
    imports.work_off()
    checked = client.get(page).content.decode()
    assert "every 1s" not in checked and "导入正确的行" in checked
    client.post(page, {"do": "begin"})
    imports.work_off()
    done = client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "新增 1 条" in done and "<html" not in done
    errors = client.get(page.replace("change/", "errors.csv")).content.decode("utf-8-sig")
    assert errors.splitlines()[1].startswith("3,电话,")
    wrong = client.post(upload, {"kind": "customers", "file": SimpleUploadedFile("x.csv", b"PK")})
    assert wrong.status_code == 200 and "无法读取" in wrong.content.decode()
    client.force_login(staff(Role.FINANCE_OFFICER, "finance"))
    assert client.get(page).status_code == 404
    assert client.get(reverse("admin:accounts_importsheet_changelist")).status_code == 200


def test_two_workers_take_no_row_twice_and_giving_up_drops_the_rows(boss):
    sheet = imports.upload("customers", "x", csv("客户编号,电话", "K1,13812345678"), actor=boss)
    imports.work_off()
    imports.give_up(sheet, actor=boss)
    assert ImportSheet.objects.get().rows == ""
    with pytest.raises(DomainError):
        imports.begin(sheet, actor=boss)
    assert imports.work_off() == 0


def test_a_row_that_nobody_thought_of_is_refused_and_the_rest_goes_on(boss):
    make_customer(external_id="K1")
    bring_in("products", csv("货号,名称", "A,洗衣机"), boss)
    head = "订单号,客户编号,状态,下单时间,订单金额,货号,数量,金额"
    rows = [
        f"DD{n},K1,已签收,2026-05-01,10,A,{quantity},10" for n, quantity in enumerate(["0", "1.5", "1", "99999999999"])
    ]

    done = bring_in("orders", csv(head, *rows), boss)

    assert [(error["row"], error["code"]) for error in done.errors] == [
        (2, "crm.line_figures"), (3, "crm.line_figures"), (5, "core.server_error"),
    ]  # fmt: skip
    assert done.new == 1 and Order.objects.get().number == "DD2"
