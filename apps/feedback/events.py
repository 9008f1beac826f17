"""Names of the events that this room sends. Stored for decades: never renamed."""

TICKET_RECEIVED = "ticket.received"
TICKET_ASSIGNED = "ticket.assigned"
TICKET_ACCEPTED = "ticket.accepted"
TICKET_WAITING = "ticket.waiting"
TICKET_RESUMED = "ticket.resumed"
SOLUTION_PROPOSED = "solution.proposed"
SOLUTION_APPROVED = "solution.approved"
SOLUTION_DECLINED = "solution.declined"
TICKET_RESOLVED = "ticket.resolved"
CALLBACK_STARTED = "ticket.callback_started"
TICKET_CLOSED = "ticket.closed"
FOLLOW_UP_STARTED = "ticket.follow_up_started"
TICKET_REOPENED = "ticket.reopened"
TICKET_REJECTED = "ticket.rejected"
TICKET_RESTORED = "ticket.restored"

TICKET_RECLASSIFIED = "ticket.reclassified"
URGENCY_CHANGED = "ticket.urgency_changed"
TICKET_ESCALATED = "ticket.escalated"
SUPERVISOR_REQUESTED = "ticket.supervisor_requested"
FACTS_CORRECTED = "ticket.facts_corrected"
TAGS_CHANGED = "ticket.tags_changed"
REPEAT_FOUND = "ticket.repeat_found"  # subject: the later one
REPEATED = "ticket.repeated"  # subject: the first one
REPEAT_LINKED = "ticket.repeat_linked"  # by a person
REPEAT_UNLINKED = "ticket.repeat_unlinked"
TICKET_MERGED = "ticket.merged"  # subject: the one that went into another
TICKET_UNMERGED = "ticket.unmerged"
MERGED_IN = "ticket.merged_in"  # subject: the one that answers for it now
MERGED_OUT = "ticket.merged_out"
LINKED = "ticket.linked"
UNLINKED = "ticket.unlinked"
PART_CREATED = "ticket.part_created"  # subject: the part
PART_ADDED = "ticket.part_added"  # subject: the ticket it is a part of
TICKET_NUDGED = "ticket.nudged"
PLAN_WRITTEN = "plan.written"
MESSAGE_ADDED = "message.added"
SURVEY_ANSWERED = "survey.answered"
SURVEY_REMINDED = "survey.reminded"
FOLLOW_UP_RECORDED = "follow_up.recorded"
REGULATOR_CASE_RECORDED = "regulator.case_recorded"
REGULATOR_OUTCOME_RECORDED = "regulator.outcome_recorded"
GOODS_BACK = "ticket.goods_back"
REFUND_PAID = "ticket.refund_paid"

DRILL_STARTED = "drill.started"
DRILL_ENDED = "drill.ended"
SCENARIO_CHANGED = "feedback.drill_scenario_changed"
PROCESS_FEEDBACK_GIVEN = "ticket.process_feedback_given"
ARTICLE_DRAFTED = "ticket.article_drafted"

MAILBOX_CHANGED = "feedback.mailbox_changed"
RULES_CHANGED = "feedback.rules_changed"
PROMISE_WORDING_CHANGED = "feedback.promise_wording_changed"
TAG_CHANGED = "feedback.tag_changed"
FEEDBACK_IMPORTED = "feedback.imported"  # subject: the run itself; batch, channel, rows, added, known, refused
