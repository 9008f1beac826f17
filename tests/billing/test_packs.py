"""A pack proves itself offline, and not once anything of it is changed (ARC-01, ARC-03)."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.billing.archive import packing, verify_pack
from apps.core.actors import SYSTEM
from apps.journal import events, sealer
from apps.journal.events import Ref

pytestmark = [pytest.mark.django_db, pytest.mark.req("ARC-03")]


@pytest.fixture
def pack(tmp_path, settings):
    settings.EVIDENCE_HEADS_FILE = tmp_path / "published.jsonl"
    case, other = Ref("billing.voidrequest", uuid4()), Ref("billing.voidrequest", uuid4())
    for n in range(6):
        events.record("void.submitted", subject=case, actor=SYSTEM, data={"n": n, "金额": "1130.00"}, reason="开票有误")
        events.record("void.submitted", subject=other, actor=SYSTEM, data={"n": n})
        sealer.seal()
    files = {"index.pdf": b"%PDF-1.7 story", "documents/作废凭证.txt": b"ZF-0001"}
    return packing.seal("202611-001", "缴销申请", [case.id], files)


def rebuilt(pack, change):
    """The pack with its files changed by `change(dict)`."""
    with zipfile.ZipFile(io.BytesIO(pack)) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    change(contents)
    return verify_pack.zipped(contents)


def check(tmp_path, content, **options):
    path = tmp_path / "pack.zip"
    path.write_bytes(content)
    return verify_pack.verify(path, **options)


def test_a_whole_pack_is_valid_by_the_file_it_carries_and_nothing_else(tmp_path, pack):
    (tmp_path / "pack.zip").write_bytes(pack)
    with zipfile.ZipFile(io.BytesIO(pack)) as zipped:
        (tmp_path / "verify_pack.py").write_bytes(zipped.read("verify_pack.py"))

    run = subprocess.run(
        [sys.executable, "-I", "verify_pack.py", "pack.zip"], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True,
        encoding="utf-8",
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    assert "VALID" in run.stdout
    assert "6 events" in run.stdout


def test_one_byte_of_any_file_changed_is_refused(tmp_path, pack):
    with zipfile.ZipFile(io.BytesIO(pack)) as zipped:
        names = zipped.namelist()
    for name in names:

        def flip(contents, name=name):
            content = contents[name]
            middle = len(content) // 2
            contents[name] = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]

        with pytest.raises(verify_pack.Refused):
            check(tmp_path, rebuilt(pack, flip))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_byte_of_the_archive_changed_is_refused(tmp_path, pack, data):
    place = data.draw(st.integers(0, len(pack) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    broken = pack[:place] + bytes([pack[place] ^ bit]) + pack[place + 1 :]
    with pytest.raises(verify_pack.Refused):
        check(tmp_path, broken)


def test_a_file_left_out_or_slipped_in_is_refused(tmp_path, pack):
    with pytest.raises(verify_pack.Refused, match="missing"):
        check(tmp_path, rebuilt(pack, lambda contents: contents.pop("index.pdf")))
    with pytest.raises(verify_pack.Refused, match="not part"):
        check(tmp_path, rebuilt(pack, lambda contents: contents.update({"documents/extra.pdf": b"x"})))


def resigned(contents, manifest, key=None):
    """A forger who signs with a key of their own."""
    key = key or Ed25519PrivateKey.generate()
    raw = events.canonical(manifest)
    contents["manifest.json"] = raw
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    contents["manifest.sig.json"] = events.canonical({"public_key": pem, "signature": key.sign(raw).hex()})


def test_an_event_left_out_by_a_forger_with_another_key_is_refused(tmp_path, pack):
    def forge(contents):
        proof = json.loads(contents["proof.json"])
        proof["events"].pop()
        contents["proof.json"] = events.canonical(proof)
        manifest = json.loads(contents["manifest.json"])
        manifest["events"].pop()
        content = contents["proof.json"]
        manifest["files"]["proof.json"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        resigned(contents, manifest)

    with pytest.raises(verify_pack.Refused, match="different keys"):
        check(tmp_path, rebuilt(pack, forge))


def test_the_key_one_trusts_is_compared(tmp_path, pack):
    fingerprint = check(tmp_path, pack)["key"]
    assert check(tmp_path, pack, key=fingerprint[:16])["key"] == fingerprint
    with pytest.raises(verify_pack.Refused, match="another key"):
        check(tmp_path, pack, key="00" * 8)


def test_published_heads_are_compared(tmp_path, pack):
    check(tmp_path, pack, heads=tmp_path / "published.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "published.jsonl").read_text().splitlines()]
    lines[-1]["root"] = "00" * 32
    other = tmp_path / "heads.jsonl"
    other.write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises(verify_pack.Refused, match="another root"):
        check(tmp_path, pack, heads=other)


def test_an_earlier_head_that_was_swapped_is_refused(tmp_path, pack):
    with zipfile.ZipFile(io.BytesIO(pack)) as zipped:
        proof = json.loads(zipped.read("proof.json"))
    newest = proof["head"]["size"]
    assert [newest - before["head"]["size"] for before in proof["earlier"]] == [2, 4, 8]
    first, second = proof["earlier"][0], proof["earlier"][1]
    with pytest.raises(verify_pack.Refused, match="disagree"):
        verify_pack.check_consistency(second["head"], proof["head"], first["path"])


def own_signed(pack, title):
    """A stranger's pack: everything of ours, resealed with a key of their own."""
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def change(contents):
        proof = json.loads(contents["proof.json"])
        proof["earlier"], head = [], proof["head"]
        message = verify_pack.canonical({name: head[name] for name in ("size", "root", "sealed_at", "previous")})
        head["public_key"], head["signature"] = pem, key.sign(message).hex()
        contents["proof.json"] = verify_pack.canonical(proof)
        manifest = {**json.loads(contents["manifest.json"]), "title": title}
        told = {"size": len(contents["proof.json"]), "sha256": hashlib.sha256(contents["proof.json"]).hexdigest()}
        manifest["files"]["proof.json"] = told
        contents["manifest.json"] = verify_pack.canonical(manifest)
        seal = {"public_key": pem, "signature": key.sign(contents["manifest.json"]).hex()}
        contents["manifest.sig.json"] = verify_pack.canonical(seal)

    return rebuilt(pack, change)


