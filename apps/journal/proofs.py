"""Proofs that hold without the database (ARC-03, RFC 9162 section 2.1).

An inclusion proof shows that an event is a leaf under a signed head; a consistency proof, that a later head only added
to an earlier one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from apps.core.erasure import ERASED
from apps.core.errors import DomainError
from apps.journal import signing
from apps.journal.erasure import NO_SALT, WORDS_ERASED
from apps.journal.merkle import node_hash
from apps.journal.models import Event, Head, Leaf
from apps.journal.sealer import exported, leaf_entry


class Tree:
    """A whole tree over leaf digests, level by level; an odd node at the end of a level stands for itself above."""

    def __init__(self, digests: Sequence[bytes]) -> None:
        self.size = len(digests)
        self.levels = [list(digests)]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            if len(below) % 2:
                above.append(below[-1])
            self.levels.append(above)

    def root(self) -> bytes:
        return self.levels[-1][0]

    def inclusion(self, position: int) -> list[bytes]:
        """The siblings from the leaf up to the root. Raises IndexError beyond the tree."""
        if not 0 <= position < self.size:
            raise IndexError(position)
        path = []
        for level in self.levels[:-1]:
            sibling = position ^ 1
            if sibling < len(level):
                path.append(level[sibling])
            position >>= 1
        return path

    def consistency(self, earlier: int) -> list[bytes]:
        """The nodes that prove the first `earlier` leaves to be the same tree (RFC 9162 section 2.1.4.1)."""
        if not 0 < earlier <= self.size:
            raise IndexError(earlier)
        return self._subproof(earlier, 0, self.size, True)

    def _subproof(self, earlier: int, start: int, end: int, whole: bool) -> list[bytes]:
        if earlier == end - start:
            return [] if whole else [self._hash(start, end)]
        split = 1 << (end - start - 1).bit_length() - 1
        if earlier <= split:
            return [*self._subproof(earlier, start, start + split, whole), self._hash(start + split, end)]
        return [*self._subproof(earlier - split, start + split, end, False), self._hash(start, start + split)]

    def _hash(self, start: int, end: int) -> bytes:
        """The root of the leaves from `start` to `end`, a range as the proofs cut them."""
        level = (end - start - 1).bit_length()
        return self.levels[level][start >> level]


CHUNK_LEVEL = 8
CHUNK = 1 << CHUNK_LEVEL  # leaves


class LogTree(Tree):
    """The same tree with only those parts in memory that its proofs need: a log of millions of leaves fits into a few MB.

    `kept` are the whole subtrees of some chunks of leaves by their number, `tops` is the tree over the chunks' roots.
    """

    def __init__(self, size: int, tops: Tree, kept: dict[int, Tree]) -> None:
        self.size, self.tops, self.kept = size, tops, kept

    def root(self) -> bytes:
        return self.tops.root()

    def inclusion(self, position: int) -> list[bytes]:
        """As `Tree.inclusion`. Raises KeyError for a leaf whose chunk was not kept."""
        if not 0 <= position < self.size:
            raise IndexError(position)
        chunk = position >> CHUNK_LEVEL
        return self.kept[chunk].inclusion(position % CHUNK) + self.tops.inclusion(chunk)

    def _hash(self, start: int, end: int) -> bytes:
        level = (end - start - 1).bit_length()
        if level >= CHUNK_LEVEL:
            return self.tops.levels[level - CHUNK_LEVEL][start >> level]
        levels = self.kept[start >> CHUNK_LEVEL].levels
        return levels[min(level, len(levels) - 1)][(start % CHUNK) >> level]


@dataclass(frozen=True, slots=True)
class Proven:
    """An event as it goes into a pack: what its leaf stands for, what opens its commitment, and the path to the root.

    `erasure` is the event that erased its words (LAW-05): nothing opens its commitment any more, which stands in `entry`.
    """

    event: Event
    position: int
    entry: bytes
    path: list[bytes]
    erasure: Event | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            **({"erased": self.erasure.pk} if self.erasure else {}),
            "position": self.position,
            "entry": self.entry.decode(),
            "salt": bytes(self.event.salt).hex(),
            "data": self.event.data,
            "reason": self.event.reason,
            "path": [node.hex() for node in self.path],
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """All events about some subjects under one head, and that this head only added to some earlier ones."""

    head: Head
    events: list[Proven]
    earlier: list[tuple[Head, list[bytes]]]

    def as_json(self) -> dict[str, Any]:
        public = signing.public_pem()
        return {
            "head": exported(self.head, public),
            "events": [proven.as_json() for proven in self.events],
            "earlier": [
                {"head": exported(head, public), "path": [node.hex() for node in path]} for head, path in self.earlier
            ],
        }


def tree(size: int, positions: Iterable[int] = (), earlier: Iterable[int] = ()) -> LogTree:
    """The tree that a head of this size signs, ready to prove these leaves and its consistency with these earlier sizes.

    Reads 32 bytes a leaf, once: a million leaves take a few seconds and next to no memory.
    """
    digests = Leaf.objects.filter(position__lt=size).order_by("position").values_list("digest", flat=True)
    return grow((bytes(digest) for digest in digests.iterator(chunk_size=20_000)), size, positions, earlier)


def grow(leaves: Iterator[bytes], size: int, positions: Iterable[int], earlier: Iterable[int]) -> LogTree:
    """The tree over `size` leaf digests as they come; see `tree`."""
    ends = {place for before in earlier for place in (before - 1, min(before, size - 1))}
    wanted = {place >> CHUNK_LEVEL for place in (*positions, *ends, size - 1)}
    roots: list[bytes] = []
    kept: dict[int, Tree] = {}
    while chunk := list(islice(leaves, CHUNK)):
        subtree = Tree(chunk)
        if len(roots) in wanted:
            kept[len(roots)] = subtree
        roots.append(subtree.root())
    return LogTree(size, Tree(roots), kept)


def prove(subjects: Sequence[UUID]) -> Proof:
    """Every event about these subjects, each with its proof under the newest head.

    Raises DomainError `evidence.not_sealed` while one of them is not under a head yet; the sealer comes by every minute.
    """
    head = Head.objects.first()
    events = list(Event.objects.filter(subject_id__in=subjects).order_by("id"))
    places = dict(Leaf.objects.filter(event_id__in=[event.pk for event in events]).values_list("event_id", "position"))
    if head is None or any(places.get(event.pk, head.size) >= head.size for event in events):
        raise DomainError("evidence.not_sealed")
    before = _spread(head)
    whole = tree(head.size, places.values(), [earlier.size for earlier in before])
    if whole.root() != bytes(head.root):
        raise DomainError("evidence.broken")
    erasures = _erasures(events)
    proven = [
        Proven(
            event, places[event.pk], leaf_entry(places[event.pk], event), whole.inclusion(places[event.pk]),
            erasures.get(event.pk),
        )
        for event in events
    ]  # fmt: skip
    return Proof(head, proven, [(earlier, whole.consistency(earlier.size)) for earlier in before])


def _erasures(events: Sequence[Event]) -> dict[int, Event]:
    """Which of these events erased the words of which others, as `verification` sees it: an erased event says so itself."""
    named = {
        (event.subject_id, erased): event
        for event in events
        if event.kind == WORDS_ERASED
        for erased in event.data.get("events", [])
    }
    return {
        event.pk: erasure
        for event in events
        if event.reason == ERASED and bytes(event.salt) == NO_SALT
        if (erasure := named.get((event.subject_id, event.pk))) is not None
    }


def _spread(head: Head) -> list[Head]:
    """Some heads before this one, ever further apart: the 1st, 2nd, 4th, 8th … one back."""
    sizes = list(Head.objects.filter(size__lt=head.size).order_by("-size").values_list("size", flat=True))
    chosen = [sizes[(1 << step) - 1] for step in range(len(sizes).bit_length()) if (1 << step) <= len(sizes)]
    return list(Head.objects.filter(size__in=chosen))
