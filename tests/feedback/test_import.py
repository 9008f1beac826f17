"""`manage.py import_feedback`: nothing lost, nothing twice, whatever happens in between."""

import csv
import subprocess
import sys
import time
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from apps.core import locks
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from apps.journal.models import Event
from tests import factories

HEADER = "source,row,product_group,positive,text\n"


def reviews(count):
    return HEADER + "".join(f"shop,{n},手机,0,第{n}部手机用了三天就无法开机，要求退货\n" for n in range(count))


def written(tmp_path, text, name="reviews.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def run(path, **options):
    out, err = StringIO(), StringIO()
    call_command("import_feedback", str(path), **{"channel": "online", **options}, stdout=out, stderr=err)
    return out.getvalue()


def errors_of(path):
    with path.with_name(f"{path.stem}.errors.csv").open(encoding="utf-8-sig", newline="") as handle:
        return [(int(row["line"]), row["field"]) for row in csv.DictReader(handle)]


@pytest.mark.django_db
@pytest.mark.req("LNK-04", "INT-01", "INT-02")
def test_every_row_goes_through_the_intake(tmp_path):
    said = run(written(tmp_path, reviews(3)))

    tickets = Ticket.objects.order_by("number")
    assert [t.number[-3:] for t in tickets] == ["001", "002", "003"]
    assert {t.external_ref for t in tickets} == {f"reviews:shop:{n}" for n in range(3)}
    assert {t.category.slug for t in tickets} == {"technical"}
    assert all(t.next_due_at and t.priority_parts and t.department_id for t in tickets)
    assert Event.objects.filter(kind="ticket.received", subject_id__in=[t.pk for t in tickets]).count() == 3
    assert Customer.objects.filter(external_id="shop:2").exists()
    assert "3 rows: 3 added, 0 known, 0 with errors" in said
    assert "Category “other”: 0 (0.0% of the added)" in said


@pytest.mark.django_db
@pytest.mark.req("LNK-04")
def test_a_second_run_adds_nothing_and_a_longer_table_only_what_is_new(tmp_path):
    run(written(tmp_path, reviews(3)))

    assert "3 rows: 0 added, 3 known" in run(written(tmp_path, reviews(3)))
    assert "5 rows: 2 added, 3 known" in run(written(tmp_path, reviews(5)))
    assert "5 added" in run(written(tmp_path, reviews(5)), batch="another table")
    assert Ticket.objects.count() == 10


@pytest.mark.django_db
def test_rows_without_references_are_told_apart_by_what_they_say(tmp_path):
    same = "内容,手机\n洗衣机漏水,13812345678\n洗衣机漏水,13812345678\n冰箱不制冷,13812345678\n"

    assert "3 added" in run(written(tmp_path, same))
    assert "0 added, 3 known" in run(written(tmp_path, same))


@pytest.mark.django_db
@pytest.mark.req("LNK-04")
def test_a_bad_row_is_written_down_and_the_rest_goes_on(tmp_path):
    path = written(
        tmp_path,
        "编号,内容,姓名,手机,发货日期,数量,类型,订单号\n"
        "1,洗衣机漏水,张三,13812345678,2024/5/1,2,故障,DD-1\n"
        "2,,李四,13812345679,,,,\n"
        "3,冰箱不制冷,王五,123,2999-01-01,many,,\n"
        "4,电视黑屏,赵六,13812345670,,,praise,\n"
        "5,空调不制冷,,,,,,\n"
        "1,再次反映,张三,13812345678,,,,\n"
        '6,"坏"行,张三,13812345678,,,,\n'
        "7,a\0b,张三,13812345678,,,,\n"
        f"8,{'长' * 20_001},张三,13812345678,,,,\n"
        "9\0,内容,张三,13812345678,,,,\n"
        "10,风扇异响,张三,13812345678,,,complaint,DD-2\n",
    )

    said = run(path)

    assert "11 rows: 2 added, 0 known, 9 with errors" in said
    assert errors_of(path) == [
        (3, "text"), (4, "defect_quantity"), (4, "ship_date"), (4, "phone"), (5, "kind"), (6, "phone"), (7, "reference"),
        (8, ""), (9, "text"), (10, "text"), (11, "external_ref"),
    ]  # fmt: skip
    assert sorted(Ticket.objects.values_list("number", flat=True))[-1].endswith("-002")
    good = Ticket.objects.get(external_ref="reviews:1")
    assert (good.order_number, good.defect_quantity, str(good.ship_date)) == ("DD-1", 2, "2024-05-01")


@pytest.mark.django_db
def test_the_same_person_in_two_rows_is_one_customer(tmp_path):
    run(written(tmp_path, "内容,姓名,手机\n洗衣机漏水,张三,138 1234 5678\n还是漏水,张三,+86-13812345678\n"))

    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_checking_adds_nothing_and_errors_of_before_go(tmp_path):
    path = written(tmp_path, HEADER + "shop,1,手机,0,\n")

    assert "1 rows checked, 0 known, 1 with errors" in run(path, check=True)
    assert errors_of(path) == [(2, "text")]
    assert "1 rows checked, 0 known, 0 with errors" in run(written(tmp_path, reviews(1)), check=True)
    assert not path.with_name("reviews.errors.csv").exists()
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_a_table_of_nothing_we_know_is_refused(tmp_path):
    with pytest.raises(CommandError, match=r"phone"):
        run(written(tmp_path, "name,phone\n张三,13812345678\n"))
    with pytest.raises(CommandError):
        run(tmp_path / "nothing.csv")
    with pytest.raises(CommandError, match="--batch"):
        run(written(tmp_path, reviews(1)), batch="x" * 61)


@pytest.mark.django_db
def test_what_was_imported_is_on_record(tmp_path):
    run(written(tmp_path, reviews(2)))
    run(written(tmp_path, reviews(2)))

    record = Event.objects.get(kind="feedback.imported")
    assert (record.actor_label, record.data["batch"], record.data["added"]) == ("system:import", "reviews", 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.long
def test_a_batch_is_imported_by_one_process_at_a_time(tmp_path, process_env):
    path = written(tmp_path, reviews(1))
    command = [sys.executable, "manage.py", "import_feedback", str(path), "--channel", "online"]

    with locks.alone("import:reviews") as free:
        assert free
        second = subprocess.run(command, cwd=settings.BASE_DIR, env=process_env, capture_output=True, text=True)

    assert second.returncode == 1
    assert "reviews" in second.stderr
    assert not Ticket.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("LNK-04", "INT-02")
@pytest.mark.long
def test_killed_half_way_and_run_again_nothing_is_lost_or_doubled(tmp_path, process_env):
    path = written(tmp_path, reviews(250))
    command = [sys.executable, "manage.py", "import_feedback", str(path), "--channel", "online"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=process_env, stderr=subprocess.DEVNULL)
    while Ticket.objects.count() < 30 and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    half = Ticket.objects.count()
    factories.ticket()  # the desk goes on meanwhile

    subprocess.run(command, cwd=settings.BASE_DIR, env=process_env, check=True, stdout=subprocess.DEVNULL)

    assert 30 <= half < 250
    assert Ticket.objects.filter(external_ref__startswith="reviews:").count() == 250
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT number), max(split_part(number, '-', 2)::int) FROM feedback_ticket")
        assert cursor.fetchone() == (251, 251)
    assert Event.objects.filter(kind="ticket.received").count() == 251
