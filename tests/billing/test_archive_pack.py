"""A pack of a real case is valid as a whole and refused after any change (ARC-03); its index takes any text (ARC-01)."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.billing.archive import building, packs, privacy, typeset, verify_pack
from apps.core import clock
from apps.journal import events, sealer
from tests.archive import case_done, opened, refund_paid, said
from tests.money import finance, void_request

HOSTILE = (
    '#read("/etc/passwd") #import "@preview/x:1.0.0" $x$ *a* _b_ [c] \\ @ref <lab> // /* `raw` #{1+1}',
    "A" * 10_000,
    "שלום مرحبا \u202eevil\u202c\u0000"[:-1],
    "😀👨‍👩‍👧 𠮷野家 喆堃镕玥赟垚祎瑄",
    "很长的一句话，没有尽头。" * 900,
    "=HYPERLINK(1)\n\n\t- 列表\n= 标题",
)
# Of every file of a pack that a real case has; the parametrised test finds each of them.
NAMES = (
    "README.txt", "index.pdf", "messages.json", "proof.json", "heads.jsonl", "manifest.json", "manifest.sig.json",
    "verify_pack.py", "documents/certificates/*.json", "documents/certificates/*.pdf", "documents/invoice/*.json",
    "documents/receipts/*.json", "documents/attachments/*.txt",
)  # fmt: skip


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker, tmp_path_factory):
    """The bytes of one pack, built once from a case in the database, and the heads published by then."""
    from django.db import transaction
    from django.test import override_settings

    folder = tmp_path_factory.mktemp("pack")
    files = {"MEDIA_ROOT": folder / "media", "EVIDENCE_HEADS_FILE": folder / "published.jsonl"}
    with django_db_blocker.unblock(), override_settings(**files), transaction.atomic():
        request = case_done(with_ticket=True, certificate_file=b"%PDF-1.4 certificate")
        refund_paid(void_request=request, ticket=request.ticket)
        said(request.ticket, "发票在此", SimpleUploadedFile("发票.txt", "发票号码 123".encode()))
        sealer.seal()
        other = void_request()
        packs.request(request, actor=finance(), reason="年度审计")
        assert building.work_off() == 1
        pack = packs.latest_for(request)
        content = pack.upload.file.read()
        foreign = packs.request(other, actor=finance(), reason="年度审计")
        building.work_off()
        foreign = packs.latest_for(other).upload.file.read()
        transaction.set_rollback(True)
    return content, foreign, folder / "published.jsonl"


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def changed(content, change):
    """The pack with its files changed by `change(dict)`."""
    contents = unzipped(content)
    change(contents)
    return verify_pack.zipped(contents)


def matching(contents, pattern):
    head, _star, tail = pattern.partition("*")
    return next(
        name
        for name in contents
        if name == pattern or ("*" in pattern and name.startswith(head) and name.endswith(tail))
    )


def resigned(contents, manifest, key):
    """The manifest's figures made right again, signed by a key of the forger's."""
    for name in manifest["files"]:
        content = contents[name]
        manifest["files"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    raw = events.canonical(manifest)
    contents["manifest.json"] = raw
    contents["manifest.sig.json"] = events.canonical({"public_key": pem(key), "signature": key.sign(raw).hex()})


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.req("ARC-03")
def test_the_pack_of_a_real_case_is_valid_alone_offline(kept, tmp_path):
    content, _foreign, published = kept
    (tmp_path / "pack.zip").write_bytes(content)
    (tmp_path / "verify_pack.py").write_bytes(unzipped(content)["verify_pack.py"])

    run = subprocess.run(
        [sys.executable, "-I", "verify_pack.py", "pack.zip", "--heads", str(published)], cwd=tmp_path, env={"PATH": ""},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    assert "The key was NOT compared" in run.stdout
    assert packs.fingerprint() in run.stdout
    assert verify_pack.verify_content(content, packs.fingerprint(), str(published))["case"]


@pytest.mark.req("ARC-03")
@pytest.mark.parametrize("pattern", NAMES)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_byte_of_any_file_flipped_is_refused(kept, pattern, place):
    name = matching(unzipped(kept[0]), pattern)

    def flip(contents):
        content = contents[name]
        at = {"first": 0, "middle": len(content) // 2, "last": len(content) - 1}[place]
        contents[name] = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    with pytest.raises(verify_pack.Refused):
        verify_pack.verify_content(changed(kept[0], flip))


def test_every_file_of_the_pack_is_among_those_that_are_flipped(kept):
    contents = unzipped(kept[0])
    kinds = {matching(contents, pattern) for pattern in NAMES}
    assert {name for name in contents if name not in kinds and not name.startswith(("documents/", "README"))} == set()


@pytest.mark.req("ARC-03")
def test_a_file_missing_or_slipped_in_is_refused(kept):
    with pytest.raises(verify_pack.Refused, match="missing"):
        verify_pack.verify_content(changed(kept[0], lambda contents: contents.pop("messages.json")))
    with pytest.raises(verify_pack.Refused, match="not part"):
        verify_pack.verify_content(changed(kept[0], lambda contents: contents.update({"documents/more.pdf": b"x"})))


@pytest.mark.req("ARC-03")
@pytest.mark.parametrize("swap", ["head", "event removed", "event of another case"])
def test_a_swapped_proof_is_refused_even_when_the_forger_signs_anew(kept, swap):
    content, foreign, _published = kept
    key = Ed25519PrivateKey.generate()

    def forge(contents):
        proof, other = json.loads(contents["proof.json"]), json.loads(unzipped(foreign)["proof.json"])
        manifest = json.loads(contents["manifest.json"])
        if swap == "head":
            proof["head"] = other["head"]
        elif swap == "event removed":
            proof["events"].pop(1)
        else:
            proof["events"][0] = other["events"][0]
        contents["proof.json"] = events.canonical(proof)
        resigned(contents, manifest, key)

    with pytest.raises(verify_pack.Refused):
        verify_pack.verify_content(changed(content, forge))


@pytest.mark.req("ARC-03")
def test_a_pack_forged_throughout_with_another_key_is_told_by_the_key_or_by_the_published_heads(kept, tmp_path):
    """Whoever re-signs everything is consistent in themselves: only the fingerprint and the published heads tell."""
    content, _foreign, published = kept
    key = Ed25519PrivateKey.generate()

    def forge(contents):
        proof = json.loads(contents["proof.json"])
        event = proof["events"][0]
        entry = json.loads(event["entry"])
        event["data"] = {"amount": "1.00"}
        opened_as = bytes.fromhex(event["salt"]) + b"[" + verify_pack.canonical(event["data"]) + b","
        entry[-1] = hashlib.sha256(opened_as + verify_pack.canonical(event["reason"]) + b"]").hexdigest()
        entry[0] = event["position"] = 0
        event["entry"], event["path"] = verify_pack.canonical(entry).decode(), []
        root = hashlib.sha256(b"\x00" + event["entry"].encode()).hexdigest()
        head = {"size": 1, "root": root, "sealed_at": proof["head"]["sealed_at"], "previous": ""}
        signature = key.sign(verify_pack.canonical(head)).hex()
        proof.update(events=[event], earlier=[], head={**head, "public_key": pem(key), "signature": signature})
        contents["proof.json"] = events.canonical(proof)
        resigned(contents, {**json.loads(contents["manifest.json"]), "events": [entry[1]]}, key)

    forged = changed(content, forge)
    (tmp_path / "pack.zip").write_bytes(forged)

    found = verify_pack.verify_content(forged)
    assert found["key"] != packs.fingerprint()
    run = subprocess.run(
        [sys.executable, verify_pack.__file__, "pack.zip"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert (run.returncode, run.stdout.count(found["key"]) >= 2, "NOT compared" in run.stdout) == (0, True, True)
    with pytest.raises(verify_pack.Refused, match="another key"):
        verify_pack.verify_content(forged, key=packs.fingerprint())
    with pytest.raises(verify_pack.Refused, match="published"):
        verify_pack.verify_content(forged, heads=str(published))


def test_a_short_beginning_of_the_fingerprint_is_not_enough(kept):
    with pytest.raises(verify_pack.Refused, match="at least 16"):
        verify_pack.verify_content(kept[0], key=packs.fingerprint()[:8])


@pytest.mark.django_db
@pytest.mark.req("ARC-01")
def test_what_people_wrote_is_never_markup(tmp_path, settings):
    settings.MEDIA_ROOT, settings.EVIDENCE_HEADS_FILE = tmp_path / "media", tmp_path / "heads.jsonl"
    request = case_done(with_ticket=True)
    for text in HOSTILE:
        said(request.ticket, text)

    packs.request(request, actor=finance(), reason=HOSTILE[0])
    assert building.work_off() == 1, packs.latest_for(request).failure

    pack = packs.latest_for(request)
    files = opened(pack)
    assert b"root:" not in files["index.pdf"]
    told = json.loads(files["messages.json"])
    assert {text.strip() for text in HOSTILE} <= {each["text"] for each in told}
    assert pack.pages > 8


def test_characters_that_the_font_lacks_are_shown_by_their_code_and_listed():
    reader = typeset.Reader()

    text = reader.text("张😀\u202e堃⁠ﷺ")

    assert text == "张〔U+1F600〕〔U+202E〕堃〔U+2060〕〔U+FDFA〕"
    assert {each["code"] for each in reader.told()} == {"U+1F600", "U+202E", "U+2060", "U+FDFA"}
    assert reader.told()[-1] == {"code": "U+1F600", "name": "GRINNING FACE"}


def test_the_font_draws_every_character_of_gbk_and_of_rare_names():
    gbk = {bytes((a, b)).decode("gbk", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)}
    assert {c for c in gbk if c and ord(c) not in typeset.covered() and not 0xE000 <= ord(c) < 0xF900} == set()
    assert all(ord(c) in typeset.covered() for c in "喆堃镕玥赟垚祎瑄−¥—…“”℃①②％")


def test_the_same_data_makes_the_same_pages():
    data = {
        "company": "晴川电器", "heading": "索引", "subheading": "1", "running": "1", "built": "1", "foot": "1", "summary": [["a", "b"]],
        "parts": [], "signatures": ["甲"], "words": dict.fromkeys(
            ("page", "qr", "seal", "date", "signatures", "lacking", "lacking_note"), "字"),
    }  # fmt: skip
    at = clock.now()
    one, other = (typeset.index(data, "https://example.com/desk/packs/1/", at) for _ in range(2))
    assert one.content == other.content
    assert (one.pages, b"pdfaid:part>2" in one.content) == (1, True)


@pytest.mark.req("ADM-04")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("电话13812345678。", "电话138****5678。"),
        ("+86 138-1234-5678", "138****5678"),
        ("a.b@example.com", "a***@example.com"),
        ("11010519491231002X", "110105********002X"),
        ("卡 6222 0212 3456 7890 127", "卡 6222 0212 3456 7890 127"),  # no card: its check digit is wrong
        ("卡6217000010001234569", "卡6217 **** 4569"),
        ("发票 26317000000000000001", "发票 26317000000000000001"),
        ("张伟和张伟", "张*和张*"),
    ],
)
def test_personal_data_in_texts_is_masked(given, wanted):
    curtain = privacy.Curtain()
    curtain.knows([("张伟", "张*")])
    assert curtain.text(given) == wanted
    assert privacy.Curtain(clear=True).text(given) == given


def test_a_number_longer_than_its_column_gets_places_to_break_and_a_shorter_one_none():
    reader = typeset.Reader()
    rows = [["2026112222001611001010000", "26317000000000000002"]]
    table = {"kind": "table", "head": ["号", "号"], "widths": [1, 5], "numbers": [], "none": "无", "rows": rows}

    (narrow, wide) = reader.fit(table)["rows"][0]

    assert (narrow.replace("\u200b", ""), "\u200b" in narrow) == (rows[0][0], True)
    assert wide == rows[0][1]
    assert reader.told() == []
