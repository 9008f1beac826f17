"""What the simulated platform of complaints knows and does, and how it misbehaves; `simulated` is its address."""

import json
import random
import secrets
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from apps.channels.pay import protocol

MERCHANT, SERIAL, PLATFORM_KEY = "1900000109", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0119000001092026"
BASE = "/v3/merchant-service"


class Fault(Enum):
    DROP = "drop"  # a callback is not sent at all; a request is answered by a broken connection before it took effect
    DROP_AFTER = "drop-after"  # a request took effect, and the connection breaks before the answer
    DELAY = "delay"  # the callback, or the answer, comes `delay` seconds late
    DUPLICATE = "duplicate"  # the callback comes three times, each time signed anew
    OUT_OF_ORDER = "out-of-order"  # the callback is held back and comes after the next one
    BAD_SIGNATURE = "bad-signature"  # the callback or the answer is signed with another key
    ERROR = "error"  # a request is answered by HTTP 500 and took no effect


CALLBACK_FAULTS = (Fault.DROP, Fault.DELAY, Fault.DUPLICATE, Fault.OUT_OF_ORDER, Fault.BAD_SIGNATURE)
API_FAULTS = (Fault.DROP, Fault.DROP_AFTER, Fault.DELAY, Fault.BAD_SIGNATURE, Fault.ERROR)


