"""Texts of tickets against the digests that their events keep (ARC-03): what was changed or deleted is named."""

from collections.abc import Iterator

from django.db import connection

from apps.core.erasure import ERASED
from apps.feedback import events
from apps.journal.verification import witness

# Where the text of an event lives. The digest is SHA-256 over the row's id, a unit separator and the text.
_SOURCES = {
    events.TICKET_RECEIVED: ("feedback_ticket", "e.subject_id", "t.description", "description of ticket"),
    events.MESSAGE_ADDED: ("feedback_message", "(e.data->>'message')::uuid", "t.body", "message"),
    events.PLAN_WRITTEN: ("feedback_plan", "(e.data->>'plan')::uuid", "t.steps || E'\\n' || t.measures", "plan"),
}


@witness
def changed_texts() -> Iterator[str]:
    """A sentence for every text that is not what its event says. The database compares: nothing is carried over."""
    for kind, (table, row_id, text, name) in _SOURCES.items():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT e.id, {row_id}, t.id IS NULL FROM journal_event e LEFT JOIN {table} t ON t.id = {row_id}"
                " WHERE e.kind = %s AND e.data ? 'text'"
                # LAW-05: what was wiped by the rules has an event of its own, and says so itself.
                f" AND NOT ((t.id IS NOT NULL AND ({text}) = ANY(%s)) AND EXISTS (SELECT 1 FROM journal_event x"
                " WHERE x.subject_id = e.subject_id AND x.kind = %s))"
                " AND (t.id IS NULL OR e.data->>'text' IS DISTINCT FROM"
                f" encode(sha256(convert_to(t.id::text || chr(31) || ({text}), 'UTF8')), 'hex')) ORDER BY e.id",
                [kind, [ERASED, f"{ERASED}\n{ERASED}", f"{ERASED}\n", f"\n{ERASED}"], events.TICKET_ERASED],
            )
            for event_id, row, gone in cursor.fetchall():
                yield f"{name} {row} (event {event_id}): {'deleted' if gone else 'its text was changed'}"
