"""Personal data in packs (ADM-04, LAW-05).

An accounting voucher must name the buyer as the invoice does, so buyer and tax number stand in the clear. Of everybody
else a pack holds the masked form: of customers, payers and payees, in fields and wherever their name, telephone, e-mail,
address or account turns up in what was written; likewise every other telephone, e-mail, identity card and bank card
number in a text. A clear pack is built only for somebody with the right to clear data, who says why; only people with
that right see or download it. Attached files go in as they came: they are the evidence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from apps.core import masking

# Not inside a longer number: invoices have 20 digits, numbers at providers 24 and more.
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?![0-9A-Za-z])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){14,18}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
SHORTEST_NAME = 2  # characters; a single one would strike half the text


@dataclass(slots=True)
class Curtain:
    """What is drawn before personal data. `clear`: nothing is."""

    clear: bool = False
    known: dict[str, str] = field(default_factory=dict)  # clear value → its masked form

    def knows(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Values of this case, each with its masked form."""
        for value, masked in pairs:
            value = value.strip()
            if len(value) >= SHORTEST_NAME:
                self.known[value] = masked or "***"

    def of(self, value: str, masked: str) -> str:
        """A field: its clear value, or its masked form."""
        return value if self.clear else masked

    def text(self, value: str) -> str:
        """A text with what is personal in it masked."""
        if self.clear or not value:
            return value
        for known in sorted(self.known, key=len, reverse=True):
            value = value.replace(known, self.known[known])
        value = _EMAIL.sub(lambda match: masking.email(match[0]), value)
        value = _IDENTITY.sub(lambda match: f"{match[0][:6]}********{match[0][-4:]}", value)
        value = _PHONE.sub(lambda match: masking.phone(re.sub(r"\D", "", match[0])[-11:]), value)
        return _CARD.sub(_card, value)


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"{digits[:4]} **** {digits[-4:]}" if _luhn(digits) else match[0]


def _luhn(digits: str) -> bool:
    """The check digit of bank cards: other long numbers are left as they are."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0
