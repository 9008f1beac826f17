import re
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from apps.core import clock
from apps.core.models import Upload
from apps.feedback.models import Ticket
from apps.portal import limits

pytestmark = pytest.mark.django_db

GOOD = {
    "text": "吸尘器用了两天就无法开机了，充电座一直闪红灯。",
    "name": "王芳",
    "phone": "138 0013 8000",
    "email": "wang.fang@example.com",
    "kind": "complaint",
    "urgency": "normal",
    "token": "a1",
}


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def client():
    return Client(headers={"accept-language": "zh-CN"})


def photo(name="照片.jpg") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "jpeg")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


def send(client, **changes):
    return client.post("/", {**GOOD, **changes})


def errors_of(response) -> dict[str, list[str]]:
    return {name or "": list(words) for name, words in response.context["form"].errors.items()}


@pytest.mark.req("INT-01", "INT-03", "INT-05", "INT-11")
def test_a_filled_form_becomes_a_pending_ticket_with_everything_that_was_said(client):
    response = send(
        client,
        order_number="QC202611180023",
        product="V12 无线吸尘器",
        demand="exchange",
        preferred_channel="email",
        kind="fault",
        urgency="urgent",
        occurred_on="2026-05-01",
        place="杭州",
        ship_date="2026-04-20",
        defect_quantity="2",
        serial_number="SN-778",
        invoice_number="24332000000012345678",
        files=[photo()],
    )

    ticket = Ticket.objects.get()
    assert response.status_code == 302
    assert ticket.state == "pending"
    assert (ticket.channel, ticket.language) == ("online", "zh-hans")
    assert (ticket.kind, ticket.urgency, ticket.demand) == ("fault", "urgent", "exchange")
    assert (ticket.order_number, ticket.product_text) == ("QC202611180023", "V12 无线吸尘器")
    assert (ticket.occurred_on, ticket.ship_date) == (date(2026, 5, 1), date(2026, 4, 20))
    assert (ticket.place, ticket.defect_quantity) == ("杭州", 2)
    assert (ticket.serial_number, ticket.invoice_number) == ("SN-778", "24332000000012345678")
    assert ticket.contact_channel == "email"
    assert ticket.customer.name_masked == "王*"
    assert [a.upload.name for a in ticket.attachments.all()] == ["照片.jpg"]


@pytest.mark.req("INT-10")
def test_the_receipt_has_the_number_the_times_and_the_private_link_and_can_be_reloaded(client):
    sent = send(client)

    first, again = client.get(sent.url), client.get(sent.url)

    page = first.content.decode()
    ticket = Ticket.objects.get()
    assert ticket.number in page
    assert reverse("portal:track", args=[ticket.number, sent.url.split("/")[3]]) in page
    assert len(first.context["promises"]) >= 3
    assert "138****8000" in page
    assert "13800138000" not in page
    assert again.status_code == 200
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(("language", "code"), [("zh-hans", "zh-hans"), ("zh-hant", "zh-hant"), ("en", "en")])
@pytest.mark.req("INT-11")
def test_the_chosen_language_is_kept_on_the_ticket(client, language, code):
    client.cookies["django_language"] = language

    send(client)

    assert Ticket.objects.get().language == code


@pytest.mark.req("INT-05", "INT-11")
def test_switching_the_language_keeps_what_was_typed(client):
    response = send(client, language="en", order_number="QC-1", occurred_on="2026-05-01", files=[photo()])

    page = response.content.decode()
    assert response.status_code == 200
    assert 'lang="en"' in page
    assert "Tell us what happened" in page
    assert GOOD["text"] in page
    assert 'value="QC-1"' in page
    assert 'value="2026-05-01"' in page
    assert "照片.jpg" in page
    assert response.cookies["django_language"].value == "en"
    assert not Ticket.objects.exists()
    assert not response.context["form"].errors


