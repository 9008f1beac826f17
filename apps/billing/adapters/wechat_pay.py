"""WeChat Pay v3: refunds by the original route, and abnormal ones to a bank card (REF-01, REFUND-FACTS). Fen, integers."""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from apps.billing.adapters.base import Outcome, Proof, RefundOrder, Statement, StatementLine
from apps.billing.adapters.http import Answer, call
from apps.billing.states import Method, PayChannel
from apps.channels.pay import protocol
from apps.core import clock

BASE = "/v3/refund/domestic/refunds"
# Signed refusals with one of these codes prove that no refund came of it.
PROVEN = frozenset({"NOT_ENOUGH", "USER_ACCOUNT_ABNORMAL", "PARAM_ERROR", "MCH_NOT_EXISTS"})
STATES = {"SUCCESS": Proof.SUCCEEDED, "PROCESSING": Proof.PROCESSING, "CLOSED": Proof.FAILED, "ABNORMAL": Proof.FAILED}


@dataclass(frozen=True)
class WechatConfig:
    """`platform` are WeChat Pay's public keys (PEM) by their ids; `notify_url` is where callbacks go, https."""

    url: str
    mchid: str
    serial_no: str
    private: RSAPrivateKey
    apiv3_key: str
    platform: Mapping[str, str]
    notify_url: str = ""


class WechatPayAdapter:
    channel = PayChannel.WECHAT_PAY
    first_query, query_every = 60, 60  # seconds; the engine asks slower after five questions

    def __init__(self, config: WechatConfig) -> None:
        self.config = config

    def send(self, order: RefundOrder) -> Outcome:
        if order.method == Method.ABNORMAL:
            return self._apply_abnormal(order)
        body: dict[str, Any] = {
            "out_refund_no": order.number, "reason": order.reason,
            "amount": {"refund": fen(order.amount), "total": fen(order.paid), "currency": "CNY"},
        }  # fmt: skip
        if order.provider_payment_number:
            body["transaction_id"] = order.provider_payment_number
        else:
            body["out_trade_no"] = order.payment_number
        if self.config.notify_url:
            body["notify_url"] = self.config.notify_url
        answer, found = self._ask("POST", BASE, body)
        if answer.status == 200:
            return self._state(order, found)
        code = str(found.get("code", ""))
        if code in ("INVALID_REQUEST", "RESOURCE_NOT_EXISTS"):
            # Against the rules, or perhaps made before under this number: only a question tells.
            asked = self.query(order)
            if asked.proof != Proof.NOT_FOUND:
                return asked
            return Outcome(Proof.FAILED, failure=code, answer={"status": answer.status, "code": code})
        proof = Proof.FAILED if code in PROVEN else Proof.UNKNOWN
        return Outcome(proof, failure=code, answer={"status": answer.status, "code": code})

    def query(self, order: RefundOrder) -> Outcome:
        number = order.original_number or order.number
        answer, found = self._ask("GET", f"{BASE}/{quote(number)}")
        if answer.status == 404 and found.get("code") == "RESOURCE_NOT_EXISTS":
            return Outcome(Proof.NOT_FOUND, answer={"status": 404})
        if answer.status != 200:
            return Outcome(Proof.UNKNOWN, answer={"status": answer.status, "code": str(found.get("code", ""))})
        return self._state(order, found)

    def balance(self) -> Decimal:
        answer, found = self._ask("GET", "/v3/merchant/fund/balance/BASIC")
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status}")
        return Decimal(found["available_amount"]) / 100

    def statement(self, day: date) -> Statement:
        answer, found = self._ask("GET", f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=REFUND")
        if answer.status == 404 or found.get("code") == "NO_STATEMENT_EXIST":
            return Statement("", ())
        there = urlsplit(str(found["download_url"]))
        content = self._call("GET", f"{there.path}?{there.query}", "").content
        if hashlib.sha1(content).hexdigest() != found["hash_value"]:  # the hash that the platform offers
            raise ValueError("the statement is broken")
        rows = csv.DictReader(content.decode().lstrip("\ufeff").splitlines())
        lines = []
        for row in rows:
            if not row["交易时间"].startswith("`"):
                break  # the summary begins
            clean = {name: (value or "").lstrip("`") for name, value in row.items()}
            lines.append(StatementLine(clean["商户退款单号"], Decimal(clean["申请退款金额"]), clean["退款状态"]))
        return Statement(hashlib.sha256(content).hexdigest(), tuple(lines))

    def _apply_abnormal(self, order: RefundOrder) -> Outcome:
        """The same refund goes on, to a card: it can be paid out once, however often this is asked."""
        key_id, pem = next(iter(self.config.platform.items()))
        public = protocol.public_key(pem)
        body = {
            "out_refund_no": order.original_number, "type": "USER_BANK_CARD", "bank_type": order.payee_bank,
            "bank_account": protocol.encrypted(public, order.payee_account),
            "real_name": protocol.encrypted(public, order.payee_name),
        }  # fmt: skip
        path = f"{BASE}/{quote(order.original_provider_number)}/apply-abnormal-refund"
        answer, found = self._ask("POST", path, body, {"Wechatpay-Serial": key_id})
        if answer.status == 200:
            return self._state(order, found)
        code = str(found.get("code", ""))
        proof = Proof.FAILED if code in PROVEN else Proof.UNKNOWN
        return Outcome(proof, failure=code, answer={"status": answer.status, "code": code})

    def _state(self, order: RefundOrder, found: dict[str, Any]) -> Outcome:
        status = str(found.get("status", ""))
        kept = {"status": status, "refund_id": str(found.get("refund_id", ""))}
        proof = STATES.get(status, Proof.UNKNOWN)
        if int(found.get("amount", {}).get("refund", -1)) != fen(order.amount):
            return Outcome(Proof.UNKNOWN, answer=kept | {"error": "another amount"})
        if order.method == Method.ABNORMAL and status == "ABNORMAL":
            # Either nobody asked for the card yet, or the card failed, too: the account told apart by its tail.
            tried = str(found.get("user_received_account", "")).endswith(order.payee_account[-4:])
            proof = Proof.FAILED if tried else Proof.NOT_FOUND
        return Outcome(proof, kept["refund_id"], status if proof == Proof.FAILED else "", kept)

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[Answer, dict[str, Any]]:
        """Raises NotSent; anything else that is raised, a wrong or missing signature included, means unknown."""
        text = json.dumps(body, ensure_ascii=False) if body is not None else ""
        answer = self._call(method, path, text, headers)
        if answer.status >= 500:
            raise ValueError(f"HTTP {answer.status}")
        protocol.check(answer.headers, answer.content, self.config.platform, now=clock.now().timestamp())
        found = json.loads(answer.content) if answer.content else {}
        return answer, found if isinstance(found, dict) else {}

    def _call(self, method: str, path: str, text: str, headers: dict[str, str] | None = None) -> Answer:
        who = (self.config.mchid, self.config.serial_no)
        signed = {
            "Authorization": protocol.authorization(self.config.private, who, method, path, text),
            "Accept": "application/json", "User-Agent": "feedback-system", **(headers or {}),
        }  # fmt: skip
        if text:
            signed["Content-Type"] = "application/json"
        return call(method, f"{self.config.url}{path}", data=text.encode() if text else None, headers=signed)


def fen(amount: Decimal) -> int:
    return int((amount * 100).to_integral_exact())
