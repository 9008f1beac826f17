"""Kinds of events this room records. Their data holds ids and codes, never addresses or texts."""

MESSAGE_SENT = "message.sent"
MESSAGE_FAILED = (
    "message.failed"  # data.reason: refused, gave_up, unconfirmed, returned, no_address, bad_address, no_mobile
)
MESSAGE_QUEUED_AGAIN = "message.queued_again"
CALL_NOT_ANSWERED = "message.call_not_answered"
TEMPLATE_CHANGED = "notifications.template_changed"
PERSONAL_DATA_REVEALED = "personal_data.revealed"
QUESTION_ASKED = "question.asked"
QUESTION_ANSWERED = "question.answered"
