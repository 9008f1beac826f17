"""A pack of events whose words were erased still proves itself, and nobody else's erasure is believed (ARC-03, LAW-05)."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction

from apps.billing.archive import building, packing, packs, timeline, verify_pack
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.erasure import ERASED
from apps.journal import deliveries, events, proofs, sealer, signing
from apps.journal.erasure import NO_SALT, WORDS_ERASED, erase_words
from apps.journal.events import Ref, ref
from apps.journal.verification import verify
from tests.archive import case_done
from tests.money import finance

pytestmark = [pytest.mark.django_db, pytest.mark.req("ARC-03", "LAW-05")]
ERASED_AT = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)


@pytest.fixture
def case(tmp_path, settings):
    """A case of three events with words, the words of all then erased, and one more event after it."""
    settings.EVIDENCE_HEADS_FILE = tmp_path / "published.jsonl"
    case = Ref("billing.voidrequest", uuid4())
    for n in range(3):
        events.record("void.submitted", subject=case, actor=SYSTEM, data={"n": n}, reason=f"王小明说第{n}条")
    sealer.seal()
    with clock.at(ERASED_AT), transaction.atomic():
        assert erase_words([case], actor=SYSTEM) == 3
    events.record("void.verified", subject=case, actor=SYSTEM, data={"n": 9}, reason="核对无误")
    sealer.seal()
    return case


def sealed(case):
    return packing.seal("202611-001", "缴销申请", [case.id], {"index.pdf": b"%PDF-1.7 story"})


def forged(pack, change):
    """The pack with its proof changed by `change(events)` and signed by us again: only the log can tell."""
    with zipfile.ZipFile(io.BytesIO(pack)) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    proof, manifest = json.loads(contents["proof.json"]), json.loads(contents["manifest.json"])
    change(proof["events"])
    manifest["events"] = [json.loads(event["entry"])[1] for event in proof["events"]]
    contents["proof.json"] = events.canonical(proof)
    digest = hashlib.sha256(contents["proof.json"]).hexdigest()
    manifest["files"]["proof.json"] = {"size": len(contents["proof.json"]), "sha256": digest}
    raw = contents["manifest.json"] = events.canonical(manifest)
    signature = {"public_key": signing.public_pem().decode(), "signature": signing.private_key().sign(raw).hex()}
    contents["manifest.sig.json"] = events.canonical(signature)
    return verify_pack.zipped(contents)


def erasure_of(rows):
    return next(json.loads(row["entry"])[1] for row in rows if json.loads(row["entry"])[2] == WORDS_ERASED)


def test_a_pack_with_erased_words_is_valid_alone_and_says_when_and_by_whom(case, tmp_path):
    pack = sealed(case)
    assert "王小明".encode() not in pack
    (tmp_path / "pack.zip").write_bytes(pack)
    with zipfile.ZipFile(io.BytesIO(pack)) as zipped:
        (tmp_path / "verify_pack.py").write_bytes(zipped.read("verify_pack.py"))

    run = subprocess.run(
        [sys.executable, "-I", "verify_pack.py", "pack.zip"], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True,
        encoding="utf-8",
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("words erased on 2026-11-20 02:30 UTC, by system") == 3
    assert verify().ok  # the log's own verification says the same


def test_an_erased_event_keeps_its_commitment_and_names_its_erasure(case):
    proven = proofs.prove([case.id]).events

    assert [bool(each.erasure) for each in proven] == [True, True, True, False, False]
    first = proven[0].as_json()
    assert (first["reason"], first["salt"], first["erased"]) == (ERASED, NO_SALT.hex(), proven[3].event.pk)
    assert json.loads(first["entry"])[-1] == bytes(proven[0].event.commitment).hex()


@pytest.mark.parametrize("what", ["reason", "data", "salt"])
def test_a_changed_word_of_an_event_that_was_not_erased_is_refused(case, what):
    def change(rows):
        rows[-1][what] = {"reason": "改过的话", "data": {"n": 10}, "salt": "11" * 16}[what]

    with pytest.raises(verify_pack.Refused, match="not what was sealed"):
        verify_pack.verify_content(forged(sealed(case), change))


def test_who_only_claims_an_erasure_is_refused(case):
    """Also where the pack names a real erasure: it never named this event."""

    def claim(rows):
        rows[-1].update(erased=erasure_of(rows), reason=ERASED, salt=NO_SALT.hex())

    with pytest.raises(verify_pack.Refused, match="no erasure"):
        verify_pack.verify_content(forged(sealed(case), claim))


def test_an_erasure_that_was_made_to_name_more_is_refused(case):
    def widen(rows):
        erasure = next(row for row in rows if json.loads(row["entry"])[2] == WORDS_ERASED)
        erasure["data"]["events"].append(json.loads(rows[-1]["entry"])[1])
        rows[-1].update(erased=erasure_of(rows), reason=ERASED, salt=NO_SALT.hex())

    with pytest.raises(verify_pack.Refused, match="not what was sealed"):
        verify_pack.verify_content(forged(sealed(case), widen))


def test_an_erasure_left_out_of_the_pack_erases_nothing(case):
    def drop(rows):
        rows.remove(next(row for row in rows if json.loads(row["entry"])[2] == WORDS_ERASED))

    with pytest.raises(verify_pack.Refused, match="no erasure"):
        verify_pack.verify_content(forged(sealed(case), drop))


@pytest.mark.parametrize("change", [{"reason": "王小明没说"}, {"salt": "11" * 16}])
def test_an_erased_event_holds_no_words_of_anybody(case, change):
    with pytest.raises(verify_pack.Refused, match="holds words"):
        verify_pack.verify_content(forged(sealed(case), lambda rows: rows[0].update(change)))


def test_the_erasure_of_another_case_is_not_this_ones(case):
    other = Ref("billing.voidrequest", uuid4())
    mine = events.record("void.submitted", subject=other, actor=SYSTEM, reason="别的话")
    events.record(WORDS_ERASED, subject=case, actor=SYSTEM, data={"events": [mine.pk]})
    sealer.seal()
    both = packing.seal("202611-002", "缴销申请", [case.id, other.id], {"index.pdf": b"%PDF"})

    def claim(rows):
        row = next(row for row in rows if json.loads(row["entry"])[1] == mine.pk)
        named = [json.loads(r["entry"])[1] for r in rows if mine.pk in r["data"].get("events", [])]
        row.update(erased=named[0], reason=ERASED, salt=NO_SALT.hex())

    with pytest.raises(verify_pack.Refused, match="no erasure"):
        verify_pack.verify_content(forged(both, claim))


def test_a_real_case_is_packed_again_after_its_words_were_erased():
    request = case_done()
    events.record("void.noted", subject=request, actor=SYSTEM, reason="王小明来电说明")
    deliveries.drain()
    building.work_off()
    with clock.at(ERASED_AT), transaction.atomic():
        erase_words([ref(request)], actor=SYSTEM)

    packs.request(request, actor=finance(), reason="年度审计")
    assert building.work_off() == 1

    pack = packs.latest_for(request)
    verdict = packs.verify(pack)
    assert (pack.pack_version, verdict.valid, verdict.why) == (2, True, "")
    table = str(timeline.blocks(proofs.prove([request.pk])))
    assert "文字已于 2026-11-20 10:30:00 由系统依法删除" in table
    assert "王小明来电" not in table
