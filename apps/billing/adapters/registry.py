"""Which adapter serves which channel; filled in `BillingConfig.ready`, replaced in tests."""

from apps.billing.adapters.base import RefundAdapter

_refunds: dict[str, RefundAdapter] = {}


def register(adapter: RefundAdapter) -> None:
    _refunds[adapter.channel] = adapter


def refund_adapter(channel: str) -> RefundAdapter:
    """Raises LookupError for a channel that nobody serves."""
    if channel not in _refunds:
        raise LookupError(f"no adapter serves {channel}")
    return _refunds[channel]
