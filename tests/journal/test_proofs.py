"""Inclusion and consistency proofs (ARC-03), against the recursive definitions of RFC 9162."""

import hashlib
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from apps.journal import events, proofs, sealer
from apps.journal.events import Ref
from apps.journal.merkle import leaf_hash, node_hash
from apps.journal.models import Head
from apps.journal.proofs import Tree


def leaves(size):
    return [leaf_hash(str(n).encode()) for n in range(size)]


def root(digests):
    """RFC 9162 section 2.1.1, word for word."""
    if len(digests) == 1:
        return digests[0]
    k = 1 << (len(digests) - 1).bit_length() - 1
    return node_hash(root(digests[:k]), root(digests[k:]))


def climb(digest, position, size, path):
    """RFC 9162 section 2.1.3.2: the root that a path leads to, or None."""
    fn, sn = position, size - 1
    for node in path:
        if sn == 0:
            return None
        if fn % 2 or fn == sn:
            digest = node_hash(node, digest)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            digest = node_hash(digest, node)
        fn, sn = fn >> 1, sn >> 1
    return digest if sn == 0 else None


def agrees(first, second, first_root, second_root, path):
    """RFC 9162 section 2.1.4.2."""
    path = list(path)
    if first == second:
        return not path and first_root == second_root
    if first & (first - 1) == 0:
        path = [first_root, *path]
    fn, sn = first - 1, second - 1
    while fn % 2:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            fr, sr = node_hash(node, fr), node_hash(node, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, node)
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0


@pytest.mark.req("ARC-03")
@given(size=st.integers(1, 200), data=st.data())
def test_every_leaf_climbs_to_the_root_and_no_other_one_does(size, data):
    digests = leaves(size)
    tree = Tree(digests)
    assert tree.root() == root(digests)
    position = data.draw(st.integers(0, size - 1))
    path = tree.inclusion(position)

    assert climb(digests[position], position, size, path) == tree.root()
    assert climb(hashlib.sha256(b"other").digest(), position, size, path) != tree.root()


@pytest.mark.req("ARC-03")
@given(second=st.integers(1, 150), data=st.data())
def test_a_later_head_proves_that_it_only_added(second, data):
    first = data.draw(st.integers(1, second))
    digests = leaves(second)
    proof = Tree(digests).consistency(first)

    assert agrees(first, second, root(digests[:first]), root(digests), proof)
    if first > 1:
        changed = [leaf_hash(b"changed"), *digests[1:]]
        assert not agrees(first, second, root(changed[:first]), root(digests), proof)


@pytest.mark.django_db
@pytest.mark.req("ARC-03")
def test_the_events_of_a_subject_are_proven_under_the_newest_head():
    subject = Ref("feedback.ticket", uuid4())
    for n in range(5):
        events.record("test.happened", subject=subject, actor=SYSTEM, data={"n": n}, reason=f"第{n}次")
        events.record("test.happened", subject=Ref("feedback.ticket", uuid4()), actor=SYSTEM)
    with pytest.raises(DomainError) as caught:
        proofs.prove([subject.id])
    assert caught.value.code == "evidence.not_sealed"
    sealer.seal()

    proof = proofs.prove([subject.id])

    head = Head.objects.first()
    assert [proven.event.data["n"] for proven in proof.events] == [0, 1, 2, 3, 4]
    for proven in proof.events:
        assert climb(leaf_hash(proven.entry), proven.position, head.size, proven.path) == bytes(head.root)


@settings(max_examples=60, deadline=None)
@given(
    size=st.sampled_from([1, 2, 255, 256, 257, 511, 512, 513, 2049]) | st.integers(1, 3000),
    places=st.lists(st.integers(0, 10**6), max_size=4),
)
def test_a_tree_that_keeps_only_what_its_proofs_need_proves_the_same(size, places):
    digests = [hashlib.sha256(b"%d" % n).digest() for n in range(size)]
    positions, earlier = [place % size for place in places], [place % size + 1 for place in places] + [size]
    whole, lean = Tree(digests), proofs.grow(iter(digests), size, positions, earlier)
    assert lean.root() == whole.root()
    assert [lean.inclusion(each) for each in positions] == [whole.inclusion(each) for each in positions]
    assert [lean.consistency(each) for each in earlier] == [whole.consistency(each) for each in earlier]
