"""Building evidence packs in the background (ARC-01): sealed, collected, proven, drawn, signed, kept.

No lock is held while a pack is built; what happened to the case meanwhile makes it begin again. A pack that fails waits
longer each time; after `MOST_ATTEMPTS` it is given up and people are told.
"""

import hashlib
import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from apps.billing.archive import cover, documents, packing, typeset, verify_pack
from apps.billing.archive.dossier import Dossier, gather
from apps.billing.archive.packs import ARCHIVIST, address, closed, fingerprint
from apps.billing.models import EvidencePack, VoidRequest
from apps.billing.states import PackState, PackStep, VoidState
from apps.core import clock, locks, uploads
from apps.core.errors import DomainError
from apps.journal import proofs, sealer, transitions
from apps.journal.proofs import Proof

logger = logging.getLogger(__name__)

LANGUAGE = "zh-hans"  # of the index: the archive is the company's, and the law's language is Chinese
LEASE = timedelta(minutes=5)  # longer than a task may run
MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=30)
MOMENT = timedelta(seconds=5)
COMES_AGAIN = ("evidence.not_sealed",)  # the sealer comes by in a moment: no failure


class Changed(Exception):
    """Something happened to the case while its pack was being built."""


def work_off(seconds: float = 30.0) -> int:
    """Build what waits until nothing is due or so many seconds have passed. Returns how many are ready now."""
    until, ready = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        pack = _claim()
        if pack is None:
            break
        ready += _try(pack)
    return ready


def _claim() -> EvidencePack | None:
    """One due pack that nobody builds, leased to us."""
    with transaction.atomic():
        due = EvidencePack.objects.filter(state=PackState.WAITING, due_at__lte=clock.now())
        found = locks.claim(due.order_by("due_at"), 1)
        if not found:
            return None
        pack = found[0]
        pack.due_at, pack.attempts = clock.now() + LEASE, pack.attempts + 1
        pack.save(update_fields=["due_at", "attempts"])
        return pack


def _try(pack: EvidencePack) -> bool:
    try:
        build(pack)
        return True
    except Changed:
        _later(pack, MOMENT, counted=False)
    except DomainError as error:
        if error.code in COMES_AGAIN:
            _later(pack, MOMENT, counted=False)
        else:
            _later(pack, _pause(pack), counted=True, why=error.code)
    except Exception as error:  # whatever it is: tried again, and told in the end
        logger.exception("evidence pack %s failed", pack)
        _later(pack, _pause(pack), counted=True, why=f"{type(error).__name__}: {error}")
    return False


def _pause(pack: EvidencePack) -> timedelta:
    return FIRST_PAUSE * 4 ** min(pack.attempts - 1, 5)


def _later(pack: EvidencePack, pause: timedelta, *, counted: bool, why: str = "") -> None:
    with transaction.atomic():
        fresh = locks.row(EvidencePack, pack.pk)
        if fresh.state != PackState.WAITING:
            return
        fresh.due_at, fresh.failure, fresh.step = clock.now() + pause, why[:300], PackStep.QUEUED
        fresh.attempts -= 0 if counted else 1
        fresh.save(update_fields=["due_at", "failure", "step", "attempts"])
        if counted and fresh.attempts >= MOST_ATTEMPTS:
            transitions.apply(fresh, "give_up", actor=ARCHIVIST)


def build(pack: EvidencePack) -> EvidencePack:
    """Build the pack and keep it. Raises Changed, DomainError `evidence.not_sealed`, and whatever goes wrong."""
    with translation.override(LANGUAGE):
        _step(pack, PackStep.SEALING)
        sealer.seal()
        _step(pack, PackStep.COLLECTING)
        dossier = gather(pack.case, clear=pack.clear)
        stamp = dossier.stamp()
        papers = documents.collect(dossier)
        _step(pack, PackStep.PROVING)
        proof = proofs.prove(dossier.subjects)
        _step(pack, PackStep.DRAWING)
        index = typeset.index(cover.index(pack, dossier, papers, proof), _link(pack), clock.now())
        _step(pack, PackStep.KEEPING)
        content = _sealed(pack, dossier, papers, proof, index)
    return _keep(pack, dossier, stamp, content, _facts(content, papers, proof, index))


def _step(pack: EvidencePack, step: str) -> None:
    """How far it is, for whoever looks; and the lease begins anew."""
    EvidencePack.objects.filter(pk=pack.pk).update(step=step, due_at=clock.now() + LEASE)


def _sealed(
    pack: EvidencePack, dossier: Dossier, papers: documents.Papers, proof: Proof, index: typeset.Paper
) -> bytes:
    personal_zh, personal_en = documents.PERSONAL[pack.clear]
    readme = documents.README.format(
        case=pack.case_number, version=pack.pack_version, file=pack.file_name, key=fingerprint(),
        personal_zh=personal_zh, personal_en=personal_en,
    )  # fmt: skip
    files = {
        "README.txt": readme.encode(), "index.pdf": index.content, **papers.files, "heads.jsonl": documents.heads(proof),
    }  # fmt: skip
    title = f"{cover.title(dossier)} v{pack.pack_version}"
    content = packing.seal(pack.case_number, title, dossier.subjects, files, proof)
    verify_pack.verify_content(content, fingerprint())  # what we keep must hold
    return content


def _facts(content: bytes, papers: documents.Papers, proof: Proof, index: typeset.Paper) -> dict[str, Any]:
    return {
        "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "contents": verify_pack.listing(content),
        "missing": papers.missing, "event_count": len(proof.events), "head_size": proof.head.size,
        "key_fingerprint": fingerprint(), "pages": index.pages,
    }  # fmt: skip


def _keep(pack: EvidencePack, dossier: Dossier, stamp: int, content: bytes, facts: dict[str, Any]) -> EvidencePack:
    with transaction.atomic():
        case = locks.row(type(dossier.case), dossier.case.pk)
        fresh = locks.row(EvidencePack, pack.pk)
        if fresh.state != PackState.WAITING:
            return fresh  # another worker was quicker, after our lease had lapsed
        if dossier.stamp() != stamp:
            raise Changed
        upload = uploads.put_away(fresh.file_name, content, "application/zip")
        ready = transitions.apply(fresh, "finish", actor=ARCHIVIST, upload=upload, facts=facts)
        if isinstance(case, VoidRequest) and case.state == VoidState.DONE and closed(case) and not fresh.clear:
            transitions.apply(case, "archive", actor=ARCHIVIST, digest=ready.sha256)
        return ready


def _link(pack: EvidencePack) -> str:
    return f"{settings.PUBLIC_URL}{address(pack)}"
