"""Odd mails of our own making, each with what should become of it. No mail here was ever sent by anybody.

A case says what stands in the parsed mail; `verdict` is what the desk makes of it (the value of `models.mail.Verdict`).
"""

from functools import cache

from tests.mail import parts, words, writing
from tests.mail.writing import CUSTOMER, DESK, PHOTO, TEXT, Case, file_part, mixed, part, photo, plain, text_part, word

__all__ = [
    "CUSTOMER", "DESK", "PHOTO", "TEXT", "Case", "all_cases", "file_part", "mixed", "part", "parts", "photo", "plain",
    "text_part", "word", "words",
]  # fmt: skip


@cache
def all_cases() -> list[Case]:
    return [make() for make in writing.made]
