"""One inbox of everything that waits for somebody's decision. Another kind is a `Source` and a line in SOURCES."""

from apps.desk.approvals import cancellations, money, seconds, tickets
from apps.desk.approvals.base import Source

SOURCES: tuple[Source, ...] = (
    money.Voids(),
    money.Refunds(),
    money.Compensation(),
    cancellations.Cancellations(),
    seconds.Batches(),
    seconds.TaxByHand(),
    seconds.HandPayments(),
    seconds.Differences(),
    tickets.Solutions(),
    tickets.Extensions(),
)

BY_NAME: dict[str, Source] = {source.name: source for source in SOURCES}
