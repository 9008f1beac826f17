"""Proving that nothing was changed since it was sealed (ARC-02, ARC-03), and naming what was."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from django.db import connection, transaction

from apps.core.erasure import ERASED
from apps.journal import signing
from apps.journal.erasure import NO_SALT, erased_events
from apps.journal.events import commitment
from apps.journal.merkle import Frontier, leaf_hash
from apps.journal.models import Event, Head
from apps.journal.sealer import head_digest, head_message, leaf_entry, read_exported, unsealed, utc

SHOWN = 200  # findings kept; a truncated table would otherwise name every row


@dataclass(slots=True)
class Report:
    """What was checked and what was found. `findings` are sentences that name the rows."""

    leaves: int = 0
    heads: int = 0
    unsealed: int = 0
    found: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.found == 0

    def add(self, finding: str) -> None:
        self.found += 1
        if len(self.findings) < SHOWN:
            self.findings.append(finding)


# A room above that keeps texts in rows of its own tells what became of them: findings as sentences.
Witness = Callable[[], Iterator[str]]
_witnesses: list[Witness] = []


def witness(look: Witness) -> Witness:
    """Register a check that `verify` runs after its own, in the same snapshot. Call in `ready()`."""
    if look not in _witnesses:
        _witnesses.append(look)
    return look


def verify() -> Report:
    """Check every sealed event, every head and the exported heads in one consistent snapshot."""
    report = Report()
    outermost = not connection.in_atomic_block
    exported = read_exported()  # before the snapshot: a head sealed meanwhile must not look as if it were gone
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        heads = list(Head.objects.order_by("size"))
        _check_signatures(heads, report)
        _check_exported(heads, exported, report)
        _check_leaves(heads, report)
        _check_late(heads, report)
        for look in _witnesses:
            for finding in look():
                report.add(finding)
    return report


def _check_signatures(heads: list[Head], report: Report) -> None:
    previous = ""
    public_pem = signing.public_pem()
    own_key = signing.key_id(public_pem)
    for head in heads:
        report.heads += 1
        if head.previous != previous:
            report.add(f"head {head.size}: the chain to the head before it is broken (a head was removed or replaced)")
        previous = head_digest(head)
        if head.key_id != own_key:
            report.add(f"head {head.size}: signed by another key ({head.key_id})")
        elif not _signed(head, public_pem):
            report.add(f"head {head.size}: the signature does not match")


def _signed(head: Head, public_pem: bytes) -> bool:
    message = head_message(head.size, bytes(head.root), head.sealed_at, head.previous)
    try:
        signing.load_public(public_pem).verify(bytes(head.signature), message)
    except InvalidSignature:
        return False
    return True


def _check_exported(heads: list[Head], exported: list[dict[str, Any]], report: Report) -> None:
    roots = {head.size: head for head in heads}
    for line in exported:
        head = roots.get(line["size"])
        if head is None:
            report.add(f"head {line['size']}: was exported at {line['sealed_at']} and is gone from the database")
        elif bytes(head.root).hex() != line["root"] or utc(head.sealed_at) != line["sealed_at"]:
            report.add(f"head {line['size']}: differs from the exported one")


_SEALED = (
    "SELECT l.position, l.event_id AS leaf_event, l.digest, e.* FROM journal_leaf l"
    " LEFT JOIN journal_event e ON e.id = l.event_id ORDER BY l.position"
)


def _rows() -> Iterator[tuple[int, int, bytes, Event | None]]:
    """Leaves in order with their events, streamed by a server-side cursor."""
    fields = [str(f.column) for f in Event._meta.concrete_fields]
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SEALED)
        names: list[str] | None = None
        while rows := cursor.fetchmany(2_000):
            names = names or [c[0] for c in cursor.description]
            for row in rows:
                values = dict(zip(names, row, strict=True))
                yield values["position"], values["leaf_event"], bytes(values["digest"]), _event(values, fields)


def _event(values: dict[str, Any], fields: list[str]) -> Event | None:
    if values["id"] is None:
        return None
    values["data"] = json.loads(values["data"])  # a raw cursor hands out jsonb as text
    return Event.from_db("default", fields, [values[f] for f in fields])


def _check_leaves(heads: list[Head], report: Report) -> None:
    frontier = Frontier()
    erased = erased_events()
    pending = iter(heads)
    head = next(pending, None)
    covered = 0
    expected = 0
    for position, event_id, digest, event in _rows():
        report.leaves += 1
        if position != expected:
            report.add(f"leaves {expected}–{position - 1}: removed from the evidence log")
        expected = position + 1
        _check_event(position, event_id, digest, event, report, erased)
        frontier.append(digest)
        while head is not None and head.size == position + 1:
            if frontier.size != head.size or frontier.root() != bytes(head.root):
                report.add(
                    f"leaves {covered}–{head.size - 1}: removed, reordered or replaced (root of head {head.size})"
                )
                # go on from what was signed, so that one broken stretch is not reported again for all that follow
                frontier = Frontier(head.size, [bytes.fromhex(p) for p in head.frontier])
            covered = head.size
            head = next(pending, None)
    if heads and expected < heads[-1].size:
        report.add(f"leaves {expected}–{heads[-1].size - 1}: sealed by a head and missing (truncated)")
    if expected > (heads[-1].size if heads else 0):
        report.add(f"leaves {heads[-1].size if heads else 0}–{expected - 1}: no head covers them")


def _check_event(
    position: int, event_id: int, digest: bytes, event: Event | None, report: Report, erased: set[int]
) -> None:
    if event is None:
        report.add(f"event {event_id} (leaf {position}): deleted")
        return
    if leaf_hash(leaf_entry(position, event)) != digest:
        report.add(f"event {event_id} (leaf {position}, {event.kind}): changed or moved since it was sealed")
    if event_id in erased and event.reason == ERASED and bytes(event.salt) == NO_SALT:
        return  # its words were erased by the rules (LAW-05); what the leaf says of it was checked above
    if commitment(bytes(event.salt), event.data, event.reason) != bytes(event.commitment):
        report.add(f"event {event_id} (leaf {position}, {event.kind}): its facts or reason were changed")


def _check_late(heads: list[Head], report: Report) -> None:
    """Events that are not sealed yet are fine; one with an id from long ago was slipped in."""
    last = heads[-1] if heads else None
    report.unsealed = len(list(unsealed(last)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM journal_event")
        total = int(cursor.fetchone()[0])
    if total > report.leaves + report.unsealed and last is not None:
        sealed_ids = "SELECT 1 FROM journal_leaf l WHERE l.event_id = e.id"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT e.id FROM journal_event e WHERE NOT EXISTS ({sealed_ids}) ORDER BY e.id LIMIT %s", [SHOWN]
            )
            known = {e.pk for e in unsealed(last)}
            for (event_id,) in cursor.fetchall():
                if event_id not in known:
                    report.add(f"event {event_id}: was slipped in behind the sealed log")
