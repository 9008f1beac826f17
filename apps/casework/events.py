"""Names of the events that this room sends; those about a ticket have the ticket as their subject. Never renamed."""

INVESTIGATION_WRITTEN = "investigation.written"
INVESTIGATION_SIGNED = "investigation.signed"
EVIDENCE_ADDED = "investigation.evidence_added"
INTERVIEW_ADDED = "investigation.interview_added"
RECORD_STRUCK = "investigation.struck"  # an interview or a piece of evidence
INTERVIEWEE_REVEALED = "investigation.interviewee_revealed"

CHECKLIST_ADDED = "checklist.added"
CHECKLIST_REMOVED = "checklist.removed"
CHECKLIST_ITEM_SETTLED = "checklist.item_settled"
CHECKLIST_ITEM_REOPENED = "checklist.item_reopened"

TIME_ADDED = "time.added"
TIME_CORRECTED = "time.corrected"

MACRO_RUN = "macro.run"
TICKET_FOLLOWED = "ticket.followed"
TICKET_UNFOLLOWED = "ticket.unfollowed"

CARE_PLANNED = "care.planned"  # subject: the ticket
CARE_ENDED = "care.ended"  # subject: the ticket
CARE_DONE = "care_task.done"  # subject: the task, with the three below
CARE_SKIPPED = "care_task.skipped"
CARE_REOPENED = "care_task.reopened"

VIEW_SHARED = "view.shared"  # subject: the view; also after a change
VIEW_DELETED = "view.deleted"  # one that others saw

RULE_CHANGED = "casework.rule_changed"  # check-list templates, demands, reply templates, guides, macros, care rules
