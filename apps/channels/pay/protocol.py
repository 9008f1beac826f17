"""WeChat Pay's API v3: who signed what, and what is inside (pay.weixin.qq.com/doc/v3, 签名与验签). No calls, no tickets."""

import base64
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PREFIX = "Wechatpay-"
MOST_SECONDS = 300  # how old, or how far ahead, a signature may be
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # as the platform fixes it


class Unsigned(Exception):
    """It is not signed by whom it should be, or too old. The text holds no key."""


def pem(text: str) -> bytes:
    """A PEM as it was pasted, also in one line. Raises ValueError."""
    found = _PEM.search(text)
    if found is None:
        raise ValueError("not a PEM")
    kind, body = found[1], re.sub(r"\s+", "", found[2])
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode()


def private_key(text: str) -> RSAPrivateKey:
    """Raises ValueError."""
    try:
        key = serialization.load_pem_private_key(pem(text), password=None)
    except TypeError as error:
        raise ValueError("a key with a password") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def public_key(text: str) -> RSAPublicKey:
    """Of a public key or of a certificate. Raises ValueError."""
    data = pem(text)
    if b"CERTIFICATE" in data[:40]:
        key: Any = x509.load_pem_x509_certificate(data).public_key()
    else:
        key = serialization.load_pem_public_key(data)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def sign(key: RSAPrivateKey, *lines: str) -> str:
    """RSA-SHA256 over the lines, each with its line end, in Base64."""
    message = "".join(f"{line}\n" for line in lines).encode()
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def authorization(key: RSAPrivateKey, merchant: tuple[str, str], method: str, path: str, body: str) -> str:
    """The header of a request; `merchant` is the merchant's number and its certificate's serial, `path` has the query."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    signature = sign(key, method, path, stamp, nonce, body)
    number, serial = merchant
    values = {"mchid": number, "nonce_str": nonce, "signature": signature, "timestamp": stamp, "serial_no": serial}
    return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in values.items())


def check(headers: Mapping[str, str], body: bytes, keys: Mapping[str, str], *, now: float) -> str:
    """Whether a callback or an answer is the platform's and fresh; returns its nonce. `keys` are PEMs by serial.

    `now` is in seconds since 1970. Raises Unsigned.
    """
    stamp, nonce = headers.get(f"{PREFIX}Timestamp", ""), headers.get(f"{PREFIX}Nonce", "")
    serial, signature = headers.get(f"{PREFIX}Serial", ""), headers.get(f"{PREFIX}Signature", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and nonce and len(nonce) <= 128):
        raise Unsigned("no signature in the request")
    if abs(now - int(stamp)) > MOST_SECONDS:
        raise Unsigned("the signature is too old")
    if serial not in keys:
        raise Unsigned("signed with a key that is not known here")
    try:
        message = stamp.encode() + b"\n" + nonce.encode() + b"\n" + body + b"\n"
        raw = base64.b64decode(signature, validate=True)
        public_key(keys[serial]).verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as error:
        raise Unsigned("wrong signature") from error
    return nonce


def opened(key: str, resource: Any) -> dict[str, Any]:
    """The JSON inside a callback (AES-256-GCM with the merchant's APIv3 key). Raises Unsigned."""
    try:
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise ValueError("another algorithm")
        data = base64.b64decode(resource["ciphertext"], validate=True)
        extra = str(resource.get("associated_data") or "").encode()
        clear = AESGCM(key.encode()).decrypt(str(resource["nonce"]).encode(), data, extra)
        found = json.loads(clear)
    except (InvalidTag, KeyError, TypeError, ValueError) as error:
        raise Unsigned("the content cannot be opened with our key") from error
    if not isinstance(found, dict):
        raise Unsigned("the content is no object")
    return found


def sealed(key: str, value: dict[str, Any], extra: str = "complaint") -> dict[str, str]:
    """What `opened` opens: for the simulator and for tests."""
    nonce = secrets.token_hex(6)
    data = AESGCM(key.encode()).encrypt(nonce.encode(), json.dumps(value).encode(), extra.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(data).decode(),
        "nonce": nonce,
        "associated_data": extra,
        "original_type": "complaint",
    }


def decrypted(key: RSAPrivateKey, text: str) -> str:
    """A field that the platform encrypted for us, such as the payer's phone; "" where it cannot be read."""
    try:
        return key.decrypt(base64.b64decode(text, validate=True), _OAEP).decode()
    except ValueError:
        return ""


def encrypted(key: RSAPublicKey, text: str) -> str:
    """What `decrypted` reads: for the simulator and for tests."""
    return base64.b64encode(key.encrypt(text.encode(), _OAEP)).decode()
