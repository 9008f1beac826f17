"""Which adapter serves which channel; filled in `BillingConfig.ready`, replaced in tests."""

from apps.billing.adapters.base import RefundAdapter, TaxAdapter

_refunds: dict[str, RefundAdapter] = {}
_tax: dict[str, TaxAdapter] = {}


def register(adapter: RefundAdapter) -> None:
    _refunds[adapter.channel] = adapter


def refund_adapter(channel: str) -> RefundAdapter:
    """Raises LookupError for a channel that nobody serves."""
    if channel not in _refunds:
        raise LookupError(f"no adapter serves {channel}")
    return _refunds[channel]


def register_tax(adapter: TaxAdapter) -> None:
    """The one registered last is used for new operations; older ones are asked where they were sent."""
    _tax.pop(adapter.name, None)
    _tax[adapter.name] = adapter


def tax_adapter(name: str = "") -> TaxAdapter:
    """By name, or the one for new operations. Raises LookupError."""
    if name and name not in _tax:
        raise LookupError(f"no tax adapter called {name}")
    if not _tax:
        raise LookupError("no tax adapter is set up")
    return _tax[name] if name else list(_tax.values())[-1]
