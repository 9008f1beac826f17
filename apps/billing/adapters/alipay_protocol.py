"""Alipay's RSA2: the sorted query string is signed; answers and callbacks are checked (opendocs.alipay.com, 签名)."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey


class Unsigned(Exception):
    """It is not signed by Alipay. The text holds no key."""


def text_of(values: Mapping[str, str], *, without: tuple[str, ...] = ("sign",)) -> str:
    """What is signed: the values that are not empty, sorted by name, joined by `&`."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if values[name] and name not in without)


def sign(key: RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def verify(key: RSAPublicKey, text: str, signature: str) -> None:
    """Raises Unsigned."""
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise Unsigned("wrong signature") from error


def opened(key: RSAPublicKey, content: bytes, node: str) -> dict[str, Any]:
    """The object under `node` in an answer whose signature, over exactly its bytes, is Alipay's. Raises Unsigned."""
    try:
        text = content.decode()
        whole = json.loads(text)
        start = text.index("{", text.index(f'"{node}"') + len(node) + 2)
        inner, end = json.JSONDecoder().raw_decode(text, start)
        signature = whole["sign"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unsigned("not an answer of Alipay's") from error
    verify(key, text[start:end], str(signature))
    if not isinstance(inner, dict):
        raise Unsigned("not an object")
    return inner


def check_notice(key: RSAPublicKey, values: Mapping[str, str]) -> None:
    """A callback's signature covers everything but `sign` and `sign_type`. Raises Unsigned."""
    verify(key, text_of(values, without=("sign", "sign_type")), values.get("sign", ""))
