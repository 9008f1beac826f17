"""The door of WeChat Pay's complaints (消费者投诉 2.0): its settings, its callback (INT-14)."""

import json
import logging

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from apps.channels.adapters.base import Field, Platform, Received, Refused, Said, address_problems, register, secrets_of
from apps.channels.models import Door, DoorKind
from apps.channels.pay import protocol
from apps.channels.pay.gateway import Gateway, platform_keys
from apps.core import clock
from apps.core.errors import DomainError

log = logging.getLogger(__name__)


class PayPlatform(Platform):
    """A callback only says that something happened to a complaint; what it was is asked for afterwards."""

    kind = DoorKind.WECHAT_PAY
    fields = (
        Field("mchid", _("Merchant number"), help=_("Of the WeChat Pay merchant, e.g. 1900000109.")),
        Field("serial_no", _("Serial number of the merchant's certificate")),
        Field(
            "api_url", _("Address of the API"), required=False, help=_("Empty: https://api.mch.weixin.qq.com."),
        ),
        Field("platform_key_id", _("Id of WeChat Pay's public key"), help=_("PUB_KEY_ID_…, or a certificate's serial number.")),
        Field(
            "platform_key_id_2", _("Id of the second public key"), required=False,
            help=_("While WeChat Pay changes its keys, both are taken."),
        ),
        Field("apiv3_key", _("APIv3 key"), secret=True, help=_("32 characters.")),
        Field("private_key", _("Merchant's private key"), secret=True, help=_("PEM, apiclient_key.pem.")),
        Field("platform_key", _("WeChat Pay's public key"), secret=True, help=_("PEM of the key or the certificate.")),
        Field("platform_key_2", _("Second public key"), secret=True, required=False),
    )  # fmt: skip

    def problems(self, values: dict[str, str]) -> list[DomainError]:
        wrong = address_problems(values)
        if values.get("apiv3_key") and len(values["apiv3_key"].encode()) != 32:
            wrong.append(DomainError("pay.apiv3_key", field="apiv3_key"))
        for name, read in (
            ("private_key", protocol.private_key),
            ("platform_key", protocol.public_key),
            ("platform_key_2", protocol.public_key),
        ):
            try:
                if values.get(name):
                    read(values[name])
            except ValueError:
                wrong.append(DomainError("pay.key", field=name))
        return wrong

    def receive(self, door: Door, request: HttpRequest, body: bytes) -> Received:
        """Signature, age, nonce, then the content: anything wrong is answered 401 and kept nowhere."""
        if request.method != "POST":
            raise Refused("a callback is posted", 405)
        keys = secrets_of(door)
        try:
            nonce = protocol.check(request.headers, body, platform_keys(door), now=clock.now().timestamp())
            _only_once(door, nonce)
            notice = json.loads(body)
            found = protocol.opened(keys.get("apiv3_key", ""), notice["resource"])
            said = Said(
                id=str(notice["id"])[:120],
                peer=str(found["complaint_id"])[:64],
                event=str(found.get("action_type", ""))[:60],
            )
        except protocol.Unsigned as error:
            raise Refused(str(error), 401) from None
        except (ValueError, KeyError, TypeError) as error:
            raise Refused("the callback cannot be read", 400) from error
        if not said.id or not said.peer.isascii() or not said.peer.isalnum():
            raise Refused("the callback names no complaint", 400)
        return Received([said], HttpResponse(status=204))

    def check(self, door: Door) -> str:
        """A list of one day answers whether our keys are right."""
        Gateway(door).complaints(clock.local(clock.now()).date(), 0)
        return str(door.settings.get("mchid", ""))


register(PayPlatform())


def _only_once(door: Door, nonce: str) -> None:
    """The platform signs every attempt anew; the same signature again is somebody else's. Raises Unsigned.

    Without the cache nobody is turned away: age and the notice's own id still stand, a repeat adds nothing.
    """
    try:
        fresh = cache.add(f"pay-nonce:{door.pk}:{nonce}", 1, 2 * protocol.MOST_SECONDS)
    except Exception:
        log.warning("the cache does not answer: nonces are not compared")
        return
    if not fresh:
        raise protocol.Unsigned("this nonce was used before")
