"""Reading a table as people export it."""

from datetime import UTC, date, datetime

import pytest

from apps.core.errors import DomainError
from apps.feedback import csv_table


def table(tmp_path, text, encoding="utf-8", name="feedback.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return csv_table.open_table(path)


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030")]
)
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encoding_and_separator_are_found_out(tmp_path, encoding, found, separator):
    read = table(tmp_path, f"姓名{separator}内容\r\n张三{separator}洗衣机漏水\r\n", encoding)

    assert (read.encoding, read.separator) == (found, separator)
    assert [line.values for line in read] == [{"name": "张三", "text": "洗衣机漏水"}]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("内容", "text"), ("反馈内容（必填）", "text"), ("Description", "text"), ("手机号码", "phone"), ("Order No.", "order_number"),
        ("order_number", "order_number"), ("订单号*", "order_number"), ("E-mail", "email"), ("产品类别", "product_group"),
        ("positive", None),
    ],
)  # fmt: skip
def test_headings_are_known_in_their_usual_spellings(tmp_path, heading, field):
    first = "text" if field != "text" else "name"

    assert table(tmp_path, f"{first},{heading}\na,b\n").columns[1] == field


def test_cells_may_hold_line_ends_and_quotation_marks_and_lines_are_counted_as_in_an_editor(tmp_path):
    read = list(table(tmp_path, 'text,name\n"第一行\n第二行，""引号""",张三\n\n  ,\n第二条,李四\n'))

    assert [(line.number, line.values["name"]) for line in read] == [(2, "张三"), (6, "李四")]
    assert read[0].values["text"] == '第一行\n第二行，"引号"'


def test_a_broken_row_is_told_and_the_next_one_is_read(tmp_path):
    read = list(table(tmp_path, 'text,name\n"好"坏,张三\n好,李四,多余\n好,王五\n'))

    assert [(line.number, line.error.code if line.error else None) for line in read] == [
        (2, "import.unreadable_row"),
        (3, "import.too_many_cells"),
        (4, None),
    ]


def test_an_open_quotation_mark_at_the_end_is_told(tmp_path):
    assert [line.error and line.error.code for line in table(tmp_path, 'text\n好\n"没有结束\n')] == [
        None,
        "import.unreadable_row",
    ]


def test_stray_control_characters_are_dropped_but_nul_is_not(tmp_path):
    read = list(table(tmp_path, "text\n\ufeff\x08早上\x0b好\na\x00b\n"))

    assert [line.values["text"] for line in read] == ["早上好", "a\x00b"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.no_text_column"),
        (b"name,phone\n", "import.no_text_column"),
        ("text,内容\n".encode(), "import.same_column"),
        (b"text\n\xff\xff\xff\xff\n", "import.unknown_encoding"),
    ],
)
def test_a_file_that_is_no_table_of_feedback_is_refused(tmp_path, content, code):
    with pytest.raises(DomainError) as refused:
        table(tmp_path, content)

    assert refused.value.code == code
    assert refused.value.words


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DomainError) as refused:
        csv_table.open_table(tmp_path / "nothing.csv")

    assert refused.value.code == "import.unreadable_file"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01", datetime(2024, 4, 30, 16, tzinfo=UTC)),
        ("2024/5/1 13:30", datetime(2024, 5, 1, 5, 30, tzinfo=UTC)),
        ("2024年5月1日 13时30分", datetime(2024, 5, 1, 5, 30, tzinfo=UTC)),
        ("2024.05.01", datetime(2024, 4, 30, 16, tzinfo=UTC)),
        ("20240501", datetime(2024, 4, 30, 16, tzinfo=UTC)),
        ("2024-05-01T13:30:15", datetime(2024, 5, 1, 5, 30, 15, tzinfo=UTC)),
        ("2024-05-01T13:30:15Z", datetime(2024, 5, 1, 13, 30, 15, tzinfo=UTC)),
        ("２０２４-05-01", datetime(2024, 4, 30, 16, tzinfo=UTC)),
    ],
)
def test_moments_are_read_in_the_usual_spellings_and_are_shanghais(text, moment):
    assert csv_table.moment_of("received_at", text) == moment


def test_a_date_is_the_day_in_shanghai():
    assert csv_table.date_of("ship_date", "2024-05-01T20:00:00Z") == date(2024, 5, 2)


@pytest.mark.parametrize(
    "text", ["gestern", "2024-13-01", "2024-02-30", "0000-01-01", "1.5.2024", "2024-05-01 25:00", "45000"]
)
def test_what_is_no_date_is_told(text):
    with pytest.raises(DomainError) as refused:
        csv_table.moment_of("received_at", text)

    assert (refused.value.code, refused.value.field) == ("import.date", "received_at")


def test_numbers_are_whole(tmp_path):
    assert [csv_table.number_of("defect_quantity", text) for text in ("3", "1,200", "4.0", " 5 ")] == [3, 1200, 4, 5]
    for text in ("-1", "1.5", "three", "9999999", "١"):
        with pytest.raises(DomainError):
            csv_table.number_of("defect_quantity", text)


@pytest.mark.parametrize("text", ["complaint", "Complaint", " COMPLAINT "])
def test_choices_are_known_by_code_and_label(text):
    assert csv_table.choice_of("kind", text) == "complaint"
    assert csv_table.choice_of("kind", "praise") == "praise"
