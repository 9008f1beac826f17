"""What the simulated providers know, in one SQLite file: it survives a kill, and is the oracle of every test.

`moves` is append-only: money that went out to a customer (fen, positive) and money that came back (negative).
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

SHANGHAI = timezone(timedelta(hours=8))
SCHEMA = """
CREATE TABLE IF NOT EXISTS refunds (
  provider TEXT, number TEXT, payment TEXT, amount INTEGER, state TEXT, plan TEXT, settle_at REAL, bounce_at REAL,
  account TEXT, provider_number TEXT, notify TEXT, created REAL, PRIMARY KEY (provider, number));
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (provider, payment);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (settle_at);
CREATE INDEX IF NOT EXISTS refunds_back ON refunds (bounce_at);
CREATE TABLE IF NOT EXISTS moves (id INTEGER PRIMARY KEY, provider TEXT, number TEXT, amount INTEGER, at REAL);
CREATE TABLE IF NOT EXISTS statement (
  provider TEXT, day TEXT, number TEXT, amount INTEGER, state TEXT, fault TEXT);
CREATE TABLE IF NOT EXISTS payments (number TEXT PRIMARY KEY, paid INTEGER);
CREATE TABLE IF NOT EXISTS balances (provider TEXT PRIMARY KEY, amount INTEGER);
CREATE TABLE IF NOT EXISTS callbacks (id INTEGER PRIMARY KEY, provider TEXT, number TEXT, status INTEGER, at REAL);
"""
RICH = 10_000_000_00  # fen: what each provider has at first


class NoBalance(Exception):
    pass


class AbovePaid(Exception):
    pass


@dataclass
class Entry:
    """One refund or transfer as the provider knows it; amount in fen."""

    provider: str
    number: str
    payment: str
    amount: int
    state: str
    plan: str = "SUCCESS"
    settle_at: float | None = None
    bounce_at: float | None = None
    account: str = ""
    provider_number: str = ""
    notify: str = ""
    created: float = 0.0


class Ledger:
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
        with self.lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self.lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def do(self, sql: str, *values: Any) -> None:
        with self.lock:
            self._db.execute(sql, values)

    def entry(self, provider: str, number: str) -> Entry | None:
        found = self.rows("SELECT * FROM refunds WHERE provider = ? AND number = ?", provider, number)
        return Entry(**found[0]) if found else None

    def by_provider_number(self, provider: str, provider_number: str) -> Entry | None:
        found = self.rows("SELECT * FROM refunds WHERE provider = ? AND provider_number = ?", provider, provider_number)
        return Entry(**found[0]) if found else None

    def add(self, entry: Entry, *, fault: str = "", capped: bool = True) -> None:
        """Take an order in: within the balance, and within what was paid where the payment is known.

        Raises NoBalance, AbovePaid. The statement's row is written now and never again.
        """
        with self.transaction():
            if entry.amount > self.balance(entry.provider):
                raise NoBalance
            if capped:
                self._check_paid(entry)
            entry.created = entry.created or time.time()
            values = [getattr(entry, name) for name in Entry.__dataclass_fields__]
            self._db.execute(
                f"INSERT INTO refunds ({', '.join(Entry.__dataclass_fields__)}) VALUES ({', '.join('?' * len(values))})",
                values,
            )
            day = datetime.fromtimestamp(entry.created, UTC).astimezone(SHANGHAI).date().isoformat()
            self._db.execute(
                "INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?)",
                [entry.provider, day, entry.number, entry.amount, entry.state, fault],
            )
            if entry.state == "SUCCESS":
                self._move(entry, entry.amount)

    def _check_paid(self, entry: Entry) -> None:
        known = self.rows("SELECT paid FROM payments WHERE number = ?", entry.payment)
        if not known:
            return
        taken = self.rows(
            "SELECT COALESCE(SUM(amount), 0) AS sum FROM refunds WHERE payment = ? AND state IN"
            " ('SUCCESS', 'PROCESSING', 'ABNORMAL')",
            entry.payment,
        )[0]["sum"]
        if taken + entry.amount > known[0]["paid"]:
            raise AbovePaid

    def settle(self, entry: Entry, state: str) -> None:
        """A refund in the works ends; the money goes out where it succeeds. Twice is once."""
        with self.transaction():
            changed = self._db.execute(
                "UPDATE refunds SET state = ?, settle_at = NULL WHERE provider = ? AND number = ? AND state = 'PROCESSING'",
                [state, entry.provider, entry.number],
            ).rowcount
            if changed and state == "SUCCESS":
                self._move(entry, entry.amount)

    def bounce(self, entry: Entry, state: str) -> None:
        """The bank sends the money back, days after a success."""
        with self.transaction():
            changed = self._db.execute(
                "UPDATE refunds SET state = ?, bounce_at = NULL WHERE provider = ? AND number = ? AND state = 'SUCCESS'",
                [state, entry.provider, entry.number],
            ).rowcount
            if changed:
                self._move(entry, -entry.amount)

    def again(self, entry: Entry, account: str, plan: str, settle_at: float) -> None:
        """An abnormal refund goes on to a bank card."""
        self.do(
            "UPDATE refunds SET state = 'PROCESSING', account = ?, plan = ?, settle_at = ? WHERE provider = ? AND"
            " number = ? AND state = 'ABNORMAL'",
            account, plan, settle_at, entry.provider, entry.number,
        )  # fmt: skip

    def _move(self, entry: Entry, amount: int) -> None:
        self._db.execute(
            "INSERT INTO moves (provider, number, amount, at) VALUES (?, ?, ?, ?)",
            [entry.provider, entry.number, amount, time.time()],
        )

    def due(self, now: float) -> list[Entry]:
        return [Entry(**row) for row in self.rows(
            "SELECT * FROM refunds WHERE settle_at <= ? AND state = 'PROCESSING'", now
        )]  # fmt: skip

    def bouncing(self, now: float) -> list[Entry]:
        return [Entry(**row) for row in self.rows(
            "SELECT * FROM refunds WHERE bounce_at <= ? AND state = 'SUCCESS'", now
        )]  # fmt: skip

    def balance(self, provider: str) -> int:
        first = self.rows("SELECT amount FROM balances WHERE provider = ?", provider)
        out = self.rows("SELECT COALESCE(SUM(amount), 0) AS sum FROM moves WHERE provider = ?", provider)[0]["sum"]
        waits = self.rows(
            "SELECT COALESCE(SUM(amount), 0) AS sum FROM refunds WHERE provider = ? AND state = 'PROCESSING'", provider
        )[0]["sum"]
        return int((first[0]["amount"] if first else RICH) - out - waits)

    def set_balance(self, provider: str, fen: int) -> None:
        """What may still be paid out from now on."""
        with self.transaction():
            gone = (RICH if not self.rows("SELECT 1 FROM balances WHERE provider = ?", provider) else self.rows(
                "SELECT amount FROM balances WHERE provider = ?", provider)[0]["amount"]) - self.balance(provider)  # fmt: skip
            self._db.execute("INSERT OR REPLACE INTO balances VALUES (?, ?)", [provider, fen + gone])

    def pay(self, number: str, fen: int) -> None:
        """A customer paid so much under this number; refunds of it are held within it."""
        self.do("INSERT OR REPLACE INTO payments VALUES (?, ?)", number, fen)

    def statement(self, provider: str, day: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM statement WHERE provider = ? AND day = ? ORDER BY rowid", provider, day)

    def paid_out(self) -> dict[str, int]:
        """Fen that went out and stayed out, by number."""
        rows = self.rows("SELECT number, SUM(amount) AS sum FROM moves GROUP BY number")
        return {row["number"]: row["sum"] for row in rows}
