"""Names of the events about calls. Stored for decades: never renamed."""

CALL_RANG = "call.rang"
CALL_ANSWERED = "call.answered"
CALL_ENDED = "call.ended"
CALL_MISSED = "call.missed"
CALL_SETTLED = "call.settled"  # logged, nothing to log, called back, got through later
CALL_TRIED = "call.tried"  # called back, and nobody answered