@pytest.mark.req("INT-05")
def test_what_is_missing_is_named_beside_its_field_and_nothing_is_lost(client):
    response = send(client, text="  ", phone="", email="", order_number="QC-1", demand="refund")

    page = response.content.decode()
    assert response.status_code == 422
    assert set(errors_of(response)) == {"text", "phone"}
    assert 'aria-invalid="true"' in page
    assert re.search(r'<p class="error" id="id_text_error">[^<]+</p>', page)
    assert 'value="QC-1"' in page
    assert re.search(r'value="refund"[^>]* checked', page)
    assert "autofocus" in page
    assert 'href="#id_text"' in page
    assert not Ticket.objects.exists()


BIG = "充电座闪红灯。" * 150_000  # 1,050,000 characters, over 3 MB on the way
BAD = [
    ({"text": "a" * 1_000_000}, {"text"}),
    ({"text": "坏了\x00了"}, {"text"}),
    ({"text": "\u202e\u200b"}, set()),
    ({"phone": "\x00"}, {"phone"}),
    ({"phone": "123"}, {"phone"}),
    ({"phone": "9" * 5000}, {"phone"}),
    ({"phone": "", "email": "wang@"}, {"email"}),
    ({"email": "a@b\r\nBcc: c@d.com"}, {"email"}),
    ({"email": "x" * 500 + "@example.com"}, {"email"}),
    ({"name": "王" * 500}, {"name"}),
    ({"phone": "", "preferred_channel": "sms"}, {"phone"}),
    ({"preferred_channel": "pigeon"}, {"preferred_channel"}),
    ({"kind": ""}, {"kind"}),
    ({"kind": "\x00"}, {"kind"}),
    ({"urgency": "<script>"}, {"urgency"}),
    ({"demand": "everything"}, {"demand"}),
    ({"occurred_on": "2026-02-30"}, {"occurred_on"}),
    ({"occurred_on": "tomorrow"}, {"occurred_on"}),
    ({"occurred_on": "99999-01-01"}, {"occurred_on"}),
    ({"occurred_on": "0001-01-01"}, {"occurred_on"}),
    ({"ship_date": "9999-12-31"}, {"ship_date"}),
    ({"ship_date": "1" * 5000}, {"ship_date"}),
    ({"defect_quantity": "-1"}, {"defect_quantity"}),
    ({"defect_quantity": "9" * 5000}, {"defect_quantity"}),
    ({"defect_quantity": "2.5"}, {"defect_quantity"}),
    ({"defect_quantity": "99999999999"}, {"defect_quantity"}),
    ({"order_number": "Q" * 121}, {"order_number"}),
    ({"product": "V\x0012"}, {"product"}),
    ({"website": "http://spam.example"}, {"website"}),
    ({"text": "", "phone": "1", "occurred_on": "x", "kind": "?"}, {"text", "phone", "occurred_on", "kind"}),
]


@pytest.mark.parametrize(("changes", "fields"), BAD)
@pytest.mark.req("INT-05", "INT-11")
def test_bad_input_gets_a_clear_error_beside_its_field_and_never_a_500(client, changes, fields):
    response = send(client, **changes)

    if fields:
        assert response.status_code == 422
        assert set(errors_of(response)) == fields
        kept = {**GOOD, **changes}
        form = response.context["form"]
        assert {name: form[name].value() for name in kept if name != "token"} == {
            name: value for name, value in kept.items() if name != "token"
        }
        assert not Ticket.objects.exists()
    else:
        assert response.status_code == 302


@pytest.mark.parametrize(
    "text",
    [
        "机器坏了😀🔥👨‍👩‍👧",
        '<script>alert(1)</script><b>坏了</b> & "引号"',
        "جهاز معطل \u202e坏了\u202c",
        "{{ 7*7 }} {% csrf_token %} %s %(x)s",
        "𠮷田𡈽喆堃镕",
    ],
)
@pytest.mark.req("INT-05")
def test_unusual_text_is_taken_as_it_is_and_shown_harmlessly(client, text):
    sent = send(client, text=text, name="<b>王</b>", product="<img src=x onerror=1>")

    assert Ticket.objects.get().description == text
    page = client.get(sent.url.removesuffix("sent/")).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_text_of_megabytes_gets_a_page_that_says_what_to_do(client):
    response = client.post("/", {**GOOD, "text": BIG})

    assert response.status_code == 413
    assert "20,000" in response.content.decode()


