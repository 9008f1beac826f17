"""Alipay as seen from the merchant: one gateway, RSA2 both ways."""

import csv
import io
import json
import time
import uuid
import zipfile
from datetime import datetime, timedelta
from typing import Any

from apps.billing.adapters import alipay_protocol as protocol
from apps.billing.simulator.faults import Fault
from apps.billing.simulator.keys import APP_ID
from apps.billing.simulator.ledger import SHANGHAI, AbovePaid, Entry, Ledger, NoBalance

NAME = "alipay"
FAILS = {"code": "40004", "msg": "Business Failed"}
OK = {"code": "10000", "msg": "Success"}


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def fen(text: str) -> int:
    whole, _, part = str(text).partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def is_send(values: dict[str, str]) -> bool:
    return values.get("method") in ("alipay.trade.refund", "alipay.fund.trans.uni.transfer")


class Alipay:
    def __init__(self, ledger: Ledger, url: str, bounce_after: float) -> None:
        self.ledger, self.url, self.bounce_after = ledger, url, bounce_after

    def answer(self, values: dict[str, str], fault: Fault | None) -> dict[str, Any]:
        """What the gateway says to a request whose signature was checked."""
        content = json.loads(values.get("biz_content") or "{}")
        method = values["method"]
        handlers = {
            "alipay.trade.refund": lambda: self._refund(content, fault),
            "alipay.trade.fastpay.refund.query": lambda: self._query(content),
            "alipay.fund.trans.uni.transfer": lambda: self._transfer(content, fault),
            "alipay.fund.trans.common.query": lambda: self._transferred(content),
            "alipay.data.bill.balance.query": lambda: OK | {"available_amount": yuan(self.ledger.balance(NAME))},
            "alipay.data.dataservice.bill.downloadurl.query": lambda: (
                OK | {"bill_download_url": f"{self.url}/sim/alipay-bill?day={content['bill_date']}"}
            ),
        }
        if method not in handlers:
            return {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-method"}
        return handlers[method]()

    def _refund(self, content: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        number, amount = content["out_request_no"], fen(content["refund_amount"])
        payment = content.get("trade_no") or content.get("out_trade_no") or ""
        with self.ledger.lock:
            known = self.ledger.entry(NAME, number)
            if known and known.amount != amount:
                return FAILS | {"sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}
            if known:
                return OK | {
                    "fund_change": "N",
                    "trade_no": payment,
                    "out_trade_no": payment,
                    "refund_fee": yuan(amount),
                }
            if fault == Fault.NO_BALANCE:
                return FAILS | {"sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}
            entry = Entry(NAME, number, payment, amount, "SUCCESS", provider_number=f"A{uuid.uuid4().hex[:20]}")
            entry.bounce_at = time.time() + self.bounce_after if fault == Fault.BOUNCE else None
            try:
                self.ledger.add(entry, fault=_statement_fault(fault))
            except NoBalance:
                return FAILS | {"sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}
            except AbovePaid:
                return FAILS | {"sub_code": "ACQ.REASON_TRADE_REFUND_FEE_ERR"}
            return OK | {"fund_change": "Y", "trade_no": payment, "out_trade_no": payment, "refund_fee": yuan(amount)}

    def _query(self, content: dict[str, Any]) -> dict[str, Any]:
        known = self.ledger.entry(NAME, content.get("out_request_no", ""))
        if known is None:
            return dict(OK)
        answer = OK | {
            "out_request_no": known.number, "refund_amount": yuan(known.amount), "refund_status": "REFUND_SUCCESS",
            "trade_no": known.payment,
        }  # fmt: skip
        if known.state == "BOUNCED":
            answer["deposit_back_info"] = {"has_deposit_back": "true", "dback_status": "F"}
        return answer

    def _transfer(self, content: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        number, amount = content["out_biz_no"], fen(content["trans_amount"])
        with self.ledger.lock:
            known = self.ledger.entry(NAME, number)
            if known is None:
                if fault == Fault.NO_BALANCE:
                    return FAILS | {"sub_code": "PAYER_BALANCE_NOT_ENOUGH"}
                if "@nobody" in content["payee_info"]["identity"]:
                    return FAILS | {"sub_code": "PAYEE_NOT_EXIST"}
                known = Entry(NAME, number, f"transfer:{number}", amount, "SUCCESS",
                              provider_number=uuid.uuid4().hex[:24], account="alipay")  # fmt: skip
                known.bounce_at = time.time() + self.bounce_after if fault == Fault.BOUNCE else None
                try:
                    self.ledger.add(known, fault=_statement_fault(fault), capped=False)
                except NoBalance:
                    return FAILS | {"sub_code": "PAYER_BALANCE_NOT_ENOUGH"}
            return OK | {"out_biz_no": number, "order_id": known.provider_number, "status": "SUCCESS"}

    def _transferred(self, content: dict[str, Any]) -> dict[str, Any]:
        known = self.ledger.entry(NAME, content["out_biz_no"])
        if known is None:
            return FAILS | {"sub_code": "ORDER_NOT_EXIST"}
        status = "REFUND" if known.state == "BOUNCED" else "SUCCESS"
        return OK | {"out_biz_no": known.number, "order_id": known.provider_number, "status": status}

    def bill(self, day: str) -> bytes:
        """The ZIP with a CSV in GBK: rows as they were when the refunds were initiated."""
        out = io.StringIO()
        out.write("#支付宝业务明细查询\n")
        writer = csv.writer(out)
        writer.writerow(["支付宝交易号", "商户订单号", "业务类型", "退款批次号/请求号", "商家实收（元）"])
        for row in self.ledger.statement(NAME, day):
            if row["fault"] == "mismatch":
                continue
            amount = row["amount"] + (100 if row["fault"] == "wrong-amount" else 0)
            writer.writerow(
                [f"{row['number']}\t", f"{row['number']}\t", "退款", f"{row['number']}\t", f"-{yuan(amount)}"]
            )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bill.csv", out.getvalue().encode("gb18030"))
        return packed.getvalue()


def notice(entry: Entry, key: Any, *, age: float = 0.0) -> dict[str, str]:
    """The form of a callback: money came back after a success."""
    at = datetime.now(SHANGHAI) - timedelta(seconds=age)
    values = {
        "notify_id": uuid.uuid4().hex, "notify_time": at.strftime("%Y-%m-%d %H:%M:%S"), "app_id": APP_ID,
        "notify_type": "refund_depositback_completed", "charset": "utf-8", "version": "1.0", "sign_type": "RSA2",
        "out_request_no": entry.number, "dback_status": "F" if entry.state == "BOUNCED" else "S",
    }  # fmt: skip
    values["sign"] = protocol.sign(key, protocol.text_of(values, without=("sign", "sign_type")))
    return values


def _statement_fault(fault: Fault | None) -> str:
    return fault.value if fault in (Fault.MISMATCH, Fault.WRONG_AMOUNT) else ""