@dataclass(frozen=True)
class Keys:
    """The merchant's and the platform's RSA keys, and the merchant's APIv3 key."""

    merchant: RSAPrivateKey
    platform: RSAPrivateKey
    apiv3: str

    @classmethod
    def new(cls) -> "Keys":
        return cls(_rsa(), _rsa(), secrets.token_hex(16))

    @classmethod
    def kept_in(cls, folder: Path) -> "Keys":
        """The same keys at every start."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "pay-simulator.json"
        if not path.exists():
            keys = cls.new()
            path.write_text(
                json.dumps({"merchant": _pem(keys.merchant), "platform": _pem(keys.platform), "apiv3": keys.apiv3})
            )
            path.chmod(0o600)
        kept = json.loads(path.read_text())
        return cls(protocol.private_key(kept["merchant"]), protocol.private_key(kept["platform"]), kept["apiv3"])

    def settings(self, api_url: str) -> tuple[dict[str, str], dict[str, str]]:
        """What a door of this kind needs to know: its settings, its secrets."""
        public = self.platform.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        values = {"mchid": MERCHANT, "serial_no": SERIAL, "api_url": api_url, "platform_key_id": PLATFORM_KEY}
        return values, {"apiv3_key": self.apiv3, "private_key": _pem(self.merchant), "platform_key": public.decode()}


def _rsa() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key: RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@dataclass
class Complaint:
    """One complaint as the platform knows it."""

    number: str
    detail: str
    phone: str
    at: datetime
    amount: int = 19900  # fen
    state: str = "PENDING"
    times: int = 1
    pictures: list[str] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    unread: bool = False


class Platform:
    """What the platform knows and does; `simulated.Complaints` puts it behind an address."""

    url = ""

    def __init__(self, keys: Keys, *, notify_url: str = "", delay: float = 12.0, seed: int | None = None) -> None:
        self.keys, self.notify_url, self.delay = keys, notify_url, delay
        self.fault_rate = 0.0
        self.known: dict[str, Complaint] = {}
        self.pictures: dict[str, bytes] = {}
        self.uploaded: dict[str, bytes] = {}
        self.requests: list[str] = []  # "METHOD path" of every call to the API
        self.callbacks: list[int] = []  # HTTP status of every callback that was sent; 0: nobody answered
        self.expired = False  # whether the addresses of pictures have run out
        self._faults: dict[str, deque[Fault]] = {"callback": deque(), "api": deque()}
        self._held: list[dict[str, Any]] = []
        self._random, self._lock = random.Random(seed), threading.RLock()
        self._other = _rsa()
        self.stopping = threading.Event()

    def fail_next(self, where: str, *faults: Fault) -> None:
        """The next `"callback"`s, or requests to the `"api"`, meet these faults, one each."""
        with self._lock:
            self._faults[where].extend(faults)

    def next_fault(self, where: str) -> Fault | None:
        with self._lock:
            if self._faults[where]:
                return self._faults[where].popleft()
            kinds = CALLBACK_FAULTS if where == "callback" else API_FAULTS
            return self._random.choice(kinds) if self._random.random() < self.fault_rate else None

    # What users do ----------------------------------------------------------------------------------------------------

    def complain(self, detail: str, *, phone: str = "13812345678", pictures: int = 0, amount: int = 19900) -> str:
        """A user complains; returns the complaint's number."""
        with self._lock:
            number = f"2002018202211{len(self.known) + 1:08d}{self._random.randrange(10**6):06d}"
            shown = [self._picture() for _ in range(pictures)]
            complaint = Complaint(number, detail, phone, _now(), amount, pictures=shown)
            self.known[number] = complaint
            self._log(complaint, "USER_CREATE_COMPLAINT", detail, shown)
        self.notify(number, "COMPLAINT.CREATE", "CREATE_COMPLAINT")
        return number

    def user_says(self, number: str, text: str, *, pictures: int = 0) -> None:
        """The user adds something; a complaint that was done goes on."""
        with self._lock:
            complaint = self.known[number]
            again = complaint.state == "PROCESSED"
            complaint.state = "PROCESSING" if again else complaint.state
            complaint.times += again
            complaint.unread = True
            kind = "USER_CONTINUE_COMPLAINT" if again else "USER_RESPONSE"
            self._log(complaint, kind, text, [self._picture() for _ in range(pictures)])
        self.notify(number, "COMPLAINT.STATE_CHANGE", "CONTINUE_COMPLAINT" if again else "USER_RESPONSE")

    def answered_elsewhere(self, number: str, text: str) -> None:
        """Somebody of the merchant answers in the platform's own pages."""
        with self._lock:
            self.known[number].state = "PROCESSING"
            self._log(self.known[number], "MERCHANT_RESPONSE", text, [])
        self.notify(number, "COMPLAINT.STATE_CHANGE", "MERCHANT_RESPONSE")

    def done_elsewhere(self, number: str) -> None:
        with self._lock:
            self.complete(number)
        self.notify(number, "COMPLAINT.STATE_CHANGE", "MERCHANT_CONFIRM_COMPLETE")

    # What the merchant does by the API --------------------------------------------------------------------------------

    def reply(self, number: str, text: str, images: list[str]) -> None:
        with self._lock:
            complaint = self.known[number]
            complaint.state, complaint.unread = (
                ("PROCESSING" if complaint.state == "PENDING" else complaint.state),
                False,
            )
            self._log(complaint, "MERCHANT_RESPONSE", text, [f"{self.url}{BASE}/images/{each}" for each in images])

    def complete(self, number: str) -> None:
        with self._lock:
            complaint = self.known[number]
            if complaint.state != "PROCESSED":
                complaint.state = "PROCESSED"
                self._log(complaint, "MERCHANT_CONFIRM_COMPLETE", "", [])

    def answers(self, number: str) -> list[str]:
        """What the merchant answered, in order."""
        return [log["operate_details"] for log in self.known[number].logs if log["operate_type"] == "MERCHANT_RESPONSE"]

    # Callbacks --------------------------------------------------------------------------------------------------------

    def notify(self, number: str, event: str, action: str) -> None:
        """Send a callback, as the next fault wants it. Without an address nobody is told."""
        notice = {
            "id": secrets.token_hex(16),
            "create_time": _stamp(_now()),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "",
            "resource": protocol.sealed(self.keys.apiv3, {"complaint_id": number, "action_type": action}),
        }
        fault = self.next_fault("callback")
        if fault is Fault.OUT_OF_ORDER:
            self._held.append(notice)
            return
        if fault is Fault.DELAY:
            threading.Timer(self.delay, self.post, [notice]).start()
        elif fault is not Fault.DROP:
            for _ in range(3 if fault is Fault.DUPLICATE else 1):
                self.post(notice, key=self._other if fault is Fault.BAD_SIGNATURE else None)
        held, self._held = self._held, []
        for late in held:
            self.post(late)

    def post(self, notice: dict[str, Any], *, key: RSAPrivateKey | None = None, age: int = 0) -> int:
        """Sign and send one callback; returns the HTTP status of the answer."""
        body = json.dumps(notice).encode()
        return self.send(body, self.signed(body, key=key, age=age))

    def send(self, body: bytes, headers: dict[str, str]) -> int:
        if not self.notify_url:
            return 0
        try:
            status = requests.post(
                self.notify_url, data=body, headers=headers, timeout=10, allow_redirects=False
            ).status_code
        except requests.RequestException:
            status = 0
        self.callbacks.append(status)
        return status

    def signed(self, body: bytes, *, key: RSAPrivateKey | None = None, age: int = 0) -> dict[str, str]:
        """The headers of a callback or an answer; `age` in seconds makes the signature older."""
        stamp, nonce = str(int(time.time()) - age), secrets.token_hex(16)
        return {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PLATFORM_KEY,
            "Wechatpay-Signature-Type": protocol.SCHEME,
            "Wechatpay-Signature": protocol.sign(key or self.keys.platform, stamp, nonce, body.decode()),
        }

    def bad_key(self) -> RSAPrivateKey:
        return self._other

    def wait(self) -> None:
        """Hold an answer back for `delay` seconds, or until the platform stops."""
        self.stopping.wait(self.delay)

    # ------------------------------------------------------------------------------------------------------------------

    def _picture(self) -> str:
        name = secrets.token_hex(12)
        self.pictures[name] = _png(self._random.randrange(2**24))
        return f"{self.url}{BASE}/images/{name}"

    def _log(self, complaint: Complaint, kind: str, text: str, pictures: list[str]) -> None:
        entry: dict[str, Any] = {
            "log_id": f"3002{secrets.randbelow(10**20):020d}",
            "operator": "商家" if kind.startswith("MERCHANT") else "投诉人",
            "operate_time": _stamp(max(_now(), complaint.at + timedelta(milliseconds=len(complaint.logs)))),
            "operate_type": kind,
            "operate_details": text,
        }
        if pictures:
            entry["complaint_media_list"] = {"media_type": "USER_COMPLAINT_IMAGE", "media_url": pictures}
        complaint.logs.append(entry)

    def described(self, complaint: Complaint) -> dict[str, Any]:
        """A complaint as the API tells of it."""
        phone = protocol.encrypted(self.keys.merchant.public_key(), complaint.phone) if complaint.phone else ""
        return {
            "complaint_id": complaint.number,
            "complaint_time": _stamp(complaint.at),
            "complaint_detail": complaint.detail,
            "complaint_state": complaint.state,
            "payer_phone": phone,
            "payer_openid": f"oUpF8uMuAJO_{complaint.phone or complaint.number}",
            "complaint_order_info": [
                {
                    "transaction_id": f"4200{complaint.number[-20:]}",
                    "out_trade_no": f"QC{complaint.number[-14:]}",
                    "amount": complaint.amount,
                }
            ],
            "complaint_full_refunded": False,
            "incoming_user_response": complaint.unread,
            "user_complaint_times": complaint.times,
            "problem_type": "REFUND",
            "problem_description": "申请退款",
            "apply_refund_amount": complaint.amount,
            "complaint_media_list": [{"media_type": "USER_COMPLAINT_IMAGE", "media_url": complaint.pictures}]
            if complaint.pictures
            else [],
        }


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp(at: datetime) -> str:
    return at.astimezone().isoformat(timespec="milliseconds")


def _png(colour: int) -> bytes:
    """A picture of one colour, 8 × 8."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    row = b"\0" + colour.to_bytes(3) * 8
    head = (8).to_bytes(4) * 2 + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")
