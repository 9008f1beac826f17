import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import DomainError, DomainErrors
from apps.crm.contacts import (
    Contact,
    display_phone,
    is_mobile,
    mask_phone,
    normalise_email,
    normalise_phone,
    validate_contact,
)


@pytest.mark.req("INT-05")
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13812345678", "+8613812345678"),
        ("138 1234 5678", "+8613812345678"),
        ("138-1234-5678", "+8613812345678"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("(+86)13812345678", "+8613812345678"),
        ("008613812345678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("\u202d13812345678\u202c", "+8613812345678"),  # as a contact list of a phone copies it
        ("١٣٨١٢٣٤٥٦٧٨", "+8613812345678"),
        ("010-88886666", "+861088886666"),
        ("(021) 6888 8888", "+862168888888"),
        ("010-88886666-8001", "+861088886666;ext=8001"),
        ("010-88886666 转 8001", "+861088886666;ext=8001"),
        ("010-88886666转分机8001", "+861088886666;ext=8001"),
        ("400-800-1234", "+864008001234"),
        ("+852 9123 4567", "+85291234567"),
        ("00886 912 345 678", "+886912345678"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_phones_have_one_written_form(typed, stored):
    assert normalise_phone(typed) == stored
    assert normalise_phone(stored) == stored


@pytest.mark.req("INT-05")
@pytest.mark.parametrize(
    "typed",
    ["1381234567", "138123456789", "12345678", "abc", "+", "+999 123", "13812345678\0", "😀", "9" * 1_000_000],
)
def test_what_is_no_phone_is_named(typed):
    with pytest.raises(DomainError) as refused:
        normalise_phone(typed)

    assert (refused.value.code, refused.value.field) == ("crm.phone_invalid", "phone")


@pytest.mark.req("INT-06")
@pytest.mark.parametrize(
    ("stored", "shown", "masked"),
    [
        ("+8613812345678", "13812345678", "138****5678"),
        ("+861088886666", "01088886666", "010****6666"),
        ("+861088886666;ext=8001", "01088886666 转 8001", "010****6666"),
        ("+864008001234", "4008001234", "********34"),
        ("+85291234567", "+85291234567", "+852****4567"),
        ("", "", ""),
    ],
)
def test_phones_are_shown_as_people_dial_them_and_masked(stored, shown, masked):
    assert display_phone(stored) == shown
    assert mask_phone(stored) == masked


def test_only_mobiles_and_numbers_abroad_get_sms():
    assert is_mobile("+8613812345678")
    assert is_mobile("+85291234567")
    assert not is_mobile("+861088886666")
    assert not is_mobile("")


@pytest.mark.req("INT-05")
@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Zhang.San@Example.COM ", "zhang.san@example.com"),
        ("ｚｓ＠ｅｘａｍｐｌｅ．ｃｏｍ", "zs@example.com"),
        ("a@例子.中国", "a@xn--fsqu00a.xn--fiqs8s"),
        ("o'neil+shop@mail.example.co.uk", "o'neil+shop@mail.example.co.uk"),
        ("", ""),
    ],
)
def test_emails_have_one_written_form(typed, stored):
    assert normalise_email(typed) == stored
    assert normalise_email(stored) == stored


@pytest.mark.req("INT-05")
@pytest.mark.parametrize(
    "typed",
    ["a", "a@", "@b.com", "a@b", "a b@c.com", "a@b..com", "a@-b.com", "a\0@b.com", f"{'a' * 300}@b.com", "张三@b.com",
     f"a@{'b' * 260}.com", "a@b.com\nbcc:x@y.com", "<script>@b.com", "x" * 1_000_000],
)  # fmt: skip
def test_what_is_no_email_is_named(typed):
    with pytest.raises(DomainError) as refused:
        normalise_email(typed)

    assert (refused.value.code, refused.value.field) == ("crm.email_invalid", "email")


def errors_of(**contact) -> set[tuple[str, str]]:
    with pytest.raises(DomainErrors) as refused:
        validate_contact(Contact(**contact))
    return {(error.field, error.code) for error in refused.value.errors}


@pytest.mark.req("INT-05")
@pytest.mark.parametrize(
    ("contact", "errors"),
    [
        ({"name": "张三"}, {("phone", "crm.contact_missing")}),
        ({"phone": "123"}, {("phone", "crm.phone_invalid")}),
        ({"phone": "123", "email": "x"}, {("phone", "crm.phone_invalid"), ("email", "crm.email_invalid")}),
        ({"phone": "13812345678", "preferred_channel": "email"}, {("email", "crm.channel_needs_email")}),
        ({"email": "a@b.com", "preferred_channel": "sms"}, {("phone", "crm.channel_needs_phone")}),
        ({"email": "bad", "phone": "13812345678", "preferred_channel": "email"}, {("email", "crm.email_invalid")}),
        ({"phone": "13812345678", "preferred_channel": "pigeon"}, {("preferred_channel", "core.invalid_choice")}),
        ({"phone": "13812345678", "tier": "god"}, {("tier", "core.invalid_choice")}),
        ({"phone": "13812345678", "name": "x" * 81}, {("name", "core.too_long")}),
        ({"phone": "13812345678", "name": "a\0b"}, {("name", "core.control_characters")}),
        ({"phone": "13812345678", "name": "a\ud800"}, {("name", "core.control_characters")}),
        ({"phone": "13812345678", "address": "路" * 301}, {("address", "core.too_long")}),
    ],
)
def test_everything_wrong_is_told_at_once_beside_its_field(contact, errors):
    assert errors_of(**contact) == errors


@pytest.mark.req("HND-07")
@pytest.mark.parametrize(
    ("contact", "channel"),
    [
        ({"phone": "13812345678", "email": "a@b.com"}, "sms"),
        ({"email": "a@b.com"}, "email"),
        ({"phone": "010-88886666", "email": "a@b.com"}, "email"),
        ({"phone": "010-88886666"}, "phone"),
        ({"phone": "13812345678", "preferred_channel": "phone"}, "phone"),
    ],
)
def test_the_channel_not_chosen_is_the_best_that_reaches(contact, channel):
    assert validate_contact(Contact(**contact)).preferred_channel == channel


def test_names_lose_what_cannot_be_seen():
    assert validate_contact(Contact(name="  张\u202e三 \u200b 丰 ", phone="13812345678")).name == "张三 丰"


def refusal(normalise, text: str) -> str:
    """The code of the refusal, empty when the text is accepted; what is stored must be stable."""
    try:
        stored = normalise(text)
    except DomainError as error:
        return error.code
    return "" if normalise(stored) == stored and stored.isascii() else "unstable"


@given(st.text(max_size=70) | st.from_regex(r"\+?[0-9 -]{5,20}", fullmatch=True))
def test_any_text_is_a_phone_or_a_named_error(text):
    assert refusal(normalise_phone, text) in ("", "crm.phone_invalid")


@given(st.text(max_size=70) | st.emails())
def test_any_text_is_an_email_or_a_named_error(text):
    assert refusal(normalise_email, text) in ("", "crm.email_invalid")
