"""What the outside promises: the contract of every payment and tax adapter (REFUND-FACTS).

An adapter does one call and says what it proves. It never decides, never retries, and holds no database lock.
**Every exception after the request has left means unknown**: adapters raise only `NotSent`, when nothing left.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol


class Proof(Enum):
    """What an answer proves."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # terminal: money will not move under this number
    PROCESSING = "processing"  # the provider has it; ask later
    NOT_FOUND = "not_found"  # the provider knows nothing of this number: it may be sent again, same number and amount
    UNKNOWN = "unknown"  # no answer, a broken one, or one whose signature is wrong


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` is kept with the attempt and holds no personal data; `failure` is the provider's own code."""

    proof: Proof
    provider_number: str = ""
    failure: str = ""
    answer: dict[str, Any] = field(default_factory=dict)


class NotSent(Exception):
    """Nothing has left this machine (no connection, no settings): the same number may be sent later."""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """One refund to make. Amounts in yuan. `payee_…` only for transfers; clear text, never logged."""

    number: str
    amount: Decimal
    reason: str
    method: str = "refund"
    payment_number: str = ""
    provider_payment_number: str = ""
    paid: Decimal = Decimal(0)
    payee_name: str = ""
    payee_account: str = ""
    payee_bank: str = ""
    kind: str = "refund"
    customer: str = ""  # the customer's id, for benefits
    original_number: str = ""  # of the refund that an abnormal one mends
    original_provider_number: str = ""


class RefundAdapter(Protocol):
    """A way for money to go back. `first_query` and `query_every` are seconds: after sending, between questions."""

    channel: str
    first_query: int
    query_every: int

    def send(self, order: RefundOrder) -> Outcome:
        """Ask for the refund, or repeat the same request: the number makes repeats harmless. Raises NotSent."""
        ...

    def query(self, order: RefundOrder) -> Outcome:
        """Ask what became of it. Changes nothing. Raises NotSent."""
        ...


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One refund in a provider's statement; written when it was initiated, perhaps never updated. Yuan."""

    number: str
    amount: Decimal
    state: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    digest: str
    lines: tuple[StatementLine, ...]


class Provider(RefundAdapter, Protocol):
    """An adapter whose other side keeps our money and tells what it did with it."""

    def balance(self) -> Decimal:
        """Yuan that may be paid out now. Raises any exception when it can't be told."""
        ...

    def statement(self, day: date) -> Statement:
        """What was initiated on a day of Shanghai's calendar. Raises any exception when it can't be had."""
        ...


@dataclass(frozen=True, slots=True)
class TaxOrder:
    """One thing to do on the tax platform. `key` makes repeats harmless; amounts in yuan, positive."""

    key: str
    verb: str  # void, form, red, withdraw (the form `form_number`)
    code: str
    number: str
    kind: str
    issued_on: str  # ISO date in Shanghai
    reason_code: str
    net: Decimal
    tax: Decimal
    lines: tuple[tuple[str, Decimal, Decimal, Decimal, Decimal], ...]  # name, quantity, net, rate, tax
    whole: bool
    form_kind: str = ""
    form_number: str = ""
    with_blue_data: bool = True


@dataclass(frozen=True, slots=True)
class TaxOutcome(Outcome):
    """`certificate`: the void certificate's or red invoice's number; `form_…` of the red form, in the platform's codes."""

    certificate: str = ""
    form_number: str = ""
    form_state: str = ""
    file_name: str = ""
    file: bytes = b""


class TaxAdapter(Protocol):
    """A way to the tax platform. `query_every` in seconds."""

    name: str
    query_every: int

    def send(self, order: TaxOrder) -> TaxOutcome:
        """Void, enter or withdraw a form, or issue a red invoice; the key makes repeats harmless. Raises NotSent."""
        ...

    def query(self, order: TaxOrder) -> TaxOutcome:
        """What became of it. Changes nothing. Raises NotSent."""
        ...

    def form(self, number: str) -> TaxOutcome:
        """The present state of a red form. Changes nothing. Raises NotSent."""
        ...

    def look_up(self, code: str, number: str) -> dict[str, Any] | None:
        """What the platform knows of an invoice: `gross`, `buyer_tax_number`, `buyer_name` and facts by name (VOI-03).

        None where it can't tell. Raises NotSent.
        """
        ...
