"""Names of the events of retention, personal data rights and audit. Stored for decades: never renamed."""

RETENTION_CHANGED = "retention.class_changed"
HOLD_PLACED = "retention.hold_placed"  # subject: the record held
HOLD_LIFTED = "retention.hold_lifted"
LIST_DRAWN_UP = "destruction.drawn_up"
LIST_SIGNED = "destruction.signed"  # one of two witnesses
LIST_WITNESSED = "destruction.witnessed"
LIST_BEGUN = "destruction.begun"
LIST_DONE = "destruction.done"
LIST_CANCELLED = "destruction.cancelled"
RECORD_DESTROYED = "retention.destroyed"  # subject: the record; counts, digest, files

REQUEST_RECEIVED = "data_request.received"
REQUEST_CHECKED = "data_request.checked"
REQUEST_EXPORTED = "data_request.exported"  # digest of the copy
REQUEST_ANSWERED = "data_request.answered"
REQUEST_REFUSED = "data_request.refused"
REQUEST_WITHDRAWN = "data_request.withdrawn"

AUDIT_RULES_CHANGED = "audit.rules_changed"
SAMPLE_DRAWN = "audit.sample_drawn"  # seed, population, digest
SAMPLE_CLOSED = "audit.sample_closed"
ITEM_ANSWERED = "audit.item_answered"
FINDING_WRITTEN = "finding.written"
FINDING_ANSWERED = "finding.answered"
FINDING_RETURNED = "finding.returned"
FINDING_CLOSED = "finding.closed"
FLAG_RAISED = "red_flag.raised"
FLAG_CLEARED = "red_flag.cleared"
