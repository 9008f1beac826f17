"""The rule table of VOID-RULES.md, row by row, and its neighbours."""

from datetime import UTC, date, datetime
from itertools import product
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.billing import rulings
from apps.billing.defaults import void_rules
from apps.billing.states import Act, Fact, FormKind, InvoiceKind, Starter

TODAY = date(2026, 11, 22)
RULES = [
    SimpleNamespace(**{"effective_to": None, "with_blue_data": True, "form_hours": None, **row})
    for row in void_rules.rows()
]
K = InvoiceKind
VOIDABLE = {
    Fact.SAME_MONTH: True, Fact.COPIES_BACK: True, Fact.TAX_FILED: False, Fact.SELLER_BOOKED: False,
    Fact.AUTHENTICATED: False,
}  # fmt: skip
DIGITAL_UNUSED = {Fact.EXPORT_REFUND: False, Fact.USE_CONFIRMED: False, Fact.BUYER_BOOKED: False}


def ruled(kind, facts, on=TODAY):
    return rulings.decide(kind, facts, RULES, on=on)


@pytest.mark.req("VOI-04")
@pytest.mark.parametrize(
    ("row", "kind", "facts", "code", "act", "starter", "form"),
    [
        (1, K.PAPER_SPECIAL, VOIDABLE, "paper-special-void", Act.VOID, Starter.SELLER, FormKind.NONE),
        (2, K.PAPER_SPECIAL, {Fact.SAME_MONTH: False, Fact.DEDUCTED: True}, "paper-special-deducted", Act.RED,
         Starter.BUYER, FormKind.INFORMATION),
        (3, K.PAPER_SPECIAL, {Fact.SAME_MONTH: False, Fact.DEDUCTED: False, Fact.DELIVERED: True, Fact.COPIES_BACK: False},
         "paper-special-copies-out", Act.RED, Starter.BUYER, FormKind.INFORMATION),
        (4, K.PAPER_SPECIAL, {Fact.SAME_MONTH: False, Fact.DEDUCTED: False, Fact.DELIVERED: False},
         "paper-special-not-delivered", Act.RED, Starter.SELLER, FormKind.INFORMATION),
        (4, K.PAPER_SPECIAL, {Fact.SAME_MONTH: False, Fact.DEDUCTED: False, Fact.DELIVERED: True, Fact.COPIES_BACK: True},
         "paper-special-copies-back", Act.RED, Starter.SELLER, FormKind.INFORMATION),
        (5, K.PAPER_ORDINARY, VOIDABLE, "paper-ordinary-void", Act.VOID, Starter.SELLER, FormKind.NONE),
        (5, K.ROLL, VOIDABLE, "paper-ordinary-void", Act.VOID, Starter.SELLER, FormKind.NONE),
        (6, K.PAPER_ORDINARY, {**VOIDABLE, Fact.TAX_FILED: True}, "paper-ordinary-red", Act.RED, Starter.SELLER, FormKind.NONE),
        (6, K.ROLL, {Fact.SAME_MONTH: False}, "paper-ordinary-red", Act.RED, Starter.SELLER, FormKind.NONE),
        (7, K.E_ORDINARY, {Fact.SAME_MONTH: True}, "e-ordinary-red", Act.RED, Starter.SELLER, FormKind.NONE),
        (8, K.E_SPECIAL, {Fact.DEDUCTED: True}, "e-special-deducted", Act.RED, Starter.BUYER, FormKind.INFORMATION),
        (9, K.E_SPECIAL, {Fact.DEDUCTED: False}, "e-special-not-deducted", Act.RED, Starter.SELLER, FormKind.INFORMATION),
        (10, K.DIGITAL_SPECIAL, DIGITAL_UNUSED, "digital-unused", Act.RED, Starter.SELLER, FormKind.CONFIRMATION),
        (11, K.DIGITAL_SPECIAL, {**DIGITAL_UNUSED, Fact.USE_CONFIRMED: True}, "digital-use-confirmed", Act.RED,
         Starter.EITHER, FormKind.CONFIRMATION),
        (11, K.DIGITAL_ORDINARY, {**DIGITAL_UNUSED, Fact.BUYER_BOOKED: True}, "digital-booked", Act.RED,
         Starter.EITHER, FormKind.CONFIRMATION),
        (12, K.DIGITAL_SPECIAL, {**DIGITAL_UNUSED, Fact.EXPORT_REFUND: True}, "digital-export-refund", Act.RED,
         Starter.SELLER, FormKind.CONFIRMATION),
        (13, K.PURCHASE, {}, "purchase-red", Act.RED, Starter.SELLER, FormKind.NONE),
        (14, K.DIGITAL_PAPER, {Fact.SAME_MONTH: True, Fact.COPIES_BACK: True}, "digital-paper-void", Act.VOID,
         Starter.SELLER, FormKind.NONE),
        (15, K.DIGITAL_PAPER, {Fact.SAME_MONTH: True, Fact.COPIES_BACK: False}, "digital-paper-red", Act.RED,
         Starter.EITHER, FormKind.CONFIRMATION),
    ],
)  # fmt: skip
def test_every_row_of_the_table(row, kind, facts, code, act, starter, form):
    ruling = ruled(kind, facts)
    assert (ruling.rule.code, ruling.rule.act, ruling.rule.starter, ruling.rule.form) == (code, act, starter, form)
    assert ruling.rule.basis


