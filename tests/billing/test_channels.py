"""Each way for money to go back is whole: whoever adds one is told here what is still missing (docs/adding-a-provider.md)."""

import pytest

from apps.billing.adapters import registry, setup
from apps.billing.adapters.alipay import AlipayAdapter
from apps.billing.adapters.wechat_pay import WechatPayAdapter
from apps.billing.services import ladder
from apps.billing.states import KEEPS_OUR_MONEY, ONLINE, Method, PayChannel


@pytest.mark.req("REF-01")
@pytest.mark.parametrize("channel", PayChannel.values)
def test_a_channel_has_an_adapter_whether_it_is_set_up_or_not(channel, monkeypatch):
    monkeypatch.setattr(registry, "_refunds", {})
    setup.install()
    adapter = registry.refund_adapter(channel)
    assert adapter.channel == channel
    assert adapter.first_query > 0 and adapter.query_every > 0


@pytest.mark.req("REF-08")
@pytest.mark.parametrize("channel", PayChannel.values)
def test_a_channels_ladder_begins_with_its_own_way_and_ends_with_a_person(channel):
    rungs = ladder.LADDERS[PayChannel(channel)]
    assert rungs[0] == ladder.Rung(channel, ladder.first_method(channel))
    assert rungs[-1] == ladder.HAND
    assert len(set(rungs)) == len(rungs)
    assert {rung.method for rung in rungs} <= set(Method.values)


def test_who_keeps_our_money_tells_its_balance_and_its_statement():
    adapters = {adapter.channel: adapter for adapter in (AlipayAdapter, WechatPayAdapter)}
    assert set(adapters) == set(KEEPS_OUR_MONEY) <= set(ONLINE)
    assert all(callable(adapter.balance) and callable(adapter.statement) for adapter in adapters.values())
