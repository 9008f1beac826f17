#!/usr/bin/env python3
"""Verify an evidence pack without the system that made it. 不依赖原系统，独立验证存证包。

Needs Python 3.9 or later and the package `cryptography`. Usage:

    python verify_pack.py PACK.zip [--key FINGERPRINT] [--heads heads.jsonl]

What is checked: the manifest's signature; every file's digest, none missing, none added; the signed head; each event's
contents against its commitment, and its way up the Merkle tree (RFC 9162) to the head's root; that the head only added
to earlier ones. With --heads, that the published heads of the log and the pack's agree. Exit code 0 only when everything
holds.

Words that were erased because the law says so are accepted only where a later event of the same case, in the log itself,
names the erased one. That the event happened, when and by whom is proven as before; its facts rest on the signature alone.
"""

import argparse
import hashlib
import io
import json
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

FORMAT = "evidence-pack/1"
SHORTEST_KEY = 16  # hexadecimal characters: a shorter beginning can be searched for
ERASURE = "personal_data.words_erased"  # the kind of the events that name those whose words were erased
ERASED, NO_SALT = "〔已删除〕", "00" * 16  # what then stands in the place of words and salt
EPOCH = (2020, 1, 1, 0, 0, 0)  # the archive's own time stamps say nothing; the manifest's do


class Refused(Exception):
    """The pack does not prove what it claims; the words say where."""

    def __init__(self, words):
        super().__init__(plain(words))


def plain(text):
    """What a pack says of itself, for a terminal: control characters could draw over what we say."""
    return "".join(each if each.isprintable() else " " for each in str(text))


def canonical(value):
    """JSON with sorted keys and no spaces: the same value is always the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def zipped(contents):
    """The one ZIP that these files make, byte for byte: nothing is compressed, nothing is left to chance."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as pack:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            pack.writestr(info, content)
    return buffer.getvalue()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def key_fingerprint(pem):
    raw = load_pem_public_key(pem.encode()).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def check_signature(pem, signature, message, what):
    try:
        load_pem_public_key(pem.encode()).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise Refused(f"{what}: the signature does not match / 签名不符") from error


def check_unpacked(pack, size):
    """Before anything is read: a small file can hold, or repeat, more than a machine has room for."""
    infos = pack.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos) or sum(info.file_size for info in infos) > size:
        raise Refused("the archive around the files was changed / 压缩包本身被改动")


def check_files(pack, manifest):
    names = pack.namelist()
    told = set(manifest["files"])
    if len(names) != len(set(names)):
        raise Refused("a file is there twice / 文件重复")
    present = set(names) - {"manifest.json", "manifest.sig.json"}
    for name in sorted(told - present):
        raise Refused(f"{name}: missing / 缺少文件")
    for name in sorted(present - told):
        raise Refused(f"{name}: not part of the pack / 多出的文件")
    for name, facts in manifest["files"].items():
        content = pack.read(name)
        if len(content) != facts["size"] or hashlib.sha256(content).hexdigest() != facts["sha256"]:
            raise Refused(f"{name}: changed / 内容被改动")


def check_head(head):
    message = canonical({name: head[name] for name in ("size", "root", "sealed_at", "previous")})
    check_signature(head["public_key"], head["signature"], message, "head / 树头")


def check_event(event, head, erasures):
    """Adds up to the head; `erasures` as of `erasures_in`."""
    entry = event["entry"].encode()
    fields = json.loads(event["entry"])
    position, commitment = fields[0], fields[-1]
    opened = hashlib.sha256(
        bytes.fromhex(event["salt"]) + b"[" + canonical(event["data"]) + b"," + canonical(event["reason"]) + b"]"
    ).hexdigest()
    where = f"event {fields[1]} ({fields[2]})"
    if "erased" in event:
        check_erased(event, fields, erasures, where)
    elif opened != commitment:
        raise Refused(f"{where}: its contents are not what was sealed / 事件内容与封存不符")
    if position != event["position"]:
        raise Refused(f"{where}: stands at another place than it says / 事件位置不符")
    digest = hashlib.sha256(b"\x00" + entry).digest()
    if climb(digest, position, head["size"], [bytes.fromhex(node) for node in event["path"]]).hex() != head["root"]:
        raise Refused(f"{where}: not under the signed head / 不在已签名的树头之下")


