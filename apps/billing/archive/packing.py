"""Sealing files and events into one ZIP that proves itself (ARC-01, ARC-03)."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.billing.archive.verify_pack import FORMAT, zipped
from apps.core import clock
from apps.journal import proofs, signing
from apps.journal.events import canonical
from apps.journal.proofs import Proof

VERIFIER = Path(__file__).with_name("verify_pack.py")


def seal(
    case: str, title: str, subjects: Sequence[UUID], files: Mapping[str, bytes], proof: Proof | None = None
) -> bytes:
    """A pack of these files with the proof of every event about `subjects`; `proof` where the caller has it already.

    Raises DomainError `evidence.not_sealed`: the caller seals first, or comes again.
    """
    proof = proof or proofs.prove(subjects)
    contents = {
        **files,
        "proof.json": canonical(proof.as_json()),
        "verify_pack.py": VERIFIER.read_bytes(),
    }
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "case": case,
        "title": title,
        "built_at": clock.now().isoformat(),
        "subjects": [str(subject) for subject in subjects],
        "events": [proven.event.pk for proven in proof.events],
        "files": {
            name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(contents.items())
        },
    }
    raw = canonical(manifest)
    signature = {
        "public_key": signing.public_pem().decode(),
        "signature": signing.private_key().sign(raw).hex(),
    }
    return zipped({"manifest.json": raw, "manifest.sig.json": canonical(signature), **contents})
