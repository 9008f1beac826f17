"""The tax platform by a signed JSON API, as 乐企 and the certified invoicing providers offer it (VOI-05, VOI-06).

One resource per act, each under our own key: repeating a key answers what became of it and does nothing again.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from apps.billing.adapters.base import Proof, TaxOrder, TaxOutcome
from apps.billing.adapters.http import call
from apps.billing.adapters.tax import protocol
from apps.billing.states import FORM_ALIVE, Fact, FormState
from apps.core import clock

NAME = "open_platform"
PATHS = {"void": "/v1/voids", "form": "/v1/forms", "red": "/v1/reds", "withdraw": "/v1/form-withdrawals"}
LONGEST = {"void": 60, "red": 20, "form": 40}  # characters of a certificate, a red invoice's number, a form's number
LOOKED_UP = tuple(fact.value for fact in Fact if fact != Fact.SAME_MONTH)
# A signed refusal with one of these codes proves that nothing came of it and nothing will under this key.
PROVEN = frozenset(
    {
        "INVOICE_UNKNOWN", "INVOICE_ENDED", "NOT_THIS_MONTH", "ABOVE_BALANCE", "FORM_MISSING", "FORM_STATE",
        "FORM_USED", "FORM_ALIVE", "BAD_ARGUMENT", "KIND_NOT_VOIDABLE", "FORM_OTHER_AMOUNT", "FORM_UNKNOWN",
        "FORM_OF_BUYER",
    }
)  # fmt: skip


@dataclass(frozen=True)
class TaxConfig:
    """`url` without a trailing slash; the secret signs requests and answers."""

    url: str
    app_id: str
    secret: str


class OpenPlatformAdapter:
    name = NAME
    query_every = 20

    def __init__(self, config: TaxConfig) -> None:
        self.config = config

    def send(self, order: TaxOrder) -> TaxOutcome:
        status, found = self._ask("POST", PATHS[order.verb], _body(order))
        return _outcome(order, status, found)

    def query(self, order: TaxOrder) -> TaxOutcome:
        status, found = self._ask("GET", f"/v1/operations/{quote(order.key, safe='')}")
        if status == 404 and found.get("code") == "OPERATION_UNKNOWN":
            return TaxOutcome(Proof.NOT_FOUND, answer=_kept(status, found))
        return _outcome(order, status, found)

    def form(self, number: str) -> TaxOutcome:
        status, found = self._ask("GET", f"/v1/forms/{quote(number, safe='')}")
        state = str(found.get("form_state", ""))
        if status != 200 or found.get("form_number") != number or state not in FormState.values:
            return TaxOutcome(Proof.UNKNOWN, answer=_kept(status, found))
        return TaxOutcome(Proof.SUCCEEDED, answer=_kept(status, found), form_number=number, form_state=state)

    def look_up(self, code: str, number: str) -> dict[str, Any] | None:
        status, found = self._ask("GET", f"/v1/invoices?{urlencode({'code': code, 'number': number})}")
        if status == 404 and found.get("code") == "INVOICE_UNKNOWN":
            return {"known": False}
        if status != 200 or (found.get("invoice_code", ""), found.get("number")) != (code, number):
            return None
        facts = found.get("facts") or {}
        return {
            "known": True, "gross": Decimal(str(found["gross"])), "buyer_name": str(found.get("buyer_name", "")),
            "buyer_tax_number": str(found.get("buyer_tax_number", "")), "state": str(found.get("state", "")),
            **{name: facts[name] for name in LOOKED_UP if isinstance(facts.get(name), bool)},
        }  # fmt: skip

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Raises NotSent; anything else that is raised, a wrong signature included, means unknown."""
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        nonce = secrets.token_hex(16)
        who = (self.config.app_id, self.config.secret)
        headers = protocol.signed_request(who, method, path, content, nonce=nonce, now=clock.now().timestamp())
        headers |= {"Content-Type": "application/json", "Accept": "application/json"}
        answer = call(method, f"{self.config.url}{path}", data=content or None, headers=headers)
        now = clock.now().timestamp()
        protocol.check_answer(self.config.secret, answer.status, answer.content, answer.headers, nonce=nonce, now=now)
        found = json.loads(answer.content)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        return answer.status, found


def _body(order: TaxOrder) -> dict[str, Any]:
    """Money as text in yuan with two places: never a float on the wire. A withdrawal names its form and nothing else."""
    if order.verb == "withdraw":
        return {"key": order.key, "form_number": order.form_number}
    return {
        "key": order.key, "code": order.code, "number": order.number, "kind": order.kind,
        "issued_on": order.issued_on, "reason": order.reason_code, "net": f"{order.net:.2f}", "tax": f"{order.tax:.2f}",
        "whole": order.whole, "form_kind": order.form_kind, "form_number": order.form_number,
        "with_blue_data": order.with_blue_data,
        "lines": [
            {"name": name, "quantity": f"{quantity:f}", "net": f"{net:.2f}", "rate": f"{rate:f}", "tax": f"{tax:.2f}"}
            for name, quantity, net, rate, tax in order.lines
        ],
    }  # fmt: skip


def _outcome(order: TaxOrder, status: int, found: dict[str, Any]) -> TaxOutcome:
    answer, code = _kept(status, found), str(found.get("code", ""))
    if found.get("key") != order.key:
        return TaxOutcome(Proof.UNKNOWN, answer=answer)
    if found.get("state") == "refused" and code in PROVEN:
        return TaxOutcome(Proof.FAILED, failure=code, answer=answer)
    if status == 200 and found.get("state") == "processing":
        return TaxOutcome(Proof.PROCESSING, answer=answer)
    if status != 200 or found.get("state") != "done":
        return TaxOutcome(Proof.UNKNOWN, answer=answer)
    certificate, form = str(found.get("certificate", "")), str(found.get("form_number", ""))
    state = str(found.get("form_state", ""))
    if lacks := _lacks(order, certificate, form, state):
        return TaxOutcome(Proof.UNKNOWN, answer=answer | {"error": lacks})
    return TaxOutcome(
        Proof.SUCCEEDED, certificate or form, answer=answer, certificate=certificate, form_number=form,
        form_state=state, file_name=str(found.get("file_name", "")), file=base64.b64decode(found.get("file", "")),
    )  # fmt: skip


def _lacks(order: TaxOrder, certificate: str, form: str, state: str) -> str:
    """What a finished call of this verb must name and doesn't, or not in a way that can be kept; empty where all is there."""
    if order.verb in ("void", "red"):
        return "" if 0 < len(certificate) <= LONGEST[order.verb] else "done, but without a number"
    if state not in FormState.values or not 0 < len(form) <= LONGEST["form"]:
        return "done, but without a number"
    if order.verb == "withdraw" and (form != order.form_number or state in FORM_ALIVE):
        return "done, but another form, or alive"
    return ""


def _kept(status: int, found: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an answer: codes and numbers, nothing personal."""
    names = ("code", "state", "certificate", "form_number", "form_state")
    return {"status": status} | {name: str(found[name])[:80] for name in names if found.get(name)}
