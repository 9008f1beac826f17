"""Coupons, points and memberships through a small HTTP API of the shop's benefit accounts (REF-07).

POST /benefits/grants {"key", "kind", "value", "customer"} and GET /benefits/grants/<key>. Both sides sign the body with
HMAC-SHA256 under a shared key in `X-Signature`; `key` makes repeats harmless. `value` is in yuan.
"""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

from apps.billing.adapters.base import Outcome, Proof, RefundOrder
from apps.billing.adapters.http import call
from apps.billing.states import PayChannel

PROVEN = frozenset({"unknown_customer", "unknown_kind", "refused"})
STATES = {"granted": Proof.SUCCEEDED, "refused": Proof.FAILED}


def signature(key: str, content: bytes) -> str:
    return hmac.new(key.encode(), content, hashlib.sha256).hexdigest()


class BenefitsAdapter:
    channel = PayChannel.BENEFIT
    first_query, query_every = 10, 30

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key

    def send(self, order: RefundOrder) -> Outcome:
        body = {"key": order.number, "kind": order.kind, "value": f"{order.amount:.2f}", "customer": order.customer}
        status, found = self._ask("POST", "/benefits/grants", json.dumps(body).encode())
        if status == 200:
            return self._state(found)
        code = str(found.get("code", ""))
        return Outcome(Proof.FAILED if code in PROVEN else Proof.UNKNOWN, failure=code, answer={"code": code})

    def query(self, order: RefundOrder) -> Outcome:
        status, found = self._ask("GET", f"/benefits/grants/{quote(order.number)}", b"")
        if status == 404:
            return Outcome(Proof.NOT_FOUND)
        return self._state(found) if status == 200 else Outcome(Proof.UNKNOWN, answer={"status": status})

    def _state(self, found: dict[str, Any]) -> Outcome:
        state = str(found.get("state", ""))
        proof = STATES.get(state, Proof.UNKNOWN)
        return Outcome(proof, str(found.get("id", "")), state if proof == Proof.FAILED else "", {"state": state})

    def _ask(self, method: str, path: str, content: bytes) -> tuple[int, dict[str, Any]]:
        headers = {"X-Signature": signature(self.key, content or path.encode()), "Content-Type": "application/json"}
        answer = call(method, f"{self.url}{path}", data=content or None, headers=headers)
        if answer.status >= 500:
            raise ValueError(f"HTTP {answer.status}")
        if not hmac.compare_digest(answer.headers.get("X-Signature", ""), signature(self.key, answer.content)):
            raise ValueError("the answer is not signed")
        return answer.status, json.loads(answer.content)
