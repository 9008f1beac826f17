"""Evidence packs: built when a case closes, or asked for; kept, handed out, verified (ARC-01, ARC-03)."""

import hashlib
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from apps.accounts.roles import Role
from apps.billing import events
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.archive import building, packs, verify_pack
from apps.billing.models import EvidencePack, Refund, VoidRequest
from apps.billing.services import paying, refunds
from apps.billing.states import PackState, RefundState, VoidState
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.journal import deliveries
from apps.journal.models import Event
from apps.notifications.models import Notice
from tests import factories
from tests.archive import case_done, opened, refund_paid, refused, said
from tests.money import finance, payment, refund

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EVIDENCE_HEADS_FILE = tmp_path / "heads.jsonl"


def built(subject, **how):
    packs.request(subject, actor=how.pop("actor", finance()), reason="年度审计", **how)
    assert building.work_off() == 1
    return packs.latest_for(subject) if not how.get("clear") else EvidencePack.objects.latest("id")


@pytest.mark.req("ARC-01")
def test_a_void_that_is_done_is_packed_and_archived_with_the_packs_digest():
    request = case_done()
    deliveries.drain()

    assert building.work_off() == 1

    pack = packs.latest_for(request)
    fresh = VoidRequest.objects.get(pk=request.pk)
    assert (pack.state, pack.pack_version, fresh.state) == (PackState.READY, 1, VoidState.ARCHIVED)
    assert Event.objects.get(kind=events.VOID_ARCHIVED, subject_id=request.pk).data["digest"] == pack.sha256
    content = pack.upload.file.read()
    assert hashlib.sha256(content).hexdigest() == pack.sha256
    assert len(content) == pack.size
    found = verify_pack.verify_content(content, packs.fingerprint())
    assert found["case"] == request.number
    assert building.work_off() == 0


@pytest.mark.req("ARC-01")
def test_a_pack_holds_the_whole_story():
    request = case_done(with_ticket=True, certificate_file=b"%PDF-1.4 certificate")
    paid = refund_paid(void_request=request, ticket=request.ticket)

    pack = built(request)

    files = opened(pack)
    assert files["index.pdf"].startswith(b"%PDF-1.7")
    assert b"pdfaid:part" in files["index.pdf"]
    names = set(files)
    assert {"README.txt", "messages.json", "proof.json", "heads.jsonl", "manifest.json", "manifest.sig.json",
            "verify_pack.py"} <= names  # fmt: skip
    assert any(name.startswith("documents/certificates/") and name.endswith(".pdf") for name in names)
    attempt = paid.attempts.get()
    receipt = json.loads(files[f"documents/receipts/{attempt.number}.json"])
    assert (receipt["provider_number"], receipt["amount"]) == (attempt.provider_number, "100.00")
    proven = {json.loads(each["entry"])[2] for each in json.loads(files["proof.json"])["events"]}
    assert {
        "void.submitted",
        "void.approved",
        "void.done",
        "refund.succeeded",
        "ticket.received",
        "invoice.voided",
    } <= proven
    assert pack.pages >= 3


@pytest.mark.req("ARC-01")
def test_a_pack_waits_for_the_refunds_of_its_case():
    request = case_done()
    waiting = refund(payment("100.00"), void_request=VoidRequest.objects.get(pk=request.pk))
    deliveries.drain()
    assert building.work_off() == 0

    refunds.cancel(waiting, actor=SYSTEM, reason="客户不要了")
    deliveries.drain()

    assert building.work_off() == 1
    assert VoidRequest.objects.get(pk=request.pk).state == VoidState.ARCHIVED


def test_a_refund_without_a_void_request_has_a_pack_of_its_own():
    paid = refund_paid()
    deliveries.drain()

    assert building.work_off() == 1

    pack = packs.latest_for(Refund.objects.get(pk=paid.pk))
    assert (pack.refund_id, pack.void_request_id, pack.state) == (paid.pk, None, PackState.READY)


