"""The files of a pack beside its index: what people attached, certificates, receipts, what was said (ARC-01).

A provider's word, a certificate number or a bank's result without a file of its own is written down as JSON. Of a bank's
result file only the row of this case goes in, with the digest of the whole: the other rows are other people's.
"""

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from apps.billing.archive.dossier import Dossier
from apps.billing.models import Invoice, TaxOperation
from apps.core.models import Upload
from apps.journal.events import canonical
from apps.journal.proofs import Proof

logger = logging.getLogger(__name__)
_UNSAFE = re.compile(r"[^0-9A-Za-z\u3400-\u9fff._()（）-]+")
LONGEST_NAME = 80


@dataclass(slots=True)
class Papers:
    """Files by their path in the pack, what each is, and what could not go in with the reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    missing: list[dict[str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(len(content) for content in self.files.values())

    def add(self, name: str, content: bytes, title: str) -> None:
        self.files[name], self.titles[name] = content, title

    def leave_out(self, name: str, why: str, digest: str) -> None:
        """`why` is gone, changed or too_large."""
        self.missing.append({"name": name, "why": why, "sha256": digest})


def collect(of: Dossier) -> Papers:
    """All files of the case, those that prove most first. `PACK_MAX_BYTES` keeps a pack from growing without end."""
    papers = Papers()
    for call in of.operations:
        _tax_call(papers, call)
    for invoice, folder in ((of.invoice, "invoice"), (of.red, "red-invoice")):
        if invoice is not None:
            papers.add(f"documents/{folder}/{_safe(invoice.number)}.json", _pretty(_invoice(invoice)), str(invoice))
    _receipts(papers, of)
    for place, (title, upload) in enumerate(_attached(of), start=1):
        _put(papers, f"documents/attachments/{place:03d}_{_safe(upload.name)}", upload, title)
    papers.add("messages.json", _pretty(list(_messages(of))), "messages")
    return papers


def _tax_call(papers: Papers, call: TaxOperation) -> None:
    verb = TaxOperation.Verb(call.verb)
    folder = "red-invoice" if verb == TaxOperation.Verb.RED else "certificates"
    facts = {
        "verb": call.verb, "key": call.key, "adapter": call.adapter, "state": call.state, "certificate": call.certificate,
        "form": call.form.number if call.form else "", "sent_at": call.sent_at, "settled_at": call.settled_at,
        "failure": call.failure, "answer": call.answer, "by_hand": call.by_hand,
    }  # fmt: skip
    papers.add(f"documents/{folder}/{call.key}.json", _pretty(facts), f"{verb.label} {call.key}")
    if call.file is not None:
        _put(
            papers,
            f"documents/{folder}/{call.key}_{_safe(call.file.name)}",
            call.file,
            f"{verb.label} {call.certificate or facts['form']}",
        )


def _invoice(invoice: Invoice) -> dict[str, Any]:
    lines = invoice.lines.order_by("position").values(
        "position", "name", "unit", "quantity", "net", "rate", "tax", "blue_line__position"
    )
    return {
        "code": invoice.code, "number": invoice.number, "kind": invoice.kind, "issued_at": invoice.issued_at,
        "buyer_name": invoice.buyer_name, "buyer_tax_number": invoice.buyer_tax_number, "net": invoice.net,
        "tax": invoice.tax, "gross": invoice.gross, "state": invoice.state, "lines": list(lines),
        "red_of": str(invoice.red_of) if invoice.red_of else "",
    }  # fmt: skip


def _receipts(papers: Papers, of: Dossier) -> None:
    for attempt in of.attempts:
        facts = {
            "number": attempt.number, "provider_number": attempt.provider_number, "channel": attempt.channel,
            "method": attempt.method, "amount": attempt.amount, "state": attempt.state, "failure": attempt.failure,
            "sent_at": attempt.sent_at, "settled_at": attempt.settled_at, "times_asked": attempt.queries,
            "answer": attempt.answer,
        }  # fmt: skip
        papers.add(f"documents/receipts/{attempt.number}.json", _pretty(facts), attempt.number)
    for row in of.batch_rows:
        facts = {
            "batch": row.batch.number, "layout": row.batch.layout, "position": row.position, "state": row.state,
            "failure": row.failure, "bank_reference": row.bank_reference, "number": row.attempt.number,
            "file_sha256": row.batch.digest, "result_sha256": row.batch.result_digest,
            "released_at": row.batch.released_at, "downloaded_at": row.batch.downloaded_at,
        }  # fmt: skip
        name = f"documents/bank/{row.batch.number}_{row.attempt.number}.json"
        papers.add(name, _pretty(facts), f"{row.batch.number} {row.attempt.number}")
    for paid in of.hand_payments:
        if paid.proof is not None:
            name = f"documents/receipts/{paid.attempt.number}_{_safe(paid.proof.name)}"
            _put(papers, name, paid.proof, paid.attempt.number)


def _attached(of: Dossier) -> Iterator[tuple[str, Upload]]:
    seen = set()
    for each in of.attachments:
        if each.upload_id not in seen:
            seen.add(each.upload_id)
            yield f"{each.ticket.number} {each.upload.name}", each.upload


def _messages(of: Dossier) -> Iterator[dict[str, Any]]:
    """What was written, in full: characters that paper can't show stand here as they are."""
    for ticket in of.tickets:
        yield {
            "ticket": ticket.number, "kind": "received", "at": ticket.received_at, "channel": ticket.channel,
            "text": of.curtain.text(ticket.description), "title": of.curtain.text(ticket.title),
        }  # fmt: skip
    for message in of.messages:
        author = message.author
        yield {
            "ticket": message.ticket.number, "kind": message.kind, "at": message.at, "channel": message.channel,
            "author": (author.staff_number or author.get_username()) if author else "", "text": of.curtain.text(message.body),
        }  # fmt: skip
    for sent in of.sent:
        yield {
            "about": sent.reference, "kind": sent.template, "at": sent.sent_at or sent.created_at, "channel": sent.channel,
            "to": of.curtain.of(sent.recipient, sent.recipient_masked), "state": sent.state, "text": of.words_of(sent),
        }  # fmt: skip


