"""The signed API of the tax platform, against the simulator over real HTTP (VOI-05, VOI-06)."""

import json
import time
from decimal import Decimal

import pytest
import requests

from apps.billing.adapters.base import NotSent, Proof, TaxOrder
from apps.billing.adapters.tax import protocol
from apps.billing.adapters.tax.open_platform import OpenPlatformAdapter, TaxConfig
from apps.billing.adapters.tax.protocol import Unsigned
from apps.billing.models import Invoice, RedForm, TaxOperation, VoidRequest
from apps.billing.services import executing, red_forms, tax_operations
from apps.billing.states import OPEN_ATTEMPTS, FormState, InvoiceKind, InvoiceState, VoidState
from apps.core import clock
from tests.billing import tax
from tests.money import UNUSED, finance, invoice

VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}


@pytest.fixture
def platform(tmp_path, monkeypatch):
    with tax.server(tmp_path, delay=0.1) as server:
        tax.use(monkeypatch, server)
        yield server


def order(key="K1", verb="red", number="1", **fields):
    values = {
        "key": key, "verb": verb, "code": "", "number": number, "kind": "e_ordinary", "issued_on": "2026-11-01",
        "reason_code": "01", "net": Decimal("100.00"), "tax": Decimal("13.00"), "lines": (), "whole": True,
    } | fields  # fmt: skip
    return TaxOrder(**values)


def platform_invoice(server, number="1", **fields):
    values = {"number": number, "kind": "e_ordinary", "net": "100.00", "tax": "13.00", "issued_on": "2026-11-01"}
    server.ledger.add_invoice(values | fields)


def adapter(server):
    return OpenPlatformAdapter(TaxConfig(server.url, *tax.KEYS))


def run(times=3):
    """Signatures age, so the clock stays: what is open is due at once instead."""
    for _ in range(times):
        TaxOperation.objects.filter(state__in=OPEN_ATTEMPTS).update(next_query_at=clock.now(), lease_until=None)
        tax_operations.sweep()


@pytest.mark.req("VOI-06")
@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("void", {"form_number": "HZ1", "form_state": "01"}),  # done, but where is the certificate?
        ("red", {"form_number": "HZ1", "form_state": "01"}),
        ("red", {"certificate": "9" * 21}),  # longer than any invoice's number
        ("void", {"certificate": "9" * 61}),
        ("form", {"certificate": "ZF1"}),
        ("form", {"form_number": "HZ1", "form_state": "11"}),
        ("form", {"form_number": "H" * 41, "form_state": "01"}),
        ("withdraw", {"certificate": "ZF1", "form_number": "HZ1"}),
        ("withdraw", {"form_number": "HZ1", "form_state": "01"}),
        ("withdraw", {"form_number": "HZ2", "form_state": "08"}),
    ],
)
def test_done_without_what_this_call_must_bring_is_unknown_and_asked_about_again(monkeypatch, verb, answer):
    there = OpenPlatformAdapter(TaxConfig("https://tax.example", *tax.KEYS))
    monkeypatch.setattr(there, "_ask", lambda *what: (200, {"key": "K1", "state": "done", **answer}))

    found = there.query(order(verb=verb, form_number="HZ1"))

    assert found.proof == Proof.UNKNOWN
    assert found.answer["error"]


def test_a_signature_covers_method_path_time_nonce_and_body_and_ages():
    who, now = ("app", "secret"), 1_000_000.0
    headers = protocol.signed_request(who, "POST", "/v1/reds", b"{}", nonce="n", now=now)

    assert protocol.check_request(who, "POST", "/v1/reds", b"{}", headers, now=now + 300) == "n"
    for method, path, body, later in (
        ("GET", "/v1/reds", b"{}", 0), ("POST", "/v1/voids", b"{}", 0), ("POST", "/v1/reds", b"{ }", 0),
        ("POST", "/v1/reds", b"{}", 301),
    ):  # fmt: skip
        with pytest.raises(Unsigned):
            protocol.check_request(who, method, path, body, headers, now=now + later)
    answer = protocol.signed_answer("secret", 200, b"{}", nonce="n", now=now)
    protocol.check_answer("secret", 200, b"{}", answer, nonce="n", now=now)
    for status, nonce in ((200, "another"), (404, "n")):
        with pytest.raises(Unsigned):
            protocol.check_answer("secret", status, b"{}", answer, nonce=nonce, now=now)


