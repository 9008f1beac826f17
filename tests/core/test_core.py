"""Numbers, money, masking, encrypted fields, the clock and the catalogue of errors."""

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.core import clock, masking, money, numbers
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.crm.models import Customer


@pytest.mark.req("INT-02")
@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_number_is_taken_again():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert numbers.take("s") == 1
        raise ZeroDivisionError
    with transaction.atomic():
        assert numbers.take("s") == 1


@pytest.mark.django_db(transaction=True)
def test_a_number_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError):
        numbers.take("s")


@pytest.mark.req("INT-02")
@pytest.mark.django_db(transaction=True)
def test_numbers_taken_by_many_threads_have_no_gap_and_no_double():
    taken: list[int] = []

    def take_twenty():
        for _ in range(20):
            with transaction.atomic():
                taken.append(numbers.take("s"))
        connection.close()

    threads = [threading.Thread(target=take_twenty) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(1, 321))


@given(total=st.integers(-(10**9), 10**9), weights=st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_shares_add_up_to_the_fen(total, weights):
    if not any(weights):
        weights[0] = 1
    amount = Decimal(total) / 100
    shares = money.split(amount, weights)
    assert sum(shares) == amount
    assert all(abs(s - amount * w / sum(weights)) < Decimal("0.01") for s, w in zip(shares, weights, strict=True))


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1234.5", "1234.5"), ("￥ 1,234.50", "1234.50"), (" ¥8 ", "8"), ("１２，３４５．６", "12345.6"), ("-3", "-3"),
        ("1_000", None), ("1e3", None), ("1,23", None), ("NaN", None), ("", None), ("1000000000000", None),
        ("٣", None), ("8元", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_offices_write_it_or_not_at_all(written, amount):
    assert money.read(written) == (None if amount is None else Decimal(amount))


def test_fen_rounds_half_up():
    assert money.fen("1.005") == Decimal("1.01")
    assert money.fen(Decimal("-1.005")) == Decimal("-1.01")


@pytest.mark.req("INT-06")
@pytest.mark.parametrize(
    ("mask", "clear", "masked"),
    [
        (masking.name, "张三", "张*"),
        (masking.name, "欧阳娜娜", "欧***"),
        (masking.name, "李", "李*"),
        (masking.name, "", ""),
        (masking.name, "John Smith", "J*** S****"),
        (masking.phone, "13812345678", "138****5678"),
        (masking.phone, "+8613812345678", "+86138****5678"),
        (masking.phone, "8210888", "*****88"),
        (masking.phone, "", ""),
        (masking.email, "zhangsan@example.com", "z***@example.com"),
        (masking.email, "broken", "***"),
        (masking.text, "浙江省杭州市西湖区文三路100号", "浙江省杭州市****"),
    ],
)
def test_masks(mask, clear, masked):
    assert mask(clear) == masked


@pytest.mark.req("ADM-04")
@pytest.mark.django_db
def test_encrypted_fields_are_cipher_text_in_the_database_and_cannot_be_filtered():
    customer = Customer.objects.create(name="张三", name_masked="张*")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM crm_customer WHERE id = %s", [customer.pk])
        stored = cursor.fetchone()[0]
    assert "张" not in stored and stored.startswith("gAAAA")
    assert Customer.objects.get(pk=customer.pk).name == "张三"
    with pytest.raises(TypeError):
        Customer.objects.filter(name="张三").exists()


@pytest.mark.req("ADM-04")
@pytest.mark.django_db
def test_an_old_key_still_reads_and_the_new_one_writes(settings):
    from cryptography.fernet import Fernet

    customer = Customer.objects.create(name="张三")
    new_key = Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [new_key, *settings.FIELD_ENCRYPTION_KEYS]
    again = Customer.objects.get(pk=customer.pk)
    assert again.name == "张三"
    again.save()
    settings.FIELD_ENCRYPTION_KEYS = [new_key]
    assert Customer.objects.get(pk=customer.pk).name == "张三"


def test_blind_index_depends_on_its_key(settings):
    first = blind_index("+8613812345678")
    assert first == blind_index("+8613812345678")
    settings.BLIND_INDEX_KEY = "another"
    assert first != blind_index("+8613812345678")
    assert blind_index("") == ""


def test_the_clock_travels_only_inside_its_block():
    moment = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
    with clock.at(moment):
        assert clock.now() == moment
    assert clock.now() != moment
    with pytest.raises(ValueError), clock.at(datetime(2026, 10, 1)):
        pass


def test_errors_speak_the_active_language_with_their_data():
    error = DomainError("core.too_long", field="text", limit=10, length=12)
    assert error.status == 422
    assert "10" in error.words and "12" in error.words