def _put(papers: Papers, name: str, upload: Upload, title: str) -> None:
    """A stored file, if it is still the one that was received."""
    if papers.size + upload.size > settings.PACK_MAX_BYTES:
        return papers.leave_out(name, "too_large", upload.sha256)
    try:
        with upload.file.open("rb") as file:
            content = file.read()
    except (FileNotFoundError, ValueError):
        logger.warning("a file of a case is gone: upload %s", upload.pk)
        return papers.leave_out(name, "gone", upload.sha256)
    if hashlib.sha256(content).hexdigest() != upload.sha256:
        logger.error("a stored file is not the one that was received: upload %s", upload.pk)
        return papers.leave_out(name, "changed", upload.sha256)
    papers.add(name, content, title)
    return None


def heads(proof: Proof) -> bytes:
    """The signed heads of the proof, one JSON object a line, as the log publishes them."""
    told = proof.as_json()
    lines = [*(before["head"] for before in told["earlier"]), told["head"]]
    return b"".join(canonical(line) + b"\n" for line in sorted(lines, key=lambda line: line["size"]))


def _safe(name: str) -> str:
    """A name that is a file's everywhere: no path, no spaces, no signs that mean something to a shell."""
    stem, dot, extension = _UNSAFE.sub("_", name).strip("._").rpartition(".")
    if not dot:
        stem, extension = extension, ""
    return f"{(stem or 'file')[:LONGEST_NAME]}{dot}{extension[:10]}"


def _pretty(value: Any) -> bytes:
    """JSON for people and programs."""
    return json.dumps(json.loads(canonical(value)), ensure_ascii=False, indent=2).encode()


README = """存证包 {case} 第 {version} 版
================================
index.pdf          本案全过程的索引（申请、审批、核验、税务操作、退款、沟通、时间线、文件清单）
documents/         凭证、红字发票、支付渠道回执、银行结果、附件
messages.json      工单往来原文（纸面上无法显示的字符以此为准）
proof.json         本案每一事件的 Merkle 包含证明与签名树头（RFC 9162）
heads.jsonl        上述树头，可与公司公布的树头逐一比对
manifest.json      全部文件的大小与 SHA-256；manifest.sig.json 为其 Ed25519 签名
verify_pack.py     独立验证程序：只需 Python 3.9+ 与 cryptography，不连接任何系统

验证：    python verify_pack.py {file} --key {key}
与已公布的树头比对：    加上 --heads heads.jsonl（使用公司公布的文件，而不是本包内的）
公司公布的密钥指纹应为：{key}
请务必从公司另行公布的渠道核对上述指纹，而不是只依据本文件。
依法删除的文字：其封存承诺仍在，时间线与验证程序注明由谁何时删除；日志中没有对应删除记录的，验证不通过。
{personal_zh}

Evidence pack {case}, version {version}
================================
index.pdf          the whole case: request, approvals, checks, calls to the tax platform, refunds, messages, timeline
documents/         certificates, red invoice, providers' receipts, bank results, attachments
messages.json      what was written, in full
proof.json         an inclusion proof for every event of the case under a signed head (RFC 9162)
heads.jsonl        those heads, to be compared with the ones the company has published
manifest.json      size and SHA-256 of every file; manifest.sig.json is its Ed25519 signature
verify_pack.py     the stand-alone verifier: Python 3.9 or later and `cryptography`, nothing else

Verify:    python verify_pack.py {file} --key {key}
Compare with published heads:    add --heads with the file that the company published, not the one in here.
Compare the fingerprint above with the one that the company publishes elsewhere.
Words erased because the law says so: their commitment stays, timeline and verifier name when and by whom; what the log
knows no erasure of is refused.
{personal_en}
"""
PERSONAL = {
    False: (
        "个人信息：除发票所载购方外均已脱敏；附件按原样收录。",
        "Personal data: masked, but for the buyer as the invoice names them; attachments are as they came.",
    ),
    True: (
        "个人信息：本包含未脱敏的个人信息，仅限有权人员使用。",
        "Personal data: this pack holds clear personal data, for people with the right to it only.",
    ),
}