def erasures_in(events):
    """Those events of the pack that name others as erased: entry and named ids by the event's own id.

    Each of them is opened and climbs to the head like any other, so that none can be made up.
    """
    entries = [(json.loads(event["entry"]), event) for event in events]
    return {fields[1]: (fields, event["data"]["events"]) for fields, event in entries if fields[2] == ERASURE}


def check_erased(event, fields, erasures, where):
    """Its words are gone by the rules: a later event about the same subject, itself in the log, says so."""
    erasure, named = erasures.get(event["erased"], (None, ()))
    if event["reason"] != ERASED or event["salt"] != NO_SALT or fields[2] == ERASURE:
        raise Refused(f"{where}: is called erased and holds words / 事件自称已删除却仍有内容")
    if erasure is None or fields[1] not in named or erasure[3:5] != fields[3:5] or erasure[1] <= fields[1]:
        raise Refused(
            f"{where}: is called erased, but the log knows of no erasure / 事件自称已删除，日志中并无删除记录"
        )


def climb(digest, position, size, path):
    """RFC 9162 section 2.1.3.2."""
    fn, sn = position, size - 1
    if fn > sn:
        raise Refused("an event stands beyond the head / 事件超出树头")
    for node in path:
        if sn == 0:
            raise Refused("a proof is too long / 证明过长")
        if fn % 2 or fn == sn:
            digest = node_hash(node, digest)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            digest = node_hash(digest, node)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Refused("a proof is too short / 证明过短")
    return digest


def check_consistency(first, second, proof):
    """RFC 9162 section 2.1.4.2: `second` only added to `first`."""
    wrong = Refused(f"heads {first['size']} and {second['size']} disagree / 树头前后不一致")
    path = [bytes.fromhex(node) for node in proof]
    first_root, second_root = bytes.fromhex(first["root"]), bytes.fromhex(second["root"])
    if first["size"] == second["size"]:
        if path or first_root != second_root:
            raise wrong
        return
    if first["size"] & (first["size"] - 1) == 0:
        path = [first_root, *path]
    if not path:
        raise wrong
    fn, sn = first["size"] - 1, second["size"] - 1
    while fn % 2:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for node in path[1:]:
        if sn == 0:
            raise wrong
        if fn % 2 or fn == sn:
            fr, sr = node_hash(node, fr), node_hash(node, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, node)
        fn, sn = fn >> 1, sn >> 1
    if fr != first_root or sr != second_root or sn != 0:
        raise wrong


def check_published(known, path):
    """At least one head of the pack was published, and none of them differs from what was published."""
    lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    published = {line["size"]: line["root"] for line in lines}
    same = [head for head in known if head["size"] in published]
    if not same:
        raise Refused("none of its heads was published / 其树头均未公布")
    for head in same:
        if published[head["size"]] != head["root"]:
            raise Refused("a published head of this size has another root / 与已公布的树头不符")


def listing(whole):
    """Name, size and SHA-256 of every file, in the pack's order."""
    with zipfile.ZipFile(io.BytesIO(whole)) as pack:
        contents = [(name, pack.read(name)) for name in pack.namelist()]
    return [{"name": name, "size": len(each), "sha256": hashlib.sha256(each).hexdigest()} for name, each in contents]


def verify(path, key="", heads=""):
    """The pack's manifest, with `key` (the signing key's fingerprint), `head` and `erased` beside it. Raises Refused."""
    try:
        whole = Path(path).read_bytes()
    except OSError as error:
        raise Refused(f"not a readable evidence pack / 无法读取的存证包: {error}") from error
    return verify_content(whole, key, heads)


