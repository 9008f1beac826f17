"""What the simulated platform does with a request: its rules are the tax bureau's, not ours (VOID-RULES)."""

import base64
import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from apps.billing.tax_simulator.faults import Fault
from apps.billing.tax_simulator.ledger import Ledger, fen, yuan

SHANGHAI = timezone(timedelta(hours=8))
LAPSE_HOURS = 72
VOIDABLE = ("paper_special", "paper_ordinary", "roll", "digital_paper")
DIGITAL = ("digital_special", "digital_ordinary", "digital_paper")
FORM_KINDS = (*DIGITAL, "paper_special", "e_special")
ALIVE = ("01", "02", "03", "04")
Books = Callable[[str, str], "dict[str, Any] | None"]
Reply = tuple[int, dict[str, Any]]
# Who plays → what they do → the states it goes out from, and the state it leads to.
PLAYS: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("buyer", "confirm"): (("02",), "04"),
    ("buyer", "refuse"): (("02",), "05"),
    ("seller", "confirm"): (("03",), "04"),
    ("seller", "refuse"): (("03",), "06"),
    ("starter", "withdraw"): (("02", "03"), "08"),
    ("starter", "withdraw-late"): (("01", "04"), "09"),
    ("bureau", "abnormal"): (("01", "02", "03", "04"), "10"),
}


class Refused(Exception):
    """The platform won't; the text is its code."""