def test_money_that_comes_back_and_leaves_again_makes_another_version():
    paid = refund_paid()
    deliveries.drain()
    building.work_off()
    first = packs.latest_for(paid)
    attempt = paid.attempts.get()

    paying.settle(attempt, Outcome(Proof.FAILED, failure="RETURNED"))
    paying.settle(attempt, Outcome(Proof.SUCCEEDED, attempt.provider_number))
    deliveries.drain()
    building.work_off()

    second = packs.latest_for(paid)
    assert (second.pack_version, second.event_count > first.event_count) == (2, True)
    assert EvidencePack.objects.get(pk=first.pk).upload is not None


def test_a_refund_of_a_void_request_is_found_in_that_requests_pack():
    request = case_done()
    paid = refund_paid(void_request=VoidRequest.objects.get(pk=request.pk))

    pack = built(paid)

    assert pack.void_request_id == request.pk
    assert packs.latest_for(request) == pack


def test_who_may_not_have_packs_built_is_refused_and_a_reason_is_wanted():
    request = case_done()
    with refused("core.not_allowed"):
        packs.request(request, actor=factories.staff_actor(Role.SERVICE_STAFF), reason="想看看")
    with refused("reason.missing"):
        packs.request(request, actor=finance())
    with refused("pack.reason_short"):
        packs.request(request, actor=finance(), reason="看")
    packs.request(request, actor=finance(), reason="年度审计")
    with refused("pack.being_built"):
        packs.request(request, actor=finance(), reason="年度审计")


@pytest.mark.req("ADM-04")
def test_personal_data_is_masked_unless_somebody_with_the_right_asks_for_a_clear_pack():
    request = case_done(with_ticket=True)
    paid = refund_paid(void_request=request, ticket=request.ticket)
    note = "客户王小明来电 13800138000，邮箱 wang@example.com，卡号 6222 0212 3456 7890 128，订单 26317000000000000001"
    said(request.ticket, note)
    assert paid.pk

    masked = opened(built(request))["messages.json"].decode()
    clear_pack = built(request, actor=finance(Role.ADMINISTRATOR), clear=True)
    clear = opened(clear_pack)["messages.json"].decode()

    for personal in ("王小明", "13800138000", "wang@example.com"):
        assert personal not in masked
        assert personal in clear
    assert "26317000000000000001" in masked
    auditor = factories.staff_actor(Role.AUDITOR)
    assert set(EvidencePack.objects.visible_to(auditor)) == {packs.latest_for(request)}
    with refused("core.not_allowed"):
        packs.hand_out(clear_pack, actor=auditor, reason="季度审计")


def test_a_clear_pack_wants_the_right_to_clear_data():
    with refused("core.not_allowed"):
        packs.request(case_done(), actor=factories.staff_actor(Role.AUDITOR), reason="季度审计", clear=True)


@pytest.mark.req("ARC-01")
def test_each_download_is_on_record_with_who_and_why():
    pack = built(case_done())
    auditor = factories.staff_actor(Role.AUDITOR)

    upload = packs.hand_out(pack, actor=auditor, reason="2026 年三季度抽样审计")

    event = Event.objects.get(kind=events.PACK_DOWNLOADED)
    assert upload.sha256 == pack.sha256 == event.data["digest"]
    assert (event.actor_label, event.reason) == (auditor.label, "2026 年三季度抽样审计")
    with refused("core.not_allowed"):
        packs.hand_out(pack, actor=factories.staff_actor(Role.SERVICE_STAFF), reason="随便看看")


def test_a_stored_pack_that_was_changed_on_disk_is_not_handed_out(settings):
    pack = built(case_done())
    path = settings.MEDIA_ROOT / pack.upload.file.name
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    with refused("pack.changed"):
        packs.hand_out(pack, actor=finance(), reason="年度审计")
    assert not packs.verify(pack).valid


def test_a_stored_pack_is_verified_with_our_key_and_our_published_heads():
    pack = built(case_done())
    verdict = packs.verify(pack)
    assert (verdict.valid, verdict.events, verdict.key) == (True, pack.event_count, packs.fingerprint())