def verify_content(whole, key="", heads=""):
    """As `verify`, of a pack's bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as pack:
            check_unpacked(pack, len(whole))
            found = _verify(pack, key, heads)
            if zipped({name: pack.read(name) for name in pack.namelist()}) != whole:
                raise Refused("the archive around the files was changed / 压缩包本身被改动")
            return found
    except Refused:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, NotImplementedError,
            RuntimeError, EOFError) as error:  # fmt: skip
        raise Refused(f"not a readable evidence pack / 无法读取的存证包: {error}") from error
    except Exception as error:  # zlib.error and what else a broken archive brings
        raise Refused(f"not a readable evidence pack / 无法读取的存证包: {error}") from error


def _verify(pack, key, heads):
    raw = pack.read("manifest.json")
    manifest = json.loads(raw)
    if manifest["format"] != FORMAT:
        raise Refused(f"unknown format {manifest['format']} / 未知格式")
    seal = json.loads(pack.read("manifest.sig.json"))
    check_signature(seal["public_key"], seal["signature"], raw, "manifest / 清单")
    fingerprint = key_fingerprint(seal["public_key"])
    wanted = key.lower().replace(":", "").replace(" ", "")
    if wanted and len(wanted) < SHORTEST_KEY:
        raise Refused(f"give at least {SHORTEST_KEY} characters of the fingerprint / 指纹至少 {SHORTEST_KEY} 位")
    if wanted and not fingerprint.startswith(wanted):
        raise Refused(f"signed by another key: {fingerprint} / 由其他密钥签名")
    check_files(pack, manifest)
    proof = json.loads(pack.read("proof.json"))
    head = proof["head"]
    check_head(head)
    if key_fingerprint(head["public_key"]) != fingerprint:
        raise Refused("manifest and head are signed by different keys / 清单与树头签名密钥不同")
    if not proof["events"]:
        raise Refused("the pack proves no event / 存证包不含任何事件")
    erasures = erasures_in(proof["events"])
    for event in proof["events"]:
        check_event(event, head, erasures)
    subjects = set(manifest["subjects"])
    for event in proof["events"]:
        if json.loads(event["entry"])[4] not in subjects:
            raise Refused("an event of another case is among them / 混入了其他案件的事件")
    if [json.loads(event["entry"])[1] for event in proof["events"]] != manifest["events"]:
        raise Refused("events were left out or added / 事件有缺失或增加")
    for before in proof["earlier"]:
        check_head(before["head"])
        check_consistency(before["head"], head, before["path"])
    if heads:
        check_published([head, *(before["head"] for before in proof["earlier"])], heads)
    return {**manifest, "key": fingerprint, "head": head, "erased": told_erased(proof["events"], erasures)}


def told_erased(events, erasures):
    """A line for each event whose words were erased: which, when and by whom."""
    lines = []
    for event in events:
        if "erased" in event:
            fields, erasure = json.loads(event["entry"]), erasures[event["erased"]][0]
            at = datetime.fromtimestamp(float(erasure[8]), timezone.utc)  # noqa: UP017 (Python 3.9 knows no datetime.UTC)
            who = erasure[6] or erasure[5]
            lines.append(
                f"event {fields[1]} ({fields[2]}): words erased on {at:%Y-%m-%d %H:%M UTC}, by {who} / 文字已于此时由其删除"
            )
    return lines


def main():
    parser = argparse.ArgumentParser(description="Verify an evidence pack offline. 离线验证存证包。")
    parser.add_argument("pack")
    parser.add_argument("--key", default="", help="fingerprint of the key you trust, or its beginning (SHA-256)")
    parser.add_argument("--heads", default="", help="heads of the log as they were published (heads.jsonl)")
    options = parser.parse_args()
    try:
        found = verify(options.pack, options.key, options.heads)
    except Refused as error:
        print(f"REFUSED / 验证未通过: {error}")
        return 1
    print(plain(f"VALID / 验证通过: {found['case']}  {found['title']}"))
    print(
        f"  {len(found['files'])} files / 个文件, {len(found['events'])} events / 个事件, head / 树头 {found['head']['size']}"
    )
    for line in found["erased"]:
        print(plain(f"  {line}"))
    print(f"  key / 密钥指纹: {found['key']}")
    if not options.key:
        print("!" * 78)
        print("!!  The key was NOT compared. Anybody can sign a pack with a key of their own.")
        print("!!  Compare this fingerprint with the one the company published, or use --key:")
        print("!!  未核对密钥！任何人都可以用自己的密钥签名。请与公司公布的指纹核对，或使用 --key：")
        print(f"!!  {found['key']}")
        print("!" * 78)
    return 0


if __name__ == "__main__":
    sys.exit(main())
