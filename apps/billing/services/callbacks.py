"""Callbacks of the payment providers (REF-04): signature, age and nonce are checked; then we ask. What they say is not believed."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from apps.billing.adapters import alipay_protocol, setup
from apps.billing.models import CallbackNonce
from apps.billing.services import paying
from apps.channels.pay import protocol
from apps.core import clock

FRESH = timedelta(minutes=5)
KEEP = timedelta(days=2)


class Refused(Exception):
    """Forged, too old, or seen before. The text holds no key."""


def wechat(headers: Mapping[str, str], body: bytes) -> None:
    """A callback about a refund. Raises Refused."""
    config = setup.wechat_config()
    if config is None:
        raise Refused("WeChat Pay is not set up")
    try:
        nonce = protocol.check(headers, body, config.platform, now=clock.now().timestamp())
        found = protocol.opened(config.apiv3_key, json.loads(body)["resource"])
        number = str(found["out_refund_no"])
    except (protocol.Unsigned, ValueError, KeyError, TypeError) as error:
        raise Refused(str(error)) from error
    _heard("wechat", nonce, number)


def alipay(values: Mapping[str, str]) -> None:
    """A callback about a refund that came back, or any other with a refund's number. Raises Refused."""
    config = setup.alipay_config()
    if config is None:
        raise Refused("Alipay is not set up")
    try:
        alipay_protocol.check_notice(config.alipay, values)
        at = datetime.strptime(values["notify_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
        number = values.get("out_request_no") or values["out_biz_no"]
    except (alipay_protocol.Unsigned, ValueError, KeyError) as error:
        raise Refused(str(error)) from error
    if values.get("app_id") != config.app_id:
        raise Refused("of another application")
    if abs(clock.now() - at) > FRESH:
        raise Refused("the callback is too old")
    _heard("alipay", hashlib.sha256(values["sign"].encode()).hexdigest(), number)


def _heard(provider: str, nonce: str, number: str) -> None:
    """The nonce and its effect commit together: a callback that was refused half-way may come again."""
    with transaction.atomic():
        _row, new = CallbackNonce.objects.get_or_create(provider=provider, nonce=nonce)
        if not new:
            raise Refused("this callback was here before")
        paying.ask_now(number)


def forget_old() -> None:
    """A nonce older than that is refused by its age."""
    CallbackNonce.objects.filter(at__lt=clock.now() - KEEP).delete()