def test_too_many_fields_get_the_same_page(client):
    response = client.post("/", {**GOOD, **{f"x{n}": "1" for n in range(600)}})

    assert response.status_code == 413


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"--b\r\nContent-Disposition: form-data", b"text=%ff%00"])
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=b", "multipart/form-data", "text/plain", "x/y"]
)
def test_broken_requests_are_refused_without_a_500(client, body, content_type):
    response = client.generic("POST", "/", body, content_type=content_type)

    assert response.status_code in (400, 422)
    assert not Ticket.objects.exists()


@pytest.mark.req("INT-03", "INT-05")
def test_files_of_a_refused_form_need_not_be_chosen_again(client):
    refused = send(client, text="", files=[photo("一.jpg"), photo("二.jpg"), SimpleUploadedFile("a.exe", b"MZ")])
    kept = refused.context["files"]
    assert set(errors_of(refused)) == {"text", "files"}
    assert [u.name for u in kept.uploads] == ["一.jpg", "二.jpg"]
    assert "二.jpg" in refused.content.decode()

    sent = send(client, kept=kept.signed, remove=[str(kept.uploads[1].pk)], files=[photo("三.jpg")])

    assert sent.status_code == 302
    assert [a.upload.name for a in Ticket.objects.get().attachments.order_by("id")] == ["一.jpg", "三.jpg"]


@pytest.mark.parametrize("kept", ["nonsense", "WyJ4Il0:1:2", "\x00"])
def test_a_forged_list_of_files_is_refused(client, kept):
    response = send(client, kept=kept)

    assert response.status_code == 422
    assert set(errors_of(response)) == {"files"}


def test_kept_and_new_files_together_obey_the_limit(client, settings):
    settings.UPLOAD_MAX_FILES = 2
    kept = send(client, text="", files=[photo(), photo()]).context["files"]

    response = send(client, kept=kept.signed, files=[photo()])

    assert set(errors_of(response)) == {"files"}
    assert Upload.objects.count() == 2


def test_a_file_of_50_mb_is_refused_beside_its_field_without_being_written_to_the_disk(client, settings):
    settings.UPLOAD_MAX_BYTES = 1024**2
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0

    response = send(client, files=[SimpleUploadedFile("长视频.mp4", b"\0" * 50 * 1024**2), photo()])

    assert response.status_code == 422
    [words] = errors_of(response)["files"]
    assert "长视频.mp4" in words
    assert [u.name for u in response.context["files"].uploads] == ["照片.jpg"]
    assert Upload.objects.get().size < 1024**2


def test_all_files_of_a_form_together_have_a_limit(client, settings):
    settings.UPLOAD_FORM_MAX_BYTES = 200_000
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    pdf = b"%PDF-1.7\n" + b"%" * 150_000

    response = send(client, files=[SimpleUploadedFile(f"{n}.pdf", pdf) for n in range(4)])

    assert len(errors_of(response)["files"]) >= 2
    assert all("MB" in words for words in errors_of(response)["files"])
    assert not Ticket.objects.exists()


@pytest.mark.req("INT-11")
def test_a_double_click_makes_one_ticket_and_other_words_make_another(client):
    first, second = send(client), send(client)
    other = send(client, text="另一件事：发票开错了抬头。")

    assert first.url == second.url
    assert other.url != first.url
    assert Ticket.objects.count() == 2


@pytest.mark.req("INT-06", "ADM-04")
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_somebody_elses_phone_number_tells_nothing_about_them(client, channel):
    """Who knows a phone number must not learn whose it is, nor their e-mail address, not even masked."""
    known = {"name": "欧阳娜娜", "phone": "13800138000", "email": "nana@private.example", "preferred_channel": channel}
    own = client.get(send(client, **known).url).content.decode()
    assert ("n***@private.example" if channel == "email" else "138****8000") in own

    for email in ("", "stranger@example.com"):
        receipt = send(
            client, text=f"别人的号码{email}", name="", phone="13800138000", email=email, preferred_channel=""
        )
        pages = [client.get(address).content.decode() for address in (receipt.url, receipt.url.replace("sent/", ""))]
        for hidden in ("欧", "private.example"):
            assert not any(hidden in page for page in pages)
        assert "138****8000" in pages[1], "what they typed themselves"
        assert ("s***@example.com" in pages[1]) == bool(email)
        assert "s***@example.com" not in pages[0], "news do not go there"