@pytest.mark.req("ARC-01")
def test_the_database_refuses_to_change_or_drop_a_built_pack():
    pack = built(case_done())
    for change in ({"sha256": "0" * 64}, {"contents": []}, {"case_number": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            EvidencePack.objects.filter(pk=pack.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        EvidencePack.objects.filter(pk=pack.pk).delete()


def test_what_happens_meanwhile_makes_the_building_begin_again(monkeypatch):
    request = case_done(with_ticket=True)
    packs.request(request, actor=finance(), reason="年度审计")
    collect, happened = building.documents.collect, []

    def collect_slowly(dossier):
        if not happened:
            happened.append(said(request.ticket, "又来电"))
        return collect(dossier)

    monkeypatch.setattr(building.documents, "collect", collect_slowly)

    assert building.work_off() == 0
    pack = packs.latest_for(request)
    assert (pack.state, pack.attempts, pack.failure) == (PackState.WAITING, 0, "")
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert building.work_off() == 1


def test_a_failure_is_tried_again_later_and_told_in_the_end(monkeypatch):
    manager = finance(Role.FINANCE_MANAGER)
    request = case_done()
    deliveries.drain()
    whole = building.typeset.index
    monkeypatch.setattr(building.typeset, "index", lambda *given: (_ for _ in ()).throw(OSError("disk full")))

    at = clock.now()
    for _ in range(building.MOST_ATTEMPTS):
        with clock.at(at):
            building.work_off()
        at += timedelta(days=2)
    with clock.at(at):
        deliveries.drain()

    pack = packs.latest_for(request)
    assert (pack.state, pack.failure, pack.due_at) == (PackState.FAILED, "OSError: disk full", None)
    assert "disk full" in Notice.objects.get(user=manager.user).text
    monkeypatch.setattr(building.typeset, "index", whole)
    packs.try_again(pack, actor=finance())
    assert building.work_off() == 1


def test_a_worker_that_died_over_a_pack_leaves_it_to_the_next(monkeypatch):
    request = case_done()
    packs.request(request, actor=finance(), reason="年度审计")
    building._claim()
    assert building.work_off() == 0

    with clock.at(clock.now() + building.LEASE + timedelta(seconds=1)):
        assert building.work_off() == 1


def test_files_that_are_gone_changed_or_too_large_are_listed_with_their_digests(settings):
    request = case_done(with_ticket=True)
    kept = {}
    for name in ("a.txt", "b.txt", "c.txt"):
        file = SimpleUploadedFile(name, name.encode() * 50)
        (kept[name],) = said(request.ticket, name, file)
    (settings.MEDIA_ROOT / kept["a.txt"].file.name).unlink()
    (settings.MEDIA_ROOT / kept["b.txt"].file.name).write_bytes(b"forged")

    pack = built(request)

    assert {(row["why"], row["sha256"]) for row in pack.missing} == {
        ("gone", kept["a.txt"].sha256), ("changed", kept["b.txt"].sha256),
    }  # fmt: skip
    settings.PACK_MAX_BYTES = 10
    assert "too_large" in {row["why"] for row in built(request).missing}


def test_amounts_in_the_index_are_those_of_the_case():
    paid = refund_paid(amount="66.60")
    pack = built(paid)
    assert json.loads(opened(pack)["manifest.json"])["case"] == paid.number
    assert Refund.objects.get(pk=paid.pk).amount == Decimal("66.60")
    assert Refund.objects.get(pk=paid.pk).state == RefundState.SUCCEEDED


@pytest.mark.req("ARC-03")
def test_the_command_verifies_a_file_with_our_key_and_heads(tmp_path, capsys):
    pack = built(case_done())
    path = tmp_path / "pack.zip"
    path.write_bytes(pack.upload.file.read())

    call_command("verify_pack", str(path))
    assert f"It is the pack {pack} of this site." in capsys.readouterr().out

    path.write_bytes(path.read_bytes().replace(b"%PDF", b"%PDG"))
    with pytest.raises(CommandError, match="REFUSED"):
        call_command("verify_pack", str(path))
