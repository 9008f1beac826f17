"""Names of the events about complaints at a payment provider. Stored for decades: never renamed."""

COMPLAINT_TAKEN_IN = "pay_complaint.taken_in"
COMPLAINT_CHANGED = "pay_complaint.changed"  # the provider's state of it
STEP_DONE = "pay_complaint.step_done"  # a reply or "done" reached the provider
STEP_FAILED = "pay_complaint.step_failed"
