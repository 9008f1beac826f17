"""The simulated providers for tests: `from tests.billing.providers import providers, at_simulator`."""

import time

import pytest

from apps.billing.adapters import registry, setup
from apps.billing.adapters.alipay import AlipayAdapter
from apps.billing.adapters.benefits import BenefitsAdapter
from apps.billing.adapters.wechat_pay import WechatPayAdapter
from apps.billing.services import paying
from apps.billing.simulator.keys import ProviderKeys
from apps.billing.simulator.server import Providers
from apps.core import clock

KEYS = ProviderKeys.new()


@pytest.fixture
def providers(tmp_path, monkeypatch):
    """Running, and behind the registry; `delay` is short, and nothing ends by itself before `tick`."""
    server = Providers(KEYS, tmp_path / "ledger.sqlite", seed=1, delay=0.2, settle_after=1000, bounce_after=1000)
    server._tick = lambda: None
    with server:
        for adapter in (
            AlipayAdapter(KEYS.alipay_config(server.url)),
            WechatPayAdapter(KEYS.wechat_config(server.url)),
            BenefitsAdapter(server.url, KEYS.benefits),
        ):
            monkeypatch.setitem(registry._refunds, adapter.channel, adapter)
        monkeypatch.setattr(setup, "alipay_config", lambda: KEYS.alipay_config(server.url))
        monkeypatch.setattr(setup, "wechat_config", lambda: KEYS.wechat_config(server.url))
        yield server


def later(server, seconds=2000):
    """What is due in so many seconds has happened at the providers."""
    server.tick(time.time() + seconds)


def sweep_on(times=1):
    """The janitor comes by; everything that waits is due."""
    from apps.billing.models import RefundAttempt
    from apps.billing.states import OPEN_ATTEMPTS

    for _ in range(times):
        RefundAttempt.objects.filter(state__in=OPEN_ATTEMPTS).update(next_query_at=clock.now(), lease_until=None)
        paying.sweep()
