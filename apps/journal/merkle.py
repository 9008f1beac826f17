"""The Merkle tree of RFC 9162 (section 2.1): SHA-256, leaves prefixed 0x00, nodes 0x01."""

import hashlib
from collections.abc import Iterable


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first. Appending is O(log n)."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise ValueError("a tree of this size has another number of perfect subtrees")

    def append(self, digest: bytes) -> None:
        merges = (~self.size & (self.size + 1)).bit_length() - 1  # trailing one bits of the old size
        for _ in range(merges):
            digest = node_hash(self.peaks.pop(), digest)
        self.peaks.append(digest)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        digest = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            digest = node_hash(peak, digest)
        return digest
