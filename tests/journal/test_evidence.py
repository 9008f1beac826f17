"""The evidence log: what was tampered with is named (ARC-03)."""

import hashlib
import json
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.core.actors import CUSTOMER
from apps.journal import events, sealer, selectors
from apps.journal.merkle import Frontier, leaf_hash, node_hash
from apps.journal.models import Event, Head, Leaf
from apps.journal.verification import verify


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.EVIDENCE_KEY_FILE = tmp_path / "keys" / "evidence.pem"
    settings.EVIDENCE_HEADS_FILE = tmp_path / "evidence" / "heads.jsonl"


def record(n):
    subject = events.Ref("test.thing", uuid4())
    return events.record_many([events.NewEvent("test.happened", subject, CUSTOMER, {"n": i}, "原因") for i in range(n)])


def as_intruder(sql, *params):
    """What somebody with the tables' owner's rights can do: switch the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("journal_event", "journal_leaf", "journal_head"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, params)


def root_by_definition(leaves):
    """RFC 9162, section 2.1.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(root_by_definition(leaves[:k]), root_by_definition(leaves[k:]))


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_growing_tree_has_the_root_of_the_definition(entries):
    leaves = [leaf_hash(e) for e in entries]
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert frontier.root() == root_by_definition(leaves)


@pytest.mark.req("ARC-03")
@pytest.mark.django_db
def test_sealed_events_verify_and_later_ones_are_added():
    record(5)
    assert sealer.seal() >= 5
    record(3)
    assert selectors.seal_age() is not None
    assert sealer.seal() == 3
    assert sealer.seal() == 0
    report = verify()
    assert report.ok, report.findings
    assert (report.heads, report.unsealed) == (2, 0)
    assert selectors.seal_age() is None
    lines = sealer.read_exported()
    assert [line["size"] for line in lines] == list(Head.objects.order_by("size").values_list("size", flat=True))


@pytest.mark.req("ARC-03")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        (
            "UPDATE journal_event SET data = '{{\"n\": 99}}' WHERE id = {third}",
            "event {third} .*facts or reason were changed",
        ),
        ("UPDATE journal_event SET reason = '别的' WHERE id = {third}", "event {third} .*facts or reason were changed"),
        ("UPDATE journal_event SET at = at - interval '1 day' WHERE id = {third}", "event {third} .*changed or moved"),
        ("UPDATE journal_event SET actor_label = 'somebody' WHERE id = {third}", "event {third} .*changed or moved"),
        ("DELETE FROM journal_event WHERE id = {third}", r"event {third} \(leaf .*deleted"),
        ("DELETE FROM journal_leaf WHERE event_id = {third}", "removed from the evidence log"),
        ("UPDATE journal_leaf SET event_id = -event_id WHERE event_id IN ({third}, {fifth})", "deleted"),
        ("TRUNCATE journal_event CASCADE", r"event {third} \(leaf .*deleted"),
        ("TRUNCATE journal_leaf", r"leaves 0–\d+: sealed by a head and missing"),
        ("TRUNCATE journal_event, journal_leaf, journal_head CASCADE", r"head \d+: was exported .* gone"),
        ("DELETE FROM journal_head WHERE size = (SELECT max(size) FROM journal_head)", "gone from the database"),
        ("UPDATE journal_head SET sealed_at = sealed_at + interval '1 hour'", "signature does not match"),
    ],
)
def test_tampering_is_named(sql, finding):
    import re

    made = record(6)
    sealer.seal()
    record(2)
    sealer.seal()
    assert verify().ok
    names = {"third": made[2].pk, "fifth": made[4].pk}
    as_intruder(sql.format(**names))
    report = verify()
    assert any(re.search(finding.format(**names), f) for f in report.findings), report.findings


@pytest.mark.req("ARC-03")
@pytest.mark.django_db
def test_reordering_with_recomputed_digests_is_named_by_its_stretch():
    made = record(6)
    sealer.seal()
    second, fourth = made[1], made[3]
    leaves = {leaf.event_id: leaf for leaf in Leaf.objects.filter(event_id__in=[second.pk, fourth.pk])}
    a, b = leaves[second.pk].position, leaves[fourth.pk].position
    as_intruder("DELETE FROM journal_leaf WHERE position IN (%s, %s)", a, b)
    for position, event in ((a, fourth), (b, second)):
        event = Event.objects.get(pk=event.pk)
        digest = leaf_hash(sealer.leaf_entry(position, event))
        Leaf.objects.create(position=position, event_id=event.pk, digest=digest)
    report = verify()
    assert any("removed, reordered or replaced" in f for f in report.findings), report.findings


@pytest.mark.req("ARC-03")
@pytest.mark.django_db
def test_an_event_slipped_in_behind_the_log_is_named(monkeypatch):
    from datetime import timedelta

    made = record(3)
    as_intruder("SELECT 1")
    sealer.seal()
    last = Head.objects.first()
    with_older = last.sealed_at + timedelta(hours=2)
    from apps.core import clock

    with clock.at(with_older):
        record(1)
        sealer.seal()
    gap = made[0].pk - 1
    as_intruder(
        "INSERT INTO journal_event (id, kind, subject_type, subject_id, actor_kind, actor_label, at, reason, data, salt,"
        " commitment) SELECT -5, kind, subject_type, subject_id, actor_kind, actor_label, at, reason, data, salt,"
        " commitment FROM journal_event WHERE id = %s",
        made[0].pk,
    )
    assert gap > -5
    report = verify()
    assert any("event -5: was slipped in" in f for f in report.findings), report.findings


@pytest.mark.req("ARC-03")
@pytest.mark.django_db
def test_the_command_says_what_it_found_and_fails():
    made = record(2)
    sealer.seal()
    out = StringIO()
    call_command("verify_evidence", stdout=out)
    assert "evidence intact" in out.getvalue()
    as_intruder("DELETE FROM journal_event WHERE id = %s", made[1].pk)
    out = StringIO()
    with pytest.raises(CommandError, match="EVIDENCE BROKEN"):
        call_command("verify_evidence", stdout=out)
    assert f"event {made[1].pk}" in out.getvalue()


@pytest.mark.django_db
def test_an_export_cut_off_in_the_middle_is_made_good(settings):
    record(2)
    sealer.seal()
    whole = settings.EVIDENCE_HEADS_FILE.read_text()
    settings.EVIDENCE_HEADS_FILE.write_text(whole[: len(whole) // 2])
    assert sealer.read_exported() == []
    record(1)
    sealer.seal()
    sizes = [json.loads(line)["size"] for line in settings.EVIDENCE_HEADS_FILE.read_text().splitlines()]
    assert sizes == list(Head.objects.order_by("size").values_list("size", flat=True))
    assert verify().ok, verify().findings


@pytest.mark.django_db
def test_verification_speaks_up_about_a_foreign_key(settings, tmp_path):
    record(2)
    sealer.seal()
    settings.EVIDENCE_KEY_FILE = tmp_path / "other.pem"
    report = verify()
    assert any("signed by another key" in f for f in report.findings)
