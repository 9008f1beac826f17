"""Alipay: refunds by the original route and transfers to an Alipay account (REF-01, REFUND-FACTS)."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from apps.billing.adapters import alipay_protocol as protocol
from apps.billing.adapters.base import Outcome, Proof, RefundOrder, Statement, StatementLine
from apps.billing.adapters.http import call
from apps.billing.states import Method, PayChannel
from apps.core import clock

# A refusal with one of these codes proves that this number moves no money; anything else is asked about.
PROVEN = frozenset(
    {
        "ACQ.SELLER_BALANCE_NOT_ENOUGH", "ACQ.REASON_TRADE_REFUND_FEE_ERR", "ACQ.TRADE_HAS_FINISHED",
        "ACQ.TRADE_HAS_CLOSE", "ACQ.TRADE_STATUS_ERROR", "ACQ.TRADE_NOT_EXIST", "ACQ.BUYER_ERROR",
        "ACQ.INVALID_PARAMETER", "ACQ.REFUND_ACCOUNT_NOT_EXIST", "ACQ.ENTERPRISE_PAY_BIZ_ERROR",
    }
)  # fmt: skip
PROVEN_TRANSFER = frozenset(
    {
        "PAYEE_NOT_EXIST", "PAYEE_USER_INFO_ERROR", "PAYEE_ACC_OCCUPIED", "PAYER_BALANCE_NOT_ENOUGH",
        "BALANCE_IS_NOT_ENOUGH", "EXCEED_LIMIT_SM_AMOUNT", "PAYEE_CERT_INFO_ERROR", "INVALID_PARAMETER",
    }
)  # fmt: skip
DONE = ("", "REFUND_SUCCESS")
MOST_UNPACKED = 100_000_000  # bytes of a day's statement


@dataclass(frozen=True)
class AlipayConfig:
    """`url` is the gateway's address; `alipay` is their public key, not our application's."""

    url: str
    app_id: str
    private: RSAPrivateKey
    alipay: RSAPublicKey


class AlipayAdapter:
    channel = PayChannel.ALIPAY
    first_query, query_every = 10, 30  # seconds; the first question not before ten

    def __init__(self, config: AlipayConfig) -> None:
        self.config = config

    def send(self, order: RefundOrder) -> Outcome:
        if order.method == Method.TRANSFER:
            return self._transfer(order)
        answer = self._ask("alipay.trade.refund", _trade(order) | {
            "refund_amount": f"{order.amount:.2f}", "refund_reason": order.reason, "out_request_no": order.number,
        })  # fmt: skip
        if answer.get("code") != "10000":
            return _refused(answer, PROVEN)
        if answer.get("fund_change") == "Y":
            return Outcome(Proof.SUCCEEDED, str(answer.get("trade_no", "")), answer=_kept(answer))
        # The same number again: the money moved before, or is on its way. Never a failure.
        return Outcome(Proof.PROCESSING, str(answer.get("trade_no", "")), answer=_kept(answer))

    def query(self, order: RefundOrder) -> Outcome:
        if order.method == Method.TRANSFER:
            return self._transferred(order)
        wanted = _trade(order) | {"out_request_no": order.number, "query_options": ["deposit_back_info"]}
        answer = self._ask("alipay.trade.fastpay.refund.query", wanted)
        if answer.get("code") != "10000":
            gone = answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST"
            return Outcome(Proof.NOT_FOUND if gone else Proof.UNKNOWN, answer=_kept(answer))
        if not answer.get("out_request_no"):
            return Outcome(Proof.NOT_FOUND, answer=_kept(answer))
        if str(answer.get("refund_status") or "") not in DONE:
            return Outcome(Proof.PROCESSING, answer=_kept(answer))
        if Decimal(str(answer.get("refund_amount", "0"))) != order.amount:
            return Outcome(Proof.UNKNOWN, answer=_kept(answer) | {"error": "another amount"})
        back = answer.get("deposit_back_info") or {}
        if back.get("has_deposit_back") == "true" and back.get("dback_status") == "F":
            return Outcome(Proof.FAILED, failure="DEPOSIT_BACK_FAILED", answer=_kept(answer))
        return Outcome(Proof.SUCCEEDED, str(answer.get("trade_no", "")), answer=_kept(answer))

    def balance(self) -> Decimal:
        answer = self._ask("alipay.data.bill.balance.query", {})
        return Decimal(str(answer["available_amount"]))

    def statement(self, day: date) -> Statement:
        """A ZIP of one CSV in GBK, behind an address that is asked for first."""
        wanted = {"bill_type": "trade", "bill_date": day.isoformat()}
        answer = self._ask("alipay.data.dataservice.bill.downloadurl.query", wanted)
        content = call("GET", str(answer["bill_download_url"])).content
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(archive.namelist()[0]) as bill:
            unpacked = bill.read(MOST_UNPACKED + 1)
        if len(unpacked) > MOST_UNPACKED:
            raise ValueError("the statement is too large")
        text = unpacked.decode("gb18030")
        rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
        lines = tuple(
            StatementLine(row["退款批次号/请求号"].strip(), -Decimal(row["商家实收（元）"]))
            for row in rows
            if row["业务类型"].strip() == "退款"
        )
        return Statement(hashlib.sha256(content).hexdigest(), lines)

    def _transfer(self, order: RefundOrder) -> Outcome:
        answer = self._ask("alipay.fund.trans.uni.transfer", {
            "out_biz_no": order.number, "trans_amount": f"{order.amount:.2f}", "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER", "order_title": order.reason,
            "payee_info": {
                "identity": order.payee_account, "identity_type": "ALIPAY_LOGON_ID", "name": order.payee_name,
            },
        })  # fmt: skip
        if answer.get("code") != "10000":
            return _refused(answer, PROVEN_TRANSFER)
        return _transfer_state(answer)

    def _transferred(self, order: RefundOrder) -> Outcome:
        wanted = {
            "out_biz_no": order.number, "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
        }  # fmt: skip
        answer = self._ask("alipay.fund.trans.common.query", wanted)
        if answer.get("code") != "10000":
            gone = answer.get("sub_code") == "ORDER_NOT_EXIST"
            return Outcome(Proof.NOT_FOUND if gone else Proof.UNKNOWN, answer=_kept(answer))
        return _transfer_state(answer)

    def _ask(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        """Raises NotSent; anything else that is raised, a wrong signature included, means unknown."""
        values = {
            "app_id": self.config.app_id, "method": method, "format": "JSON", "charset": "utf-8", "sign_type": "RSA2",
            "timestamp": clock.local(clock.now()).strftime("%Y-%m-%d %H:%M:%S"), "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False),
        }  # fmt: skip
        values["sign"] = protocol.sign(self.config.private, protocol.text_of(values))
        answer = call("POST", self.config.url, data=values)
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status}")
        return protocol.opened(self.config.alipay, answer.content, method.replace(".", "_") + "_response")


def _trade(order: RefundOrder) -> dict[str, Any]:
    if order.provider_payment_number:
        return {"trade_no": order.provider_payment_number}
    return {"out_trade_no": order.payment_number}


def _refused(answer: dict[str, Any], proven: frozenset[str]) -> Outcome:
    code = str(answer.get("sub_code", ""))
    known = answer.get("code") == "40004" and code in proven
    return Outcome(Proof.FAILED if known else Proof.UNKNOWN, failure=code, answer=_kept(answer))


def _transfer_state(answer: dict[str, Any]) -> Outcome:
    proof = {"SUCCESS": Proof.SUCCEEDED, "FAIL": Proof.FAILED, "REFUND": Proof.FAILED, "CLOSED": Proof.FAILED}.get(
        str(answer.get("status")), Proof.PROCESSING
    )
    failure = str(answer.get("error_code") or answer.get("status")) if proof == Proof.FAILED else ""
    return Outcome(proof, str(answer.get("order_id", "")), failure, _kept(answer))


def _kept(answer: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an answer: codes and numbers, nothing personal."""
    names = (
        "code",
        "sub_code",
        "fund_change",
        "refund_status",
        "status",
        "out_request_no",
        "refund_amount",
        "order_id",
    )
    return {name: str(answer[name]) for name in names if answer.get(name) is not None}
