"""Masked forms of personal data (INT-06): what a viewer without the right to the clear value sees."""


def name(value: str) -> str:
    """`张三` → `张*`, `欧阳娜娜` → `欧***`, `John Smith` → `J*** S****`: the first letter of each word, the length kept."""
    return " ".join(word[0] + "*" * max(1, len(word) - 1) for word in value.split())


def phone(value: str) -> str:
    """`13812345678` → `138****5678`; shorter numbers keep the last two digits only."""
    digits = value.strip()
    if len(digits) >= 11:
        return f"{digits[:-8]}****{digits[-4:]}"
    return "*" * max(0, len(digits) - 2) + digits[-2:] if digits else ""


def email(value: str) -> str:
    """`zhangsan@example.com` → `z***@example.com`."""
    local, at, domain = value.partition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def text(value: str) -> str:
    """Addresses and the like: the first six characters at most, never more than half."""
    keep = min(6, len(value) // 2)
    return value[:keep] + "****" if value else ""