def told(tmp_path, content):
    """(exit code, what the auditor's terminal gets)."""
    (tmp_path / "pack.zip").write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-I", verify_pack.__file__, "pack.zip"], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    return run.returncode, run.stdout


def test_a_stranger_s_pack_cannot_write_over_the_warning_about_its_key(tmp_path, pack):
    """Its title goes to a terminal, which obeys control characters: conceal what follows, or draw a line of its own."""
    code, words = told(tmp_path, own_signed(pack, "缴销\u3000申请\r\x1b[8m\n  key OK \u202e\x07"))

    assert code == 0 and "NOT compared" in words
    assert all(c.isprintable() or c == "\n" for c in words)
    assert "\n  key OK" not in words


def test_nor_is_a_refusal_drawn_over_by_the_name_of_a_file(tmp_path, pack):
    name = "\r\x1b[2KVALID / 验证通过: 202611-001"
    code, words = told(tmp_path, rebuilt(pack, lambda contents: contents.update({name: b"x"})))

    assert code == 1 and words.startswith("REFUSED")
    assert all(c.isprintable() or c == "\n" for c in words)


@pytest.mark.parametrize("how", ["packed", "overlapping"])
def test_what_grows_when_it_is_unpacked_is_refused_before_a_byte_of_it_is_read(pack, monkeypatch, how):
    buffer, many = io.BytesIO(), 3
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if how == "packed" else zipfile.ZIP_STORED) as bomb:
        bomb.writestr("manifest.json", b"0" * 100_000)
        if how == "overlapping":
            first = bomb.infolist()[0]
            for n in range(many):
                again = zipfile.ZipInfo(f"{n}.json")
                for name in ("header_offset", "CRC", "compress_size", "file_size"):
                    setattr(again, name, getattr(first, name))
                bomb.filelist.append(again)
    read = []
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda _pack, name, *_: read.append(name))

    with pytest.raises(verify_pack.Refused):
        verify_pack.verify_content(buffer.getvalue())

    assert read == []
