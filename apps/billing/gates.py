"""What may forbid a payment (asked by `services.paying.begin`)."""

from apps.billing.services import floats, refund_gates
from apps.journal import gates

PAY = "billing.refund.pay"

for _gate in (refund_gates.red_first, refund_gates.provider_limits, floats.gate):
    gates.register(PAY, _gate)
