"""Evidence packs: asked for, found, handed out (ARC-01, ARC-03). `building` makes them.

A void request's pack is built when it is done and all its refunds are settled, a refund's of its own when it is settled;
anybody with the right has one built at any time. A pack is never changed: building again makes the next version.
"""

import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.billing import events
from apps.billing.archive import verify_pack
from apps.billing.archive.dossier import Case, case_of
from apps.billing.models import EvidencePack, Refund, VoidRequest
from apps.billing.models.evidence_pack import CLEAR
from apps.billing.states import PackState, PackStep, RefundState, VoidState
from apps.core import locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.core.models import Upload
from apps.feedback.services import words
from apps.journal import events as journal
from apps.journal import signing, transitions
from apps.journal.doorbell import ring

logger = logging.getLogger(__name__)

ARCHIVIST = system("archive")
REASON_AT_LEAST = 4  # characters of why somebody wants a file
REFUND_OVER = (RefundState.SUCCEEDED, RefundState.REJECTED, RefundState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of a stored pack; `why` where it refuses."""

    valid: bool
    why: str = ""
    events: int = 0
    key: str = ""


# Asked for ------------------------------------------------------------------------------------------------------------


def request(subject: Case, *, actor: Actor, reason: str = "", clear: bool = False) -> EvidencePack:
    """Have a pack built; the worker does it. A member of staff says why.

    Raises DomainError `core.not_allowed`, `reason.missing`, `pack.reason_short`, `pack.being_built`.
    """
    if not actor.can("billing.build_evidencepack") or (clear and not actor.can(CLEAR)):
        raise DomainError("core.not_allowed")
    because = _reason(reason) if actor.kind != "system" else reason
    with transaction.atomic():
        case = locks.row(type(chosen := case_of(subject)), chosen.pk)
        whose = _whose(case)
        if EvidencePack.objects.filter(**whose, state=PackState.WAITING).exists():
            raise DomainError("pack.being_built")
        last = EvidencePack.objects.filter(**whose).aggregate(last=Max("pack_version"))["last"] or 0
        pack = EvidencePack.objects.create(
            **whose, case_number=case.number, pack_version=last + 1, clear=clear, requested_by_id=actor.user_id,
            requested_because=because[:300], step=PackStep.QUEUED,
        )  # fmt: skip
        data = {"case": case.number, "pack_version": pack.pack_version, "clear": clear}
        journal.record(events.PACK_REQUESTED, subject=pack, actor=actor, reason=because, data=data)
    ring("billing.packs")
    return pack


def consider(subject: Case) -> EvidencePack | None:
    """Have the system build a pack if the case is closed and none is on its way (ARC-01)."""
    case = case_of(subject)
    if not closed(case):
        return None
    try:
        return request(case, actor=ARCHIVIST)
    except DomainError as error:
        if error.code == "pack.being_built":
            return None
        raise


def closed(case: Case) -> bool:
    """An invoice was undone and every refund of it is settled; or a refund of its own came to an end after money was tried."""
    if isinstance(case, VoidRequest):
        over = case.state in (VoidState.DONE, VoidState.ARCHIVED)
        return over and not case.refunds.exclude(state__in=REFUND_OVER).exists()
    return case.state == RefundState.SUCCEEDED or (case.state in REFUND_OVER and case.attempts.exists())


def try_again(pack: EvidencePack, *, actor: Actor) -> EvidencePack:
    """Build a pack that was given up once more. Raises DomainError `core.not_allowed`, `transition.impossible`."""
    again = transitions.apply(pack, "try_again", actor=actor)
    ring("billing.packs")
    return again


# Found ----------------------------------------------------------------------------------------------------------------


def versions_of(subject: Case, actor: Actor) -> list[EvidencePack]:
    """All packs of the case that this actor may see, the newest first."""
    seen = EvidencePack.objects.visible_to(actor).filter(**_whose(case_of(subject)))
    return list(seen.select_related("requested_by").order_by("-pack_version"))


def latest_for(subject: Case) -> EvidencePack | None:
    """The newest pack of a void request or refund, whatever its state; None where there is none. Whoever shows it checks
    `EvidencePack.objects.visible_to`.
    """
    whose = (
        {"void_request_id": subject.void_request_id}
        if isinstance(subject, Refund) and subject.void_request_id
        else _whose(subject)
    )
    return EvidencePack.objects.filter(**whose, clear=False).order_by("-pack_version").first()


def address(pack: EvidencePack) -> str:
    """The path of its page."""
    try:
        return reverse("desk:pack", args=[pack.pk])
    except NoReverseMatch:
        return ""


# Handed out -----------------------------------------------------------------------------------------------------------


def hand_out(pack: EvidencePack, *, actor: Actor, reason: str) -> Upload:
    """The file, for somebody who says why; each time is on record.

    Raises DomainError `core.not_allowed`, `reason.missing`, `pack.reason_short`, `pack.not_ready`, `pack.gone`,
    `pack.changed`.
    """
    if not actor.can("billing.download_evidencepack") or (pack.clear and not actor.can(CLEAR)):
        raise DomainError("core.not_allowed")
    because = _reason(reason)
    upload = stored(pack)
    with transaction.atomic():
        data = {"case": pack.case_number, "pack_version": pack.pack_version, "digest": pack.sha256, "clear": pack.clear}
        journal.record(events.PACK_DOWNLOADED, subject=pack, actor=actor, reason=because, data=data)
    return upload


def stored(pack: EvidencePack) -> Upload:
    """The pack's file, whole. Raises DomainError `pack.not_ready`, `pack.gone`, `pack.changed`."""
    if pack.state != PackState.READY:
        raise DomainError("pack.not_ready")
    if pack.upload is None:
        raise DomainError("pack.gone")
    digest = hashlib.sha256()
    try:
        with pack.upload.file.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except FileNotFoundError as error:
        logger.error("the file of evidence pack %s is gone", pack)
        raise DomainError("pack.changed") from error
    if digest.hexdigest() != pack.sha256:
        logger.error("the file of evidence pack %s was changed", pack)
        raise DomainError("pack.changed")
    return pack.upload


def verify(pack: EvidencePack) -> Verdict:
    """Run the pack's own verifier on the stored file, with our key and our published heads.

    Raises DomainError `pack.not_ready`, `pack.gone`.
    """
    if pack.state != PackState.READY:
        raise DomainError("pack.not_ready")
    if pack.upload is None:
        raise DomainError("pack.gone")
    try:
        with pack.upload.file.open("rb") as file:
            content = file.read()
    except FileNotFoundError:
        return Verdict(False, _("The file is gone."))
    if hashlib.sha256(content).hexdigest() != pack.sha256:
        return Verdict(False, _("The file is not the one that was built."))
    try:
        found = verify_pack.verify_content(content, fingerprint(), str(settings.EVIDENCE_HEADS_FILE))
    except verify_pack.Refused as error:
        return Verdict(False, str(error))
    return Verdict(True, "", len(found["events"]), found["key"])


def fingerprint() -> str:
    """Of the key that signs; what auditors compare."""
    return verify_pack.key_fingerprint(signing.public_pem().decode())


def _whose(case: Case) -> dict[str, Any]:
    return {"void_request": case} if isinstance(case, VoidRequest) else {"refund": case}


def _reason(given: str) -> str:
    text = words.checked(given, "reason", limit=300, required="reason.missing")
    if len(text) < REASON_AT_LEAST:
        raise DomainError("pack.reason_short", field="reason", least=REASON_AT_LEAST)
    return text
