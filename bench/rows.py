"""The rows of a filled database, as SQL: copies of two model tickets' rows, with what differs between tickets drawn anew."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from bench import scratch

# What is drawn for each ticket, once: all tables below follow it. `n` counts up with time; `share` is the age, from 0 to 1.
DRAW = """
CREATE UNLOGGED TABLE fill AS
SELECT *, CASE WHEN is_open THEN NULL ELSE least(received_at + interval '1 day' * (1 + 5 * random()), now()) END AS closed_at,
    CASE WHEN NOT is_open THEN CASE WHEN state_draw < .96 THEN 'closed' ELSE 'rejected' END
        WHEN state_draw < .15 THEN 'pending' WHEN state_draw < .25 THEN 'assigned' WHEN state_draw < .73 THEN 'in_progress'
        WHEN state_draw < .85 THEN 'waiting' WHEN state_draw < .88 THEN 'solution_approval' WHEN state_draw < .93 THEN 'resolved'
        WHEN state_draw < .98 THEN 'callback' ELSE 'second_follow_up' END AS state
FROM (
    SELECT t.n, d.id AS department_id, random() AS state_draw, (10 + 80 * random() * random())::int AS score,
        uuidv7(interval '1 second' * round(-86400.0 * {days} * share)) AS id,
        now() - interval '1 second' * round(86400.0 * {days} * share) AS received_at,
        now() + interval '1 day' * (3 * random() - 0.4) AS due_at,
        random() < CASE WHEN share < .01 THEN .9 WHEN share < .03 THEN .6 WHEN share < .08 THEN .15 ELSE .003 END AS is_open,
        p.people[1 + t.n % array_length(p.people, 1)] AS handler_id, c.id AS customer_id, k.id AS category_id
    FROM (SELECT n, department, ({tickets} - n)::float / {tickets} AS share FROM fill_ticket OFFSET 0) AS t
    JOIN accounts_department d ON d.code = t.department
    JOIN (SELECT department_id, array_agg(id ORDER BY id) AS people FROM accounts_user GROUP BY 1) p ON p.department_id = d.id
    JOIN fill_customer c ON c.c = 1 + (t.n::bigint * 7919) % {customers}
    JOIN (SELECT id, row_number() OVER (ORDER BY slug) - 1 AS place, count(*) OVER () AS total FROM triage_category) k
        ON k.place = (t.n % 97) % k.total
    ORDER BY t.n
) AS drawn;
CREATE INDEX ON fill (n);
ANALYZE fill;
GRANT ALL ON fill TO feedback_app;
"""
CUSTOMERS = """
CREATE UNLOGGED TABLE fill_customer AS
SELECT c, uuidv7(interval '1 second' * round(-86400.0 * {days} * (1 - c::float / {customers}))) AS id
FROM generate_series(1, {customers}) AS c;
CREATE INDEX ON fill_customer (c);
ANALYZE fill_customer;
GRANT ALL ON fill_customer TO feedback_app;
"""
PART = "fill f WHERE f.n BETWEEN %(first)s AND %(last)s"
_MODEL = "m.{} = (CASE WHEN f.is_open THEN %(open)s ELSE %(closed)s END)::uuid"

# Table: (what is drawn anew, the tables and the condition). `m` is the row that is copied. In this order.
COPIES: dict[str, tuple[dict[str, str], str]] = {
    "crm_customer": (
        {
            "id": "c.id", "external_id": "NULL", "created_at": "now() - interval '1 year'",
            "phone_index": "md5('p' || c.c) || md5('q' || c.c)", "email_index": "md5('e' || c.c) || md5('f' || c.c)",
            "name_masked": "(ARRAY['张*', '王**', '李*', '赵**', '陈*', '欧***'])[1 + c.c %% 6]",
            "phone_masked": "'138****' || lpad((c.c %% 10000)::text, 4, '0')",
            "tier": "CASE WHEN c.c %% 33 = 0 THEN 'vip' WHEN c.c %% 11 = 0 THEN 'gold' ELSE 'normal' END",
        },
        "fill_customer c, crm_customer m WHERE m.id = %(customer)s::uuid",
    ),
    "crm_order": (
        {"id": "uuidv7()", "number": "'DD' || c.c", "customer_id": "c.id"},
        "fill_customer c, crm_order m WHERE m.number = 'bench'",
    ),
    "feedback_ticket": (
        {
            "id": "f.id", "created_at": "f.received_at", "received_at": "f.received_at", "external_ref": "NULL",
            "number": "to_char(f.received_at AT TIME ZONE 'Asia/Shanghai', 'YYYYMM') || '-' || (1000000 + f.n)",
            "title": "t.title", "description": "t.description", "state": "f.state", "department_id": "f.department_id",
            "assignee_id": "CASE WHEN f.state IN ('pending', 'assigned') THEN NULL ELSE f.handler_id END",
            "collaborator_ids": "CASE WHEN f.n %% 7 = 0 THEN ARRAY[1 + f.n %% 5]::bigint[] ELSE '{}' END",
            "customer_id": "f.customer_id", "category_id": "f.category_id", "closed_at": "f.closed_at",
            "resolved_at": "f.closed_at", "priority_score": "f.score",
            "kind": "(ARRAY['complaint', 'complaint', 'fault', 'inquiry', 'suggestion', 'request'])[1 + f.n %% 6]",
            "urgency": "CASE WHEN f.n %% 50 = 0 THEN 'critical' WHEN f.n %% 8 = 0 THEN 'urgent' ELSE 'normal' END",
            "channel": "(ARRAY['online', 'hotline', 'wechat', 'email', 'app', 'store', 'online'])[1 + f.n %% 7]",
            "satisfaction": "CASE WHEN f.state = 'closed' AND f.n %% 10 < 6 THEN 1 + floor(5 * sqrt(random()))::int END",
            "closed_as": "CASE WHEN f.state = 'closed' THEN m.closed_as ELSE '' END",
            "rejected_as": "CASE WHEN f.state = 'rejected' THEN 'spam' ELSE '' END",
            "next_due_at": "CASE WHEN f.is_open AND f.state <> 'waiting' THEN f.due_at END",
            "queue_at": "CASE WHEN f.is_open THEN f.due_at - interval '1 minute' * 6 * f.score ELSE m.queue_at END",
        },
        f"fill_ticket t, feedback_ticket m, {PART} AND t.n = f.n AND {_MODEL.format('id')}",
    ),
    "feedback_searchtext": (
        {
            "ticket_id": "t.id", "words": "coalesce(s.words, '')::tsvector", "text": "coalesce(s.folded, '')",
            "scopes": "array_remove(ARRAY[t.department_id, -t.assignee_id] || t.collaborator_ids, NULL)",
        },
        f"fill_ticket s, feedback_ticket t, feedback_searchtext m, {PART} AND s.n = f.n AND t.id = f.id"
        " AND m.ticket_id = %(open)s::uuid",
    ),
    "feedback_message": (
        {
            "id": "uuidv7(f.received_at - now() + interval '1 hour' * (1 + s.k))", "ticket_id": "f.id", "kind": "s.kind",
            "body": "s.body", "at": "f.received_at + interval '1 hour' * (1 + s.k)", "created_at": "f.received_at",
            "author_id": "CASE WHEN s.kind = 'customer' THEN NULL ELSE f.handler_id END",
        },
        f"fill_message s, (SELECT * FROM feedback_message WHERE ticket_id = %(open)s::uuid LIMIT 1) m, {PART} AND s.n = f.n",
    ),
    "feedback_survey": (
        {
            "id": "uuidv7(f.received_at - now())", "ticket_id": "f.id", "sent_at": "f.closed_at", "created_at": "f.closed_at",
            "answered_at": "CASE WHEN t.satisfaction IS NOT NULL THEN f.closed_at END", "score": "t.satisfaction",
        },
        f"feedback_ticket t, feedback_survey m, {PART} AND f.state = 'closed' AND t.id = f.id AND m.ticket_id = %(closed)s::uuid",
    ),
    "sla_deadline": (
        {
            "id": "uuidv7(f.received_at - now())", "subject_id": "f.id", "created_at": "f.received_at", "started_at": "f.received_at",
            "due_at": "CASE WHEN m.state = 'open' THEN f.due_at ELSE f.received_at + (m.due_at - m.started_at) END",
            "next_check_at": "CASE WHEN m.next_check_at IS NOT NULL THEN f.due_at END",
            "breached_at": "CASE WHEN m.purpose = 'obligation' AND f.n %% 8 = 0 THEN f.received_at + (m.due_at - m.started_at) END",
            "ended_at": "CASE WHEN m.ended_at IS NOT NULL THEN f.received_at + interval '2 hours' END",
            "department_id": "f.department_id",
        },
        f"sla_deadline m, {PART} AND {_MODEL.format('subject_id')} AND m.purpose = 'obligation'",
    ),
    "journal_event": (
        {"subject_id": "f.id", "at": "f.received_at + (m.at - o.received_at)"},
        f"feedback_ticket o, journal_event m, {PART} AND {_MODEL.format('subject_id')} AND o.id = m.subject_id"
        " AND m.kind IN ('ticket.received', 'ticket.accepted', 'ticket.resolved', 'ticket.closed')",
    ),
    "notifications_outgoingmessage": (
        {"id": "uuidv7(f.received_at - now())", "event_id": "NULL", "subject_id": "f.id", "created_at": "f.received_at",
         "state": "'sent'", "next_try_at": "NULL", "sent_at": "f.received_at"},
        f"notifications_outgoingmessage m, {PART} AND {_MODEL.format('subject_id')} AND m.template = 'acknowledgement'",
    ),
}  # fmt: skip


def insert(table: str) -> str:
    """The statement for one table: whatever columns it has, those that aren't drawn are the model's."""
    drawn, source = COPIES[table]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'"
            " AND is_identity = 'NO' ORDER BY ordinal_position",
            [table],
        )
        names = [row[0] for row in cursor.fetchall()]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(drawn.get(name, f'm."{name}"') for name in names)
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {source}"


@contextmanager
def bare_tables() -> Iterator[None]:
    """Without indexes and foreign keys inside the block, which makes filling several times quicker; then put back."""
    tables = ", ".join(f"'{table}'::regclass" for table in COPIES)
    keys = scratch.as_owner(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        f" WHERE contype = 'f' AND conrelid IN ({tables})"
    )
    indexes = scratch.as_owner(
        f"SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ({tables})"
        " AND NOT indisunique"
    )
    for table, name, _definition in keys:
        scratch.as_owner(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        scratch.as_owner(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        scratch.as_owner(f"SET maintenance_work_mem = '512MB'; {definition}")
    for table, name, definition in keys:
        scratch.as_owner(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition} NOT VALID')
