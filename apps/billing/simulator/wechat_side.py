"""WeChat Pay v3 as seen from the merchant: refunds in the works, closed, abnormal, and their callbacks."""

import csv
import hashlib
import io
import json
import re
import secrets
import time
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from apps.billing.simulator.alipay_side import _statement_fault, yuan
from apps.billing.simulator.faults import Fault
from apps.billing.simulator.keys import PLATFORM_KEY, ProviderKeys
from apps.billing.simulator.ledger import AbovePaid, Entry, Ledger, NoBalance
from apps.channels.pay import protocol

NAME = "wechat_pay"
BASE = "/v3/refund/domestic/refunds"
Reply = tuple[int, dict[str, Any]]


def signed_headers(key: RSAPrivateKey, content: bytes, *, age: float = 0.0) -> dict[str, str]:
    stamp, nonce = str(int(time.time() - age)), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": PLATFORM_KEY,
        "Wechatpay-Signature": protocol.sign(key, stamp, nonce, content.decode()),
    }  # fmt: skip


class Wechat:
    def __init__(
        self, ledger: Ledger, url: str, keys: ProviderKeys, *, settle_after: float, bounce_after: float
    ) -> None:
        self.ledger, self.url, self.keys = ledger, url, keys
        self.settle_after, self.bounce_after = settle_after, bounce_after

    def answer(self, method: str, path: str, body: bytes, query: dict[str, str], fault: Fault | None) -> Reply:
        if method == "POST" and path == BASE:
            return self._refund(json.loads(body), fault)
        if found := re.fullmatch(rf"{BASE}/([\w-]+)/apply-abnormal-refund", path):
            return self._abnormal(found[1], json.loads(body), fault)
        if found := re.fullmatch(rf"{BASE}/([\w-]+)", path):
            entry = self.ledger.entry(NAME, found[1])
            return (200, _view(entry)) if entry else _error(404, "RESOURCE_NOT_EXISTS")
        if path == "/v3/merchant/fund/balance/BASIC":
            return 200, {"available_amount": self.ledger.balance(NAME), "pending_amount": 0}
        if path == "/v3/bill/tradebill":
            content = self.bill(query["bill_date"])
            address = f"{self.url}/sim/wechat-bill?day={query['bill_date']}"
            return 200, {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(content).hexdigest(),
                "download_url": address,
            }
        return _error(404, "NOT_FOUND")

    def _refund(self, body: dict[str, Any], fault: Fault | None) -> Reply:
        number, amount = body["out_refund_no"], int(body["amount"]["refund"])
        payment = body.get("transaction_id") or body.get("out_trade_no") or ""
        with self.ledger.lock:
            known = self.ledger.entry(NAME, number)
            if known and known.amount != amount:
                return _error(400, "INVALID_REQUEST")
            if known:
                return 200, _view(known)
            if fault == Fault.NO_BALANCE:
                return _error(403, "NOT_ENOUGH")
            if amount > int(body["amount"]["total"]) or self._too_many(payment):
                return _error(400, "INVALID_REQUEST")
            plan = {Fault.ABNORMAL: "ABNORMAL", Fault.CLOSED: "CLOSED"}.get(fault, "SUCCESS")
            settle_at = time.time() + self.settle_after
            entry = Entry(
                NAME, number, payment, amount, "PROCESSING", plan, settle_at, provider_number=_refund_id(),
                notify=body.get("notify_url", ""), account="支付用户零钱",
            )  # fmt: skip
            entry.bounce_at = settle_at + self.bounce_after if fault == Fault.BOUNCE else None
            try:
                self.ledger.add(entry, fault=_statement_fault(fault))
            except NoBalance:
                return _error(403, "NOT_ENOUGH")
            except AbovePaid:
                return _error(400, "INVALID_REQUEST")
            return 200, _view(entry)

    def _too_many(self, payment: str) -> bool:
        return self.ledger.rows(
            "SELECT COUNT(*) AS n FROM refunds WHERE provider = ? AND payment = ?", NAME, payment
        )[0]["n"] >= 50  # fmt: skip

    def _abnormal(self, refund_id: str, body: dict[str, Any], fault: Fault | None) -> Reply:
        with self.ledger.lock:
            entry = self.ledger.by_provider_number(NAME, refund_id)
            if entry is None or entry.number != body["out_refund_no"]:
                return _error(404, "RESOURCE_NOT_EXISTS")
            account = protocol.decrypted(self.keys.wechat, body["bank_account"])
            if entry.state == "ABNORMAL":
                if fault == Fault.NO_BALANCE or entry.amount > self.ledger.balance(NAME):
                    return _error(403, "NOT_ENOUGH")
                plan = "ABNORMAL" if fault == Fault.ABNORMAL else "SUCCESS"
                self.ledger.again(entry, f"{body['bank_type']}{account[-4:]}", plan, time.time() + self.settle_after)
                entry = self.ledger.entry(NAME, entry.number) or entry
            return 200, _view(entry)

    def bill(self, day: str) -> bytes:
        """Rows as they were when the refunds were initiated, then a summary."""
        out = io.StringIO()
        out.write("\ufeff")
        writer = csv.writer(out)
        writer.writerow(["交易时间", "商户订单号", "商户退款单号", "申请退款金额", "退款状态"])
        rows = [row for row in self.ledger.statement(NAME, day) if row["fault"] != "mismatch"]
        for row in rows:
            amount = row["amount"] + (100 if row["fault"] == "wrong-amount" else 0)
            writer.writerow([f"`{day} 12:00:00", "`", f"`{row['number']}", f"`{yuan(amount)}", f"`{row['state']}"])
        writer.writerow(["总交易单数", "退款总金额", "", "", ""])
        writer.writerow([f"`{len(rows)}", f"`{yuan(sum(row['amount'] for row in rows))}", "", "", ""])
        return out.getvalue().encode()

    def callback(
        self, entry: Entry, *, age: float = 0.0, key: RSAPrivateKey | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a callback about a refund as it is now."""
        inside = {
            "mchid": "1900000209", "out_refund_no": entry.number, "refund_id": entry.provider_number,
            "refund_status": entry.state, "amount": {"refund": entry.amount},
        }  # fmt: skip
        resource = protocol.sealed(self.keys.apiv3, inside, "refund")
        body = json.dumps({
            "id": str(uuid.uuid4()), "event_type": f"REFUND.{entry.state}", "resource_type": "encrypt-resource",
            "resource": resource,
        }).encode()  # fmt: skip
        return body, signed_headers(key or self.keys.wechat, body, age=age)


def _view(entry: Entry) -> dict[str, Any]:
    return {
        "refund_id": entry.provider_number, "out_refund_no": entry.number, "out_trade_no": entry.payment,
        "status": entry.state, "user_received_account": entry.account,
        "amount": {"refund": entry.amount, "currency": "CNY"},
    }  # fmt: skip


def _error(status: int, code: str) -> Reply:
    return status, {"code": code, "message": code}


def _refund_id() -> str:
    return f"50{secrets.randbelow(10**26):026d}"