class Platform:
    def __init__(self, ledger: Ledger, books: Books | None = None) -> None:
        self.ledger, self.books = ledger, books

    # Requests ---------------------------------------------------------------------------------------------------------

    def act(self, verb: str, body: dict[str, Any], fault: Fault | None = None) -> Reply:
        """Void, enter or withdraw a form, or issue a red invoice, once per key. Raises KeyError, ValueError for a broken body."""
        ledger, key = self.ledger, str(body["key"])
        with ledger.transaction():
            if ledger.row("SELECT key FROM operations WHERE key = ?", key) is None:
                try:
                    answer = {"state": "done"} | getattr(self, f"_{verb}")(key, body)
                except Refused as refusal:
                    answer = {"state": "refused", "code": str(refusal)}
                wait = 1.0 if fault == Fault.PROCESSING else 0.0
                ledger.do(
                    "INSERT INTO operations VALUES (?, ?, ?, ?, ?)",
                    key, verb, json.dumps(answer), ledger.now() + wait, ledger.now(),
                )  # fmt: skip
        return self.operation(key)

    def operation(self, key: str) -> Reply:
        found = self.ledger.row("SELECT * FROM operations WHERE key = ?", key)
        if found is None:
            return 404, {"code": "OPERATION_UNKNOWN", "key": key}
        if found["ready_at"] > self.ledger.now():
            return 200, {"key": key, "state": "processing"}
        answer = json.loads(found["answer"])
        return (200 if answer["state"] == "done" else 422), {"key": key, **answer}

    def look_up(self, code: str, number: str) -> Reply:
        found = self._invoice(code, number)
        if found is None:
            return 404, {"code": "INVOICE_UNKNOWN"}
        return 200, {
            "invoice_code": code, "number": number, "kind": found["kind"], "state": found["state"],
            "gross": yuan(found["net"] + found["tax"]), "buyer_name": found["buyer_name"],
            "buyer_tax_number": found["buyer_tax_number"], "facts": json.loads(found["facts"]),
        }  # fmt: skip

    def form(self, number: str) -> Reply:
        self.lapse()
        found = self.ledger.row("SELECT * FROM forms WHERE number = ?", number)
        if found is None:
            return 404, {"code": "FORM_UNKNOWN"}
        return 200, {"form_number": number, "form_state": found["state"], "starter": found["starter"]}

    def lapse(self) -> None:
        """Forms that waited for 72 hours are over (07)."""
        self.ledger.do(
            "UPDATE forms SET state = '07' WHERE state IN ('02', '03') AND entered <= ?",
            self.ledger.now() - LAPSE_HOURS * 3600,
        )

    def play(self, number: str, who: str, deed: str) -> None:
        """Raises ValueError when this can't be done now."""
        self.lapse()
        if (who, deed) not in PLAYS:
            raise ValueError("nobody can do that")
        sources, target = PLAYS[who, deed]
        marks = ", ".join("?" * len(sources))
        changed = self.ledger.do(
            f"UPDATE forms SET state = ? WHERE number = ? AND used = 0 AND state IN ({marks})", target, number, *sources
        )
        if not changed:
            raise ValueError("the form is not in a state for that")

    def start_by_buyer(self, code: str, number: str, net: str, tax: str) -> str:
        """The buyer enters a form on their side (03); its number. Raises ValueError."""
        with self.ledger.transaction():
            try:
                return self._new_form(self._known(code, number), fen(net), fen(tax), "buyer", "03")
            except Refused as refusal:
                raise ValueError(str(refusal)) from refusal

    # The acts ---------------------------------------------------------------------------------------------------------

    def _invoice(self, code: str, number: str) -> dict[str, Any] | None:
        found = self.ledger.invoice(code, number)
        if found is None and self.books is not None and (given := self.books(code, number)) is not None:
            self.ledger.add_invoice(given)
            found = self.ledger.invoice(code, number)
        return found

    def _known(self, code: str, number: str) -> dict[str, Any]:
        found = self._invoice(code, number)
        if found is None:
            raise Refused("INVOICE_UNKNOWN")
        if found["state"] in ("voided", "red"):
            raise Refused("INVOICE_ENDED")
        return found

    def _void(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        invoice = self._known(body["code"], body["number"])
        if invoice["kind"] not in VOIDABLE:
            raise Refused("KIND_NOT_VOIDABLE")
        today = datetime.fromtimestamp(self.ledger.now(), UTC).astimezone(SHANGHAI)
        if invoice["issued_on"][:7] != f"{today:%Y-%m}":
            raise Refused("NOT_THIS_MONTH")
        if self.ledger.left(invoice) != (invoice["net"], invoice["tax"]):
            raise Refused("INVOICE_ENDED")
        number = f"ZF{secrets.randbelow(10**14):014d}"
        self.ledger.do(
            "INSERT INTO voids (number, code, invoice, key, at) VALUES (?, ?, ?, ?, ?)",
            number, invoice["code"], invoice["number"], key, self.ledger.now(),
        )  # fmt: skip
        self._mark(invoice, "voided")
        return {"certificate": number, **_file(number, f"Void certificate {number} of {invoice['number']}")}

    def _form(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        invoice = self._known(body["code"], body["number"])
        facts = json.loads(invoice["facts"])
        used = facts.get("use_confirmed") or facts.get("buyer_booked")
        state = "02" if invoice["kind"] in DIGITAL and used else "01"
        number = self._new_form(invoice, fen(body["net"]), fen(body["tax"]), "seller", state)
        return {"form_number": number, "form_state": state}

    def _new_form(self, invoice: dict[str, Any], net: int, tax: int, starter: str, state: str) -> str:
        self.lapse()
        left_net, left_tax = self.ledger.left(invoice)
        if net > left_net or tax > left_tax or net + tax <= 0:
            raise Refused("ABOVE_BALANCE")
        alive = self.ledger.row(
            "SELECT number FROM forms WHERE code = ? AND invoice = ? AND used = 0 AND state IN ('01','02','03','04')",
            invoice["code"], invoice["number"],
        )  # fmt: skip
        if alive is not None:
            raise Refused("FORM_ALIVE")
        number = f"HZ{secrets.randbelow(10**16):016d}"
        self.ledger.do(
            "INSERT INTO forms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            number, invoice["code"], invoice["number"], invoice["kind"], starter, net, tax, state, self.ledger.now(),
        )  # fmt: skip
        return number

    def _withdraw(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Our own form, as long as no red invoice rests on it: 08 before its confirmation, 09 after."""
        self.lapse()
        form = self.ledger.row("SELECT * FROM forms WHERE number = ?", body["form_number"])
        if form is None:
            raise Refused("FORM_UNKNOWN")
        if form["starter"] != "seller":
            raise Refused("FORM_OF_BUYER")
        if form["used"]:
            raise Refused("FORM_USED")
        deeds = (PLAYS["starter", deed] for deed in ("withdraw", "withdraw-late"))
        state = next((target for sources, target in deeds if form["state"] in sources), None)
        if state is None:
            raise Refused("FORM_STATE")
        self.ledger.do("UPDATE forms SET state = ? WHERE number = ?", state, form["number"])
        return {"form_number": form["number"], "form_state": state}

    def _red(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        invoice = self._known(body["code"], body["number"])
        net, tax = fen(body["net"]), fen(body["tax"])
        left_net, left_tax = self.ledger.left(invoice)
        if net > left_net or tax > left_tax or net + tax <= 0:
            raise Refused("ABOVE_BALANCE")
        form = str(body.get("form_number") or "")
        if invoice["kind"] in FORM_KINDS:
            self._use_form(form, invoice, net, tax)
        number = f"{datetime.now(UTC):%y}99{secrets.randbelow(10**16):016d}"
        self.ledger.do(
            "INSERT INTO reds (number, code, invoice, form, net, tax, key, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            number, invoice["code"], invoice["number"], form, net, tax, key, self.ledger.now(),
        )  # fmt: skip
        if self.ledger.left(invoice) == (0, 0):
            self._mark(invoice, "red")
        return {"certificate": number, **_file(number, f"Red invoice {number} of {invoice['number']}")}

    def _use_form(self, number: str, invoice: dict[str, Any], net: int, tax: int) -> None:
        form = self.ledger.row("SELECT * FROM forms WHERE number = ?", number)
        if form is None or (form["code"], form["invoice"]) != (invoice["code"], invoice["number"]):
            raise Refused("FORM_MISSING")
        if form["used"]:
            raise Refused("FORM_USED")
        if form["state"] not in ("01", "04"):
            raise Refused("FORM_STATE")
        if (form["net"], form["tax"]) != (net, tax):
            raise Refused("FORM_OTHER_AMOUNT")
        self.ledger.do("UPDATE forms SET used = 1 WHERE number = ?", number)

    def _mark(self, invoice: dict[str, Any], state: str) -> None:
        where = (invoice["code"], invoice["number"])
        self.ledger.do("UPDATE invoices SET state = ? WHERE code = ? AND number = ?", state, *where)


def _file(name: str, text: str) -> dict[str, str]:
    return {"file_name": f"{name}.pdf", "file": base64.b64encode(_pdf(text)).decode()}


def _pdf(text: str) -> bytes:
    """One page with one line of plain ASCII."""
    stream = f"BT /F1 14 Tf 60 780 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for place, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (place, content)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % at for at in places)
    out += b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out)
