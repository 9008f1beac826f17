"""Ways out of the house, chosen by what is configured. `base` is the contract."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from apps.notifications.adapters.base import Adapter
from apps.notifications.adapters.email import EmailAdapter
from apps.notifications.adapters.local import LocalAdapter
from apps.notifications.adapters.sms_gateway import SmsGatewayAdapter
from apps.notifications.states import MessageChannel

_registered: dict[str, Callable[[], Adapter]] = {}


def register(channel: str, make: Callable[[], Adapter]) -> None:
    """A room above brings a way out of its own; called in its `ready()`."""
    _registered[str(channel)] = make


@contextmanager
def opened() -> Iterator[dict[str, Adapter]]:
    """The adapter of each channel, with connections that are kept until the end of the block."""
    chosen: dict[str, Adapter] = {
        MessageChannel.EMAIL.value: EmailAdapter() if settings.EMAIL_HOST else LocalAdapter(),
        MessageChannel.SMS.value: SmsGatewayAdapter() if settings.SMS_GATEWAY_URL else LocalAdapter(),
        MessageChannel.DOOR.value: LocalAdapter(),
    }
    chosen |= {channel: make() for channel, make in _registered.items()}
    try:
        yield chosen
    finally:
        for adapter in chosen.values():
            adapter.close()