def test_the_simulator_answers_nobody_without_the_key(platform):
    stranger = OpenPlatformAdapter(TaxConfig(platform.url, "tax-test", "guessed"))
    platform_invoice(platform)
    with pytest.raises(Unsigned):
        stranger.send(order())
    assert requests.get(f"{platform.url}/v1/invoices?code=&number=1", timeout=60).status_code == 401
    assert platform.ledger.rows("SELECT * FROM reds") == []


def test_nothing_left_when_nobody_listens(tmp_path):
    server = tax.server(tmp_path)
    server._server.server_close()
    with pytest.raises(NotSent):
        adapter(server).send(order())


@pytest.mark.req("VOI-06")
def test_the_same_key_again_answers_the_same_and_does_nothing(platform):
    platform_invoice(platform)
    first, again = adapter(platform).send(order()), adapter(platform).send(order())

    assert first.proof == Proof.SUCCEEDED and first.certificate == again.certificate
    assert first.file.startswith(b"%PDF") and first.file_name.endswith(".pdf")
    assert len(platform.ledger.rows("SELECT * FROM reds")) == 1
    assert adapter(platform).query(order()).certificate == first.certificate
    assert adapter(platform).query(order(key="K2")).proof == Proof.NOT_FOUND


@pytest.mark.req("VOI-05")
def test_the_platform_refuses_more_than_is_left_and_that_is_a_proven_failure(platform):
    platform_invoice(platform)
    assert adapter(platform).send(order(net=Decimal("60.00"), tax=Decimal("7.80"))).proof == Proof.SUCCEEDED
    refused = adapter(platform).send(order(key="K2", net=Decimal("60.00"), tax=Decimal("7.80")))
    assert (refused.proof, refused.failure) == (Proof.FAILED, "ABOVE_BALANCE")
    assert adapter(platform).query(order(key="K2")).proof == Proof.FAILED


@pytest.mark.req("VOI-06")
@pytest.mark.parametrize("fault", ["drop-after", "bad-signature", "delay", "duplicate", "processing", "drop", "error"])
@pytest.mark.django_db
def test_whatever_goes_wrong_there_is_one_red_invoice_in_the_end(platform, fault):
    blue = tax.known(platform, invoice(kind=InvoiceKind.E_ORDINARY))
    request = tax.begun(of=blue)
    platform.faults.set(next=[fault])
    run(5)
    if fault == "processing":
        platform.ledger.move_clock(1)
        run(8)

    done = VoidRequest.objects.select_related("red_invoice").get()
    assert (done.pk, done.state) == (request.pk, VoidState.DONE)
    (red,) = platform.ledger.rows("SELECT * FROM reds")
    assert red["number"] == done.red_invoice.number == done.certificate
    assert TaxOperation.objects.get().file.name.endswith(".pdf")


@pytest.mark.req("VOI-06")
@pytest.mark.django_db
def test_a_dropped_answer_is_unknown_first_and_asked_about_before_anything_else(platform):
    blue = tax.known(platform, invoice(kind=InvoiceKind.E_ORDINARY))
    tax.begun(of=blue)
    platform.faults.set(next=["drop-after"])
    tax_operations.sweep()
    assert VoidRequest.objects.get().state == VoidState.UNKNOWN
    run(2)
    assert VoidRequest.objects.get().state == VoidState.DONE
    calls = platform.ledger.rows("SELECT method, path, fault FROM calls ORDER BY id")
    assert [call["method"] for call in calls] == ["POST", "GET"]


@pytest.mark.req("VOI-06")
@pytest.mark.django_db
def test_a_proven_refusal_brings_the_request_back_to_ready_and_no_red_invoice_into_our_books(platform):
    blue = invoice(kind=InvoiceKind.E_ORDINARY)  # which the platform does not know
    tax.begun(of=blue)
    run(1)
    request = VoidRequest.objects.get()
    assert (request.state, TaxOperation.objects.get().failure) == (VoidState.READY, "INVOICE_UNKNOWN")
    assert Invoice.objects.count() == 1 and Invoice.objects.get().state == InvoiceState.ISSUED


