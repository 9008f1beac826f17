"""Names of the events this room records. Those of the sweep have the deadline's subject as theirs."""

WARNED = "deadline.warned"
BREACHED = "deadline.breached"
ESCALATED = "deadline.escalated"
FIRED = "deadline.fired"
CHANGED = "deadline.changed"  # another policy, calendar or priority: the due time moved
CANCELLED = "deadline.cancelled"  # no policy asks for it any more
SET_BY_HAND = "deadline.set_by_hand"
# About the deadline's subject: `extension` is the request's id.
EXTENSION_ASKED = "deadline.extension_asked"
EXTENSION_ENDED = "deadline.extension_ended"  # refused, expired or withdrawn: the old date stands

# The request's own states.
EXTENSION_APPROVED = "extension.approved"
EXTENSION_REFUSED = "extension.refused"
EXTENSION_EXPIRED = "extension.expired"
EXTENSION_WITHDRAWN = "extension.withdrawn"

POLICY_CHANGED = "sla.policy_changed"
CALENDAR_CHANGED = "sla.calendar_changed"
LADDER_CHANGED = "sla.ladder_changed"
LEGAL_RULE_CHANGED = "sla.legal_rule_changed"
OFFICIAL_DAYS_MISSING = "sla.official_days_missing"
RECALCULATION_CONTINUED = "sla.recalculation_continued"  # the rest of the deadlines that a changed calendar moves
