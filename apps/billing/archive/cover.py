"""What stands on the index of a pack: its head, its summary, the chapters, the list of files and the proof (ARC-01)."""

import hashlib
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.billing.archive import chapters, timeline
from apps.billing.archive.documents import Papers
from apps.billing.archive.dossier import Dossier
from apps.billing.archive.packs import fingerprint
from apps.billing.models import EvidencePack
from apps.billing.states import RefundState
from apps.core import clock
from apps.journal.proofs import Proof


def title(dossier: Dossier) -> str:
    kind = _("void request") if dossier.request is not None else str(dossier.refunds[0].get_kind_display())
    return f"{kind} {dossier.case.number}"


def index(pack: EvidencePack, dossier: Dossier, papers: Papers, proof: Proof) -> dict[str, Any]:
    """All that `index.typ` draws."""
    now = chapters.moment(clock.now())
    told = [
        *chapters.parts(dossier),
        {"title": _("Files in this pack"), "blocks": _files(papers)},
        {"title": _("Timeline"), "blocks": timeline.blocks(proof)},
        {"title": _("Proof"), "blocks": _proof(pack, proof)},
    ]
    what = _("Voiding case") if dossier.request is not None else _("Refund case")
    version, title = _("version %(n)s") % {"n": pack.pack_version}, _("Evidence index")
    case = f"{pack.case_number} · {version}"
    return {
        "company": settings.COMPANY_NAME,
        "heading": _("%(what)s: evidence index") % {"what": what},
        "subheading": case,
        "running": f"{title}　{case}",
        "built": _("made %(at)s (Beijing time)") % {"at": now},
        "foot": _("log of %(n)s events · key %(key)s") % {"n": proof.head.size, "key": fingerprint()[:16]},
        "summary": _summary(pack, dossier),
        "parts": chapters.numbered(told),
        "signatures": [_("Prepared by"), _("Checked by"), _("Head of finance"), _("Archivist")],
        "words": {
            "page": _("Page"), "qr": _("the record in the system"), "seal": _("signature / seal"),
            "date": _("Date:"), "signatures": _("Signatures and seals"), "lacking": _("Characters that could not be drawn"),
            "lacking_note": _("They stand as 〔U+…〕 in the text above; messages.json holds them as they were written."),
        },
    }  # fmt: skip


def _summary(pack: EvidencePack, dossier: Dossier) -> list[list[str]]:
    case = dossier.case
    rows: list[tuple[str, str]] = [(_("Case"), case.number), (_("State"), str(case.get_state_display()))]
    rows.append((_("Amount"), chapters.yuan(case.amount)))
    if dossier.request is not None:
        rows += chapters.invoice_facts(dossier.request.invoice)[:3]
        rows.append((_("Act"), str(dossier.request.get_act_display() or "—")))
    paid = [refund for refund in dossier.refunds if refund.state == RefundState.SUCCEEDED]
    if dossier.refunds:
        told = _("%(paid)s of %(all)s paid") % {"paid": len(paid), "all": len(dossier.refunds)}
        rows.append((_("Refunds"), f"{told} · {chapters.yuan(sum((r.amount for r in paid), start=case.amount * 0))}"))
    rows.append((_("Tickets"), "、".join(ticket.number for ticket in dossier.tickets) or "—"))
    told = _("clear") if pack.clear else _("masked, but for the buyer as the invoice names them")
    rows.append((_("Personal data"), told))
    asked = chapters.person(pack.requested_by)
    rows.append((_("Pack asked for by"), f"{asked}　{pack.requested_because}".strip()))
    return [[name, value] for name, value in rows]


def _files(papers: Papers) -> list[chapters.Block]:
    rows = [
        (name, f"{len(content):,}", hashlib.sha256(content).hexdigest())
        for name, content in sorted(papers.files.items())
    ]
    blocks = [chapters.table([_("File"), _("Bytes"), "SHA-256"], [6, 2, 6], rows, [1])]
    if papers.missing:
        why = {
            "gone": _("no longer stored"), "changed": _("not the file that was received"),
            "too_large": _("left out: the pack would be too large"),
        }  # fmt: skip
        left = [(row["name"], why[row["why"]], row["sha256"]) for row in papers.missing]
        blocks += [
            chapters.caption(_("Not in this pack")), chapters.table([_("File"), _("Why"), "SHA-256"], [6, 3, 6], left),
        ]  # fmt: skip
    return blocks


def _proof(pack: EvidencePack, proof: Proof) -> list[chapters.Block]:
    head = proof.head
    return [
        chapters.facts(
            (_("Events of the case"), len(proof.events)), (_("Size of the log"), head.size),
            (_("Root of the tree"), bytes(head.root).hex()), (_("Head sealed"), chapters.moment(head.sealed_at)),
            (_("Fingerprint of the key"), fingerprint()),
        ),
        chapters.note(_(
            "Every event above is proven in proof.json to be under this signed head (RFC 9162), and the head to have only"
            " added to earlier ones. verify_pack.py checks all of it without the system: python verify_pack.py %(file)s"
        ) % {"file": pack.file_name}),
    ]  # fmt: skip
