"""The free words of an event may be erased (LAW-05), and nothing else of it, ever.

The database allows it only where an event about the same subject has named the erased one before: the erasure itself
stands in the log. Salt and words go together, so that nothing can be guessed back from the commitment, which stays.
"""

from django.db import migrations

ERASABLE = """
CREATE OR REPLACE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'journal_event' AND TG_OP = 'UPDATE' THEN
        IF NEW.reason = '〔已删除〕' AND NEW.salt = decode(repeat('00', 16), 'hex')
            AND (to_jsonb(NEW) - 'reason' - 'salt') = (to_jsonb(OLD) - 'reason' - 'salt')
            AND EXISTS (
                SELECT 1 FROM journal_event e
                WHERE e.subject_id = OLD.subject_id AND e.kind = 'personal_data.words_erased'
                AND e.data->'events' @> to_jsonb(OLD.id)
            )
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""
STRICT = """
CREATE OR REPLACE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0003_delivery_given_up")]

    operations = [migrations.RunSQL(ERASABLE, STRICT)]
