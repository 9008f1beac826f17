"""The page on which a person plays the buyer, puts the clock forward and switches faults. Plain HTML, no script."""

from html import escape
from typing import Any

from apps.billing.tax_simulator.faults import Fault, Faults
from apps.billing.tax_simulator.ledger import Ledger, yuan
from apps.billing.tax_simulator.platform import PLAYS

STATES = {
    "01": "no confirmation needed", "02": "waits for the buyer", "03": "waits for the seller", "04": "confirmed",
    "05": "refused by the buyer", "06": "refused by the seller", "07": "lapsed", "08": "withdrawn",
    "09": "withdrawn after confirmation", "10": "abnormal",
}  # fmt: skip
FACTS = ("use_confirmed", "buyer_booked", "deducted", "export_refund")
STYLE = (
    "body{font:15px system-ui;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222}table{border-collapse:collapse;"
    "width:100%}td,th{padding:.4rem .6rem;border-bottom:1px solid #ddd;text-align:left}form{display:inline}"
    "button{font:inherit;margin:.1rem}h2{margin-top:2rem}.wide{overflow-x:auto}"
)


def page(ledger: Ledger, faults: Faults, said: str = "") -> str:
    waiting = ", ".join(fault.value for fault in faults.next) or "none"
    buttons = "".join(_button("/sim/faults", fault.value, next=fault.value) for fault in Fault)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Tax platform (simulator)</title><style>{STYLE}</style><h1>Tax platform (simulator)</h1>
<p role="status">{escape(said)}</p><h2>Forms</h2>{_forms(ledger)}<h2>Invoices</h2>{_invoices(ledger)}
<h2>Clock</h2><p>{ledger.ahead() / 3600:g} hours ahead.
{_button("/sim/clock", "1 hour on", hours="1")}{_button("/sim/clock", "72 hours on", hours="72")}</p>
<h2>Faults</h2><p>Waiting: {escape(waiting)}; rate {faults.rate:g}.</p><p>{buttons}
{_button("/sim/faults", "20 % of all calls", rate="0.2")}{_button("/sim/faults", "none any more", clear="1")}</p></html>"""


def _forms(ledger: Ledger) -> str:
    rows = ledger.rows("SELECT * FROM forms ORDER BY entered DESC LIMIT 50")
    cells = [
        (row["number"], row["invoice"], row["starter"], yuan(row["net"] + row["tax"]), _said(row), _plays(row))
        for row in rows
    ]
    return _table(("Number", "Invoice", "Entered by", "Gross", "State", "Play"), cells)


def _said(row: dict[str, Any]) -> str:
    return f"{row['state']} {STATES[row['state']]}" + (" · used" if row["used"] else "")


def _plays(row: dict[str, Any]) -> str:
    if row["used"]:
        return ""
    return "".join(
        _button("/sim/play", f"{who}: {deed}", form=row["number"], who=who, deed=deed)
        for (who, deed), (sources, _) in PLAYS.items()
        if row["state"] in sources
    )


def _invoices(ledger: Ledger) -> str:
    rows = ledger.rows("SELECT * FROM invoices ORDER BY rowid DESC LIMIT 50")
    cells = []
    for row in rows:
        left = sum(ledger.left(row))
        where = {"code": row["code"], "number": row["number"]}
        deeds = "".join(_button("/sim/facts", fact, fact=fact, holds="1", **where) for fact in FACTS)
        net, tax = ledger.left(row)
        deeds += _button("/sim/buyer-form", "the buyer starts a form", net=yuan(net), tax=yuan(tax), **where)
        number = f"{row['code']} {row['number']}".strip()
        cells.append((number, row["kind"], row["state"], yuan(left), escape(row["facts"]), deeds))
    return _table(("Number", "Kind", "State", "Left", "Facts", "Play"), cells)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return "<p>None yet.</p>"
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _button(action: str, label: str, **values: str) -> str:
    inputs = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())
    return f'<form method="post" action="{action}">{inputs}<button>{escape(label)}</button></form>'
