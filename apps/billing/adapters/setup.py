"""The adapters that the settings describe, put into the registry when the site starts.

`PAYMENT_SIMULATOR_URL` points all providers at `manage.py simulate_providers`; else each has its own settings.
"""

from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.billing.adapters import registry
from apps.billing.adapters.alipay import AlipayAdapter, AlipayConfig
from apps.billing.adapters.benefits import BenefitsAdapter
from apps.billing.adapters.by_people import BankAdapter, HandAdapter, NotSetUp
from apps.billing.adapters.wechat_pay import WechatConfig, WechatPayAdapter
from apps.billing.simulator.keys import ProviderKeys
from apps.billing.states import PayChannel
from apps.channels.pay import protocol


def install() -> None:
    registry.register(BankAdapter())
    registry.register(HandAdapter())
    alipay, wechat = alipay_config(), wechat_config()
    registry.register(AlipayAdapter(alipay) if alipay else NotSetUp(PayChannel.ALIPAY))
    registry.register(WechatPayAdapter(wechat) if wechat else NotSetUp(PayChannel.WECHAT_PAY))
    benefits = benefits_config()
    registry.register(BenefitsAdapter(*benefits) if benefits else NotSetUp(PayChannel.BENEFIT))


def simulated_keys() -> ProviderKeys:
    return ProviderKeys.kept_in(settings.LOCAL_DIR / "keys")


def alipay_config() -> AlipayConfig | None:
    """None where Alipay is not set up. Raises ImproperlyConfigured for keys that cannot be read."""
    if settings.PAYMENT_SIMULATOR_URL:
        return simulated_keys().alipay_config(settings.PAYMENT_SIMULATOR_URL)
    given = settings.ALIPAY
    if not given["app_id"]:
        return None
    try:
        private, public = (
            protocol.private_key(_pem(given["private_key"])),
            protocol.public_key(_pem(given["public_key"])),
        )
    except (ValueError, OSError) as error:
        raise ImproperlyConfigured(f"ALIPAY_PRIVATE_KEY or ALIPAY_PUBLIC_KEY: {error}") from error
    return AlipayConfig(given["url"], given["app_id"], private, public)


def wechat_config() -> WechatConfig | None:
    """None where WeChat Pay is not set up. Raises ImproperlyConfigured for keys that cannot be read."""
    notify = f"{settings.PUBLIC_URL}/hooks/pay/wechat/"
    if settings.PAYMENT_SIMULATOR_URL:
        return simulated_keys().wechat_config(settings.PAYMENT_SIMULATOR_URL, notify)
    given = settings.WECHAT_PAY
    if not given["mchid"]:
        return None
    try:
        private = protocol.private_key(_pem(given["private_key"]))
        platform = {given["platform_key_id"]: _pem(given["platform_key"])}
        protocol.public_key(platform[given["platform_key_id"]])
    except (ValueError, OSError) as error:
        raise ImproperlyConfigured(f"WECHAT_PAY_PRIVATE_KEY or WECHAT_PAY_PLATFORM_KEY: {error}") from error
    return WechatConfig(given["url"], given["mchid"], given["serial_no"], private, given["apiv3_key"], platform, notify)


def benefits_config() -> tuple[str, str] | None:
    if settings.PAYMENT_SIMULATOR_URL:
        return settings.PAYMENT_SIMULATOR_URL, simulated_keys().benefits
    return (settings.BENEFITS_URL, settings.BENEFITS_KEY) if settings.BENEFITS_URL else None


def _pem(given: str) -> str:
    """A key as PEM, or the path of its file."""
    return given if "-----BEGIN" in given else Path(given).read_text()