@pytest.mark.req("VOI-05", "VOI-12")
@pytest.mark.django_db
def test_a_form_that_the_buyer_confirms_lets_the_red_invoice_through(platform):
    used = {**UNUSED, "use_confirmed": True}
    blue = tax.known(platform, invoice(facts=used), **used)
    request = tax.verified(of=blue)
    red_forms.enter(request, actor=finance())
    run(1)
    form = RedForm.objects.get()
    assert form.state == FormState.WAITS_FOR_BUYER
    platform.platform.play(form.number, "buyer", "confirm")
    assert adapter(platform).form(form.number).form_state == "04"
    red_forms.change(form, "04", actor=finance())
    executing.execute(request, actor=finance())
    run(2)
    assert VoidRequest.objects.get().state == VoidState.DONE
    assert platform.ledger.rows("SELECT used FROM forms") == [{"used": 1}]


@pytest.mark.req("VOI-05")
def test_a_form_is_withdrawn_by_its_number_and_once_for_good(platform):
    platform_invoice(platform, kind="digital_ordinary", facts={"use_confirmed": True})
    mine = adapter(platform).send(order(verb="form", kind="digital_ordinary")).form_number
    withdraw = order(key="K2", verb="withdraw", form_number=mine)
    first, again = adapter(platform).send(withdraw), adapter(platform).send(withdraw)
    assert (first.proof, first.form_number, first.form_state) == (Proof.SUCCEEDED, mine, "08")
    assert again.form_state == adapter(platform).query(withdraw).form_state == "08"

    theirs = platform.platform.start_by_buyer("", "1", "100.00", "13.00")
    for key, number, code in (
        ("K3", mine, "FORM_STATE"),
        ("K4", theirs, "FORM_OF_BUYER"),
        ("K5", "HZ0", "FORM_UNKNOWN"),
    ):
        refused = adapter(platform).send(order(key=key, verb="withdraw", form_number=number))
        assert (refused.proof, refused.failure) == (Proof.FAILED, code)
    other = order(key="K2", verb="withdraw", form_number=theirs)
    assert adapter(platform).query(other).proof == Proof.UNKNOWN  # an answer about another form proves nothing


def test_a_form_lapses_after_72_hours_of_the_platforms_own_clock(platform):
    platform_invoice(platform, kind="digital_ordinary", facts={"use_confirmed": True})
    number = adapter(platform).send(order(verb="form", kind="digital_ordinary")).form_number
    platform.ledger.move_clock(71.9)
    assert adapter(platform).form(number).form_state == "02"
    platform.ledger.move_clock(0.2)
    assert adapter(platform).form(number).form_state == "07"
    with pytest.raises(ValueError):
        platform.platform.play(number, "buyer", "confirm")


def test_what_the_platform_knows_survives_its_death(tmp_path):
    with tax.server(tmp_path) as server:
        platform_invoice(server)
        certificate = adapter(server).send(order()).certificate
    with tax.server(tmp_path) as server:
        assert adapter(server).query(order()).certificate == certificate


def test_a_person_plays_the_buyer_on_the_page_and_nobody_elsewhere_does(platform):
    platform_invoice(platform, kind="digital_ordinary", facts={"use_confirmed": True})
    number = adapter(platform).send(order(verb="form", kind="digital_ordinary")).form_number
    assert number in requests.get(f"{platform.url}/", timeout=60).text
    deed = {"form": number, "who": "buyer", "deed": "confirm"}
    elsewhere = requests.post(
        f"{platform.url}/sim/play", data=deed, headers={"Origin": "https://evil.example"}, timeout=60
    )
    assert elsewhere.status_code == 403
    said = requests.post(f"{platform.url}/sim/play", data=deed, headers={"Origin": platform.url}, timeout=60)
    assert "Done." in said.text and adapter(platform).form(number).form_state == "04"
    again = requests.post(f"{platform.url}/sim/play", json=deed, timeout=60)
    assert again.status_code == 422
    for path, given in (("/sim/faults", {"rate": 0.5}), ("/sim/clock", {"hours": 2}), ("/sim/faults", {"clear": True})):
        assert requests.post(f"{platform.url}{path}", json=given, timeout=60).status_code == 200
    assert platform.ledger.ahead() == 7200 and platform.faults.rate == 0
    assert requests.post(f"{platform.url}/sim/faults", json={"next": ["fire"]}, timeout=60).status_code == 422
    assert json.loads(requests.get(f"{platform.url}/sim/state", timeout=60).text)["forms"][0]["number"] == number


def test_answers_of_yesterday_prove_nothing():
    at = time.time() - 86_400
    headers = protocol.signed_answer("s", 200, b"{}", nonce="n", now=at)
    with pytest.raises(Unsigned):
        protocol.check_answer("s", 200, b"{}", headers, nonce="n", now=time.time())