@pytest.mark.req("INT-05", "INT-11")
def test_going_back_to_add_a_picture_loses_neither_the_picture_nor_the_double_click(client):
    first, twice = send(client, files=photo()), send(client, files=photo())
    other = send(client, files=photo("一张.jpg")), send(client)

    assert first.url == twice.url
    assert other[0].url == first.url, "the same picture under another name"
    assert other[1].url != first.url
    assert Ticket.objects.count() == 2


@pytest.mark.req("INT-05")
@pytest.mark.parametrize("token", ["", "a\x00b", "长" * 100_000, "<script>"])
def test_whatever_stands_in_the_hidden_field_the_form_is_taken(client, token):
    assert send(client, token=token).status_code == 302


@pytest.mark.req("INT-11")
def test_forms_from_one_address_are_limited_and_nothing_typed_is_lost(client, settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "form": "2/hour"}
    send(client, text="")
    send(client, text="")

    response = send(client)

    page = response.content.decode()
    assert response.status_code == 429
    assert GOOD["text"] in page
    assert "400-820-8210" in page
    assert not Ticket.objects.exists()


@pytest.mark.req("INT-11")
def test_feedback_of_one_phone_number_is_limited_however_it_is_written(client, settings):
    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "contact": "1/day"}
    assert send(client).status_code == 302

    response = send(client, phone="+86-138-0013-8000", text="又来一次")

    assert response.status_code == 429
    assert set(errors_of(response)) == {"text"}
    assert send(client, phone="13900139000", email="", text="别人").status_code == 302


def test_without_the_cache_nothing_is_limited(client, settings, monkeypatch):
    def broken(*arguments, **options):
        raise ConnectionError

    settings.PUBLIC_LIMITS = {**settings.PUBLIC_LIMITS, "form": "0/hour", "contact": "0/day"}
    monkeypatch.setattr(limits.cache, "add", broken)

    assert send(client).status_code == 302


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, "1.1.1.1", "9.9.9.9"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (1, "", "9.9.9.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "nonsense", "9.9.9.9"),
    ],
)
def test_the_senders_address_is_what_our_own_proxy_saw(rf, settings, hops, forwarded, address):
    settings.PROXIES_IN_FRONT = hops

    request = rf.get("/", REMOTE_ADDR="9.9.9.9", headers={"x-forwarded-for": forwarded})

    assert limits.address(request) == address


def test_the_form_asks_for_a_csrf_token():
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"})

    response = strict.post("/", GOOD)

    assert response.status_code == 403
    assert "再提交一次" in response.content.decode() or "once more" in response.content.decode()
    assert not Ticket.objects.exists()


def test_the_form_page_is_never_shared_by_a_cache(client):
    response = client.get("/")

    assert "no-store" in response["Cache-Control"]
    assert (
        "script-src" not in response["Content-Security-Policy"] or "unsafe" not in response["Content-Security-Policy"]
    )
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=", response.content.decode())


def test_a_date_that_is_none_is_shown_as_it_was_typed(client):
    response = send(client, occurred_on="去年冬天")

    assert re.search(r'<input type="text"[^>]*value="去年冬天"', response.content.decode())
    assert "<details open" in response.content.decode()


def test_dates_of_today_and_written_in_other_ways_are_taken(client):
    today = clock.local(clock.now()).date()

    response = send(client, occurred_on=f"{today.year}年{today.month}月{today.day}日", ship_date=f"{today:%Y/%m/%d}")

    assert response.status_code == 302
    assert Ticket.objects.get().occurred_on == today


def test_tomorrow_is_no_day_on_which_something_happened(client):
    tomorrow = clock.local(clock.now()).date() + timedelta(days=1)

    response = send(client, occurred_on=tomorrow.isoformat())

    assert set(errors_of(response)) == {"occurred_on"}
