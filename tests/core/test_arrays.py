from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.core import arrays

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@pytest.mark.django_db(transaction=True)
@given(st.lists(st.none() | TEXT))
def test_any_text_comes_back_as_it_was(values):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [arrays.literal(values)])

        assert cursor.fetchone()[0] == values


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("uuid", [UUID("01890a5d-ac96-774b-bcce-b302099a8057"), None]),
        ("bigint", [1, -2, None]),
        ("timestamptz", [datetime(2026, 11, 16, 2, 0, 0, 5, tzinfo=UTC), None]),
        ("bytea", [b'\x00\xff\\"', b"", None]),
    ],
)
def test_other_types_too(type_, values):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT v FROM unnest(%s::{type_}[]) AS v", [arrays.literal(values)])
        found = [row[0] for row in cursor.fetchall()]

    assert [bytes(v) if isinstance(v, memoryview) else v for v in found] == values