# VOID-RULES.md, column "Basis", by the shipped rows that stand for each of its rows
BASIS = {
    "国税发〔2006〕156号 第二十条": ["paper-special-void"],
    "国家税务总局公告2016年第47号": [
        "paper-special-deducted", "paper-special-not-delivered", "paper-special-copies-back", "paper-special-copies-out",
        "paper-ordinary-red",
    ],
    "发票管理办法实施细则 第二十六条": ["paper-ordinary-void"],
    "国家税务总局公告2015年第84号；发票管理办法实施细则 第二十七条": ["e-ordinary-red"],
    "国家税务总局公告2020年第22号": ["e-special-deducted", "e-special-not-deducted"],
    "国家税务总局公告2024年第11号": [
        "digital-export-refund", "digital-use-confirmed", "digital-booked", "digital-unused", "purchase-red",
        "digital-paper-red",
    ],
    "开票软件通行做法，无明文规定": ["digital-paper-void"],
}  # fmt: skip


@pytest.mark.req("VOI-04")
def test_every_row_cites_the_regulation_that_it_comes_from_and_what_is_not_sure_says_so():
    assert {rule.code: rule.basis for rule in RULES} == {
        code: basis for basis, codes in BASIS.items() for code in codes
    }
    unsure = {rule.code for rule in RULES if getattr(rule, "to_check", False)}
    assert unsure == {"purchase-red", "digital-paper-void", "digital-paper-red"}


@pytest.mark.req("VOI-04")
@pytest.mark.parametrize("broken", list(VOIDABLE))
def test_one_missing_condition_turns_a_paper_special_void_into_a_red(broken):
    facts = {**VOIDABLE, Fact.DEDUCTED: False, Fact.DELIVERED: True, broken: not VOIDABLE[broken]}
    ruling = ruled(K.PAPER_SPECIAL, facts)
    assert ruling.rule.act == Act.RED
    assert ("paper-special-void", broken) in ruling.passed_over


@pytest.mark.req("VOI-04", "VOI-05")
def test_the_form_of_a_deducted_invoice_does_not_name_the_blue_one_and_a_used_digital_one_has_72_hours():
    assert ruled(K.PAPER_SPECIAL, {Fact.SAME_MONTH: False, Fact.DEDUCTED: True}).rule.with_blue_data is False
    assert ruled(K.E_SPECIAL, {Fact.DEDUCTED: True}).rule.with_blue_data is False
    assert ruled(K.E_SPECIAL, {Fact.DEDUCTED: False}).rule.with_blue_data is True
    assert ruled(K.DIGITAL_SPECIAL, {**DIGITAL_UNUSED, Fact.USE_CONFIRMED: True}).rule.form_hours == 72
    assert ruled(K.DIGITAL_SPECIAL, DIGITAL_UNUSED).rule.form_hours is None


@pytest.mark.req("VOI-04")
def test_what_is_not_known_is_asked_for_and_never_guessed():
    ruling = ruled(K.PAPER_SPECIAL, {Fact.SAME_MONTH: True, Fact.TAX_FILED: False})
    assert ruling.rule is None
    assert ruling.missing[:3] == (Fact.COPIES_BACK, Fact.SELLER_BOOKED, Fact.AUTHENTICATED)


@pytest.mark.req("VOI-04", "VOI-11")
@pytest.mark.parametrize(
    ("issued", "now", "same"),
    [
        # the last second of a month in Shanghai, and the first of the next
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), datetime(2026, 11, 30, 16, 0, tzinfo=UTC), False),
        # issued on 1 December in Shanghai, which is still November in UTC
        (datetime(2026, 11, 30, 16, 30, tzinfo=UTC), datetime(2026, 12, 31, 15, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 30, 15, 30, tzinfo=UTC), datetime(2026, 11, 30, 16, 30, tzinfo=UTC), False),
        (datetime(2025, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC), False),
    ],
)
def test_the_same_month_is_shanghais_calendar_month(issued, now, same):
    assert rulings.same_month(issued, now) is same


@pytest.mark.req("VOI-04")
def test_an_old_case_is_ruled_by_the_rules_of_its_day():
    assert ruled(K.DIGITAL_SPECIAL, DIGITAL_UNUSED, on=date(2024, 11, 30)).rule is None
    assert ruled(K.DIGITAL_SPECIAL, DIGITAL_UNUSED, on=date(2024, 12, 1)).rule.code == "digital-unused"


@pytest.mark.req("VOI-04")
@pytest.mark.parametrize("kind", InvoiceKind.values)
def test_complete_facts_are_always_decided(kind):
    asked = [Fact.SAME_MONTH, *rulings.needed_facts(kind, RULES, on=TODAY)]
    for answers in product([True, False], repeat=len(asked)):
        ruling = ruled(kind, dict(zip(asked, answers, strict=True)))
        assert ruling.rule is not None
        assert ruling.missing == ()


@pytest.mark.req("VOI-04")
@given(
    kind=st.sampled_from(InvoiceKind.values),
    facts=st.dictionaries(st.sampled_from(Fact.values), st.one_of(st.booleans(), st.none())),
    more=st.dictionaries(st.sampled_from(Fact.values), st.booleans()),
)
def test_a_decision_stands_whatever_else_becomes_known(kind, facts, more):
    ruling = ruled(kind, facts)
    known = {fact for fact, holds in facts.items() if holds is not None}
    later = ruled(kind, {**facts, **{fact: holds for fact, holds in more.items() if fact not in known}})
    if ruling.rule is not None:
        assert later.rule is ruling.rule
    else:
        assert ruling.missing
