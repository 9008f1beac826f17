"""What the simulated tax platform knows, in one SQLite file: it survives a kill, and is the oracle of every test."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS invoices (
  code TEXT, number TEXT, kind TEXT, net INTEGER, tax INTEGER, buyer_name TEXT, buyer_tax_number TEXT, issued_on TEXT,
  state TEXT, facts TEXT, PRIMARY KEY (code, number));
CREATE TABLE IF NOT EXISTS operations (key TEXT PRIMARY KEY, verb TEXT, answer TEXT, ready_at REAL, at REAL);
CREATE TABLE IF NOT EXISTS forms (
  number TEXT PRIMARY KEY, code TEXT, invoice TEXT, kind TEXT, starter TEXT, net INTEGER, tax INTEGER, state TEXT,
  entered REAL, used INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS reds (
  id INTEGER PRIMARY KEY, number TEXT, code TEXT, invoice TEXT, form TEXT, net INTEGER, tax INTEGER, key TEXT, at REAL);
CREATE TABLE IF NOT EXISTS voids (id INTEGER PRIMARY KEY, number TEXT, code TEXT, invoice TEXT, key TEXT, at REAL);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, method TEXT, path TEXT, key TEXT, fault TEXT, at REAL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value REAL);
"""


class Ledger:
    """Amounts in fen, moments in Unix seconds of the simulator's own clock, which can be put forward."""

    def __init__(self, path: Path | str) -> None:
        self.lock = threading.RLock()
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One at a time; all of it or nothing is in the file."""
        with self.lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def do(self, sql: str, *values: Any) -> int:
        with self.lock:
            return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self.lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def now(self) -> float:
        """Unix seconds, put forward by as much as somebody moved the clock."""
        return time.time() + self.ahead()

    def ahead(self) -> float:
        found = self.row("SELECT value FROM settings WHERE name = 'ahead'")
        return float(found["value"]) if found else 0.0

    def move_clock(self, hours: float) -> None:
        self.do("INSERT OR REPLACE INTO settings VALUES ('ahead', ?)", self.ahead() + hours * 3600)

    # Invoices ---------------------------------------------------------------------------------------------------------

    def add_invoice(self, invoice: dict[str, Any]) -> None:
        """Known before: its facts are renewed, the rest stays. Amounts in the dict are yuan as text."""
        self.do(
            "INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'issued', ?) "
            "ON CONFLICT (code, number) DO UPDATE SET facts = excluded.facts",
            invoice.get("code", ""), invoice["number"], invoice["kind"], fen(invoice["net"]), fen(invoice["tax"]),
            invoice.get("buyer_name", ""), invoice.get("buyer_tax_number", ""), invoice["issued_on"],
            json.dumps(invoice.get("facts", {})),
        )  # fmt: skip

    def invoice(self, code: str, number: str) -> dict[str, Any] | None:
        return self.row("SELECT * FROM invoices WHERE code = ? AND number = ?", code, number)

    def set_fact(self, code: str, number: str, fact: str, holds: bool) -> None:
        """Raises ValueError for an unknown invoice."""
        found = self.invoice(code, number)
        if found is None:
            raise ValueError("no such invoice")
        facts = json.loads(found["facts"]) | {fact: holds}
        self.do("UPDATE invoices SET facts = ? WHERE code = ? AND number = ?", json.dumps(facts), code, number)

    def left(self, invoice: dict[str, Any]) -> tuple[int, int]:
        """Net and tax in fen that no red invoice has undone yet."""
        undone = self.row(
            "SELECT coalesce(sum(net), 0) AS net, coalesce(sum(tax), 0) AS tax FROM reds WHERE code = ? AND invoice = ?",
            invoice["code"], invoice["number"],
        ) or {"net": 0, "tax": 0}  # fmt: skip
        return invoice["net"] - undone["net"], invoice["tax"] - undone["tax"]


def fen(yuan: Any) -> int:
    """Exact; raises ValueError for more than two places."""
    whole, _, part = str(yuan).partition(".")
    if len(part) > 2 or not (whole + part).isdigit():
        raise ValueError(f"not an amount: {yuan}")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
