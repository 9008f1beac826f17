"""Names of the events this room records. Those of the sweep have the deadline's subject as theirs."""

WARNED = "deadline.warned"
BREACHED = "deadline.breached"
ESCALATED = "deadline.escalated"
FIRED = "deadline.fired"
CHANGED = "deadline.changed"  # another policy, calendar or priority: the due time moved
CANCELLED = "deadline.cancelled"  # no policy asks for it any more
SET_BY_HAND = "deadline.set_by_hand"

POLICY_CHANGED = "sla.policy_changed"
CALENDAR_CHANGED = "sla.calendar_changed"
LADDER_CHANGED = "sla.ladder_changed"
RECALCULATION_CONTINUED = "sla.recalculation_continued"  # the rest of the deadlines that a changed calendar moves
