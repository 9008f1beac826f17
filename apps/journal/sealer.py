"""Sealing events into the evidence log (ARC-03).

Serial ids commit out of order, so an event's place in the log is not its id: one sealer at a time numbers what is
committed and not sealed yet, and signs a head over it. Heads are also appended to a file outside the database
(`EVIDENCE_HEADS_FILE`), so that even a truncated database is caught.
"""

import hashlib
import json
import os
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from apps.core import clock
from apps.core.models import Heartbeat
from apps.journal import signing
from apps.journal.events import canonical
from apps.journal.merkle import Frontier, leaf_hash
from apps.journal.models import Event, Head, Leaf

LOCK = 0x5EA1  # advisory lock: one sealer at a time
BATCH = 20_000
# No transaction lives longer than this (transaction_timeout), so older ids can't appear any more.
LATEST_COMMIT = timedelta(hours=1)


def leaf_entry(position: int, event: Event) -> bytes:
    """The bytes that a leaf stands for: the event's fixed part, its commitment and its place."""
    return canonical(
        [
            position,
            event.pk,
            event.kind,
            event.subject_type,
            str(event.subject_id),
            event.actor_kind,
            event.actor_label,
            event.actor_id,
            utc(event.at),
            bytes(event.commitment).hex(),
        ]
    )


def utc(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"


def head_message(size: int, root: bytes, sealed_at: datetime, previous: str) -> bytes:
    """What a head's signature covers."""
    return canonical({"size": size, "root": root.hex(), "sealed_at": utc(sealed_at), "previous": previous})


def head_digest(head: Head) -> str:
    message = head_message(head.size, bytes(head.root), head.sealed_at, head.previous)
    return hashlib.sha256(message + bytes(head.signature)).hexdigest()


def seal() -> int:
    """Seal all committed events; returns how many. Does nothing while another sealer works."""
    sealed = 0
    while True:
        with transaction.atomic():
            if not _only_sealer():
                return sealed
            count = _seal_batch()
            Heartbeat.objects.update_or_create(name="sealer", defaults={"at": clock.now()})
        sealed += count
        if count < BATCH:
            break
    export_heads()
    return sealed


def _only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _seal_batch() -> int:
    last = Head.objects.first()
    events = unsealed(last)[:BATCH]
    if not events:
        return 0
    frontier = Frontier(last.size, [bytes.fromhex(p) for p in last.frontier]) if last else Frontier()
    leaves = []
    for event in events:
        digest = leaf_hash(leaf_entry(frontier.size, event))
        leaves.append(Leaf(position=frontier.size, event_id=event.pk, digest=digest))
        frontier.append(digest)
    Leaf.objects.bulk_create(leaves, batch_size=5_000)
    _sign(frontier, last, max_event_id=max(events[-1].pk, last.max_event_id if last else 0))
    return len(leaves)


def unsealed(last: Head | None) -> Any:
    """Events not in the log yet, by id. Looks back only as far as a late commit can reach."""
    settled = (
        Head.objects.filter(sealed_at__lt=last.sealed_at - LATEST_COMMIT).values_list("max_event_id", flat=True).first()
        if last
        else None
    )
    return Event.objects.raw(
        "SELECT e.* FROM journal_event e WHERE e.id > %s"
        " AND NOT EXISTS (SELECT 1 FROM journal_leaf l WHERE l.event_id = e.id) ORDER BY e.id LIMIT %s",
        [settled or 0, BATCH],
    )


def _sign(frontier: Frontier, last: Head | None, *, max_event_id: int) -> None:
    sealed_at = clock.now()
    previous = head_digest(last) if last else ""
    root = frontier.root()
    Head.objects.create(
        size=frontier.size,
        root=root,
        frontier=[p.hex() for p in frontier.peaks],
        max_event_id=max_event_id,
        sealed_at=sealed_at,
        previous=previous,
        key_id=signing.key_id(signing.public_pem()),
        signature=signing.private_key().sign(head_message(frontier.size, root, sealed_at, previous)),
    )


def exported(head: Head, public_pem: bytes) -> dict[str, Any]:
    """A head as a line of the exported file: verifiable without the database."""
    return {
        "size": head.size,
        "root": bytes(head.root).hex(),
        "sealed_at": utc(head.sealed_at),
        "previous": head.previous,
        "signature": bytes(head.signature).hex(),
        "public_key": public_pem.decode(),
    }


def export_heads() -> None:
    """Append the heads that the file does not hold yet (a crash between commit and export is made good here)."""
    path = settings.EVIDENCE_HEADS_FILE
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with transaction.atomic():
        if not _only_sealer():
            return
        _drop_half_line(path)
        last_size = max((line["size"] for line in read_exported()), default=0)
        public = signing.public_pem()
        with open(path, "a", encoding="utf-8") as file:
            for head in Head.objects.filter(size__gt=last_size).order_by("size"):
                file.write(json.dumps(exported(head, public)) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _drop_half_line(path: os.PathLike[str]) -> None:
    """Cut off what a power failure left behind the last whole line."""
    if os.path.exists(path):
        with open(path, "rb+") as file:
            file.truncate(file.read().rfind(b"\n") + 1)


def read_exported() -> list[dict[str, Any]]:
    """All lines of the exported file; a half-written last line (power cut) is left out."""
    try:
        with open(settings.EVIDENCE_HEADS_FILE, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1] if line.strip()]
