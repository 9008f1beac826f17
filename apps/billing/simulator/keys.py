"""The keys of both sides; made once, kept in a file, so that the site and the simulator know each other."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from apps.billing.adapters.alipay import AlipayConfig
from apps.billing.adapters.wechat_pay import WechatConfig
from apps.channels.pay import protocol

APP_ID, MCHID = "2021000000000001", "1900000209"
SERIAL, PLATFORM_KEY = "7132D72A03E93CDDF8C03BBD1F37EEDF", "PUB_KEY_ID_0119000002092026"
FILE = "provider-simulator.json"


@dataclass(frozen=True)
class ProviderKeys:
    """The merchant's RSA key, each provider's own, WeChat's APIv3 key and the secret of the benefits API."""

    merchant: RSAPrivateKey
    alipay: RSAPrivateKey
    wechat: RSAPrivateKey
    apiv3: str
    benefits: str

    @classmethod
    def new(cls) -> "ProviderKeys":
        return cls(_rsa(), _rsa(), _rsa(), secrets.token_hex(16), secrets.token_hex(16))

    @classmethod
    def kept_in(cls, folder: Path) -> "ProviderKeys":
        """The same keys for every process that looks here."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / FILE
        if not path.exists():
            keys = cls.new()
            fresh = path.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps({
                "merchant": pem(keys.merchant), "alipay": pem(keys.alipay), "wechat": pem(keys.wechat),
                "apiv3": keys.apiv3, "benefits": keys.benefits,
            }))  # fmt: skip
            try:
                path.hardlink_to(fresh)  # whoever is first wins, whole
            except FileExistsError:
                pass
            fresh.unlink()
        kept = json.loads(path.read_text())
        merchant, alipay, wechat = (protocol.private_key(kept[name]) for name in ("merchant", "alipay", "wechat"))
        return cls(merchant, alipay, wechat, kept["apiv3"], kept["benefits"])

    def alipay_config(self, url: str) -> AlipayConfig:
        return AlipayConfig(f"{url}/gateway.do", APP_ID, self.merchant, self.alipay.public_key())

    def wechat_config(self, url: str, notify_url: str = "") -> WechatConfig:
        platform = {PLATFORM_KEY: public_pem(self.wechat)}
        return WechatConfig(url, MCHID, SERIAL, self.merchant, self.apiv3, platform, notify_url)


def _rsa() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_pem(key: RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
