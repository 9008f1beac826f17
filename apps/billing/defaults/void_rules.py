"""The shipped rule table (VOID-RULES.md): rows 1 to 15. Finance edits them in the admin from then on.

Each holds from the day its regulation came into force, so that an old case is explained by the rules of its day.
"""

from datetime import date
from typing import Any

from apps.billing.states import Act, Fact, FormKind, InvoiceKind, Starter

K, F = InvoiceKind, Fact

G156 = "国税发〔2006〕156号 第二十条"
G47 = "国家税务总局公告2016年第47号"
G84 = "国家税务总局公告2015年第84号；发票管理办法实施细则 第二十七条"
G26 = "发票管理办法实施细则 第二十六条"
G22 = "国家税务总局公告2020年第22号"
G11 = "国家税务总局公告2024年第11号"
PRACTICE = "开票软件通行做法，无明文规定"  # no regulation says so: the row is marked to be checked

SINCE = {
    G156: date(2007, 1, 1),
    G26: date(2011, 2, 14),
    G84: date(2015, 12, 1),
    G47: date(2016, 8, 1),
    G22: date(2020, 12, 21),
    G11: date(2024, 12, 1),
    PRACTICE: date(2024, 12, 1),
}

_BUYER_FORM = {"act": Act.RED, "starter": Starter.BUYER, "form": FormKind.INFORMATION}
_SELLER_FORM = {"act": Act.RED, "starter": Starter.SELLER, "form": FormKind.INFORMATION}
_CONFIRMED = {"act": Act.RED, "starter": Starter.EITHER, "form": FormKind.CONFIRMATION, "form_hours": 72}
_ALONE = {"act": Act.RED, "starter": Starter.SELLER, "form": FormKind.CONFIRMATION}
_VOID = {"act": Act.VOID, "starter": Starter.SELLER, "form": FormKind.NONE}
_RED = {"act": Act.RED, "starter": Starter.SELLER, "form": FormKind.NONE}
_PLAIN = [K.PAPER_ORDINARY, K.ROLL]
_DIGITAL = [K.DIGITAL_SPECIAL, K.DIGITAL_ORDINARY]

# code, kinds, conditions, what follows, basis
_TABLE: list[tuple[str, list[InvoiceKind], dict[Fact, bool], dict[str, Any], str]] = [
    (
        "paper-special-void",
        [K.PAPER_SPECIAL],
        {F.SAME_MONTH: True, F.COPIES_BACK: True, F.TAX_FILED: False, F.SELLER_BOOKED: False, F.AUTHENTICATED: False},
        _VOID,
        G156,
    ),
    (
        "paper-special-deducted",
        [K.PAPER_SPECIAL],
        {F.DEDUCTED: True},
        {**_BUYER_FORM, "with_blue_data": False, "precondition": "购方先作进项税额转出"},
        G47,
    ),
    ("paper-special-not-delivered", [K.PAPER_SPECIAL], {F.DELIVERED: False}, _SELLER_FORM, G47),
    ("paper-special-copies-back", [K.PAPER_SPECIAL], {F.COPIES_BACK: True}, _SELLER_FORM, G47),
    ("paper-special-copies-out", [K.PAPER_SPECIAL], {}, _BUYER_FORM, G47),
    (
        "paper-ordinary-void",
        _PLAIN,
        {F.SAME_MONTH: True, F.COPIES_BACK: True, F.TAX_FILED: False},
        _VOID,
        G26,
    ),
    ("paper-ordinary-red", _PLAIN, {}, {**_RED, "precondition": "收回原发票或取得对方有效证明"}, G47),
    ("e-ordinary-red", [K.E_ORDINARY], {}, _RED, G84),
    ("e-special-deducted", [K.E_SPECIAL], {F.DEDUCTED: True}, {**_BUYER_FORM, "with_blue_data": False}, G22),
    ("e-special-not-deducted", [K.E_SPECIAL], {}, _SELLER_FORM, G22),
    (
        "digital-export-refund",
        _DIGITAL,
        {F.EXPORT_REFUND: True},
        {**_ALONE, "precondition": "购方先回退出口退税勾选"},
        G11,
    ),
    ("digital-use-confirmed", _DIGITAL, {F.USE_CONFIRMED: True}, _CONFIRMED, G11),
    ("digital-booked", _DIGITAL, {F.BUYER_BOOKED: True}, _CONFIRMED, G11),
    ("digital-unused", _DIGITAL, {}, _ALONE, G11),
    ("purchase-red", [K.PURCHASE], {}, {**_RED, "to_check": True}, G11),
    (
        "digital-paper-void",
        [K.DIGITAL_PAPER],
        {F.SAME_MONTH: True, F.COPIES_BACK: True},
        {**_VOID, "to_check": True},
        PRACTICE,
    ),
    (
        "digital-paper-red",
        [K.DIGITAL_PAPER],
        {},
        {**_CONFIRMED, "form_hours": None, "to_check": True, "precondition": "先开具红字确认单，再手工开具红票"},
        G11,
    ),
]


def rows() -> list[dict[str, Any]]:
    """Field values of the shipped rules, in order; positions leave room between them."""
    return [
        {
            "code": code,
            "position": 10 * place,
            "kinds": [kind.value for kind in kinds],
            "conditions": {fact.value: wanted for fact, wanted in conditions.items()},
            "basis": basis,
            "effective_from": SINCE[basis],
            **follows,
        }
        for place, (code, kinds, conditions, follows, basis) in enumerate(_TABLE, start=1)
    ]
