from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import Department
from apps.core.vocabulary import Demand, Risk
from apps.triage import folding, rulebook
from apps.triage.models import Category, Keyword
from apps.triage.rulebook import CLAUSE_ENDS, Branches, Rulebook, Word, matcher, tires
from apps.triage.services import library
from apps.triage.services.classify import READS_CHARACTERS, classify, classify_with
from apps.triage.services.route import route
from apps.triage.services.score import ScoreFacts, score


def word(text, category="", weight=0.0, *, root="", demand="", risk="", sentiment=0.0):
    return Word(folding.fold(text), category, root or category, weight, tires(weight), demand, risk, sentiment, None)


def book_of(*words, ranks=("quality", "logistics", "service", "other")):
    """A rulebook with these words and flat categories; no database."""
    return Rulebook(
        version=1,
        **matcher(words),
        branches=Branches(dict.fromkeys(ranks), {}, {slug: i for i, slug in enumerate(ranks)}, deep=False),
        points={},
        repeats=(),
        sentiment=(),
        levels=(),
        rules={},
        departments={},
        fallback_department_id=None,
    )


def test_the_longest_keyword_wins():
    book = book_of(word("好吃", "quality", 1.5, sentiment=1), word("不好吃", "quality", 3, sentiment=-1))

    found = classify_with(book, "真的不好吃")

    assert [(hit.text, hit.start) for hit in found.hits] == [("不好吃", 2)]
    assert found.sentiment == -0.5


def test_hits_say_where_they_stand_in_the_text_as_it_was_written():
    book = book_of(word("物流", "logistics", 2), word("wi-fi", "quality", 1))
    text = "😀ＷＩ－ＦＩ斷了，物流也慢"

    hits = classify_with(book, text).hits

    assert [text[hit.start : hit.start + len(hit.text)] for hit in hits] == ["ＷＩ－ＦＩ", "物流"]


def test_traditional_characters_meet_simplified_keywords():
    book = book_of(word("退货", "quality", 2, demand="return"), word("发票", "service", 1))

    found = classify_with(book, "我要退貨，發票呢")

    assert (found.category, found.demand) == ("quality", Demand.RETURN)


def test_a_keyword_counts_once():
    book = book_of(word("慢", "logistics", 2), word("难吃", "quality", 3))

    found = classify_with(book, "难吃慢慢慢慢慢慢慢慢")

    assert found.category == "quality"


def test_praise_in_a_clause_does_not_decide_what_the_complaint_is_about():
    book = book_of(
        word("送餐", "logistics", 3), word("很快", sentiment=1), word("菜", "quality", 1), word("难吃", sentiment=-1)
    )

    assert classify_with(book, "送餐很快，菜难吃").category == "quality"
    assert classify_with(book, "送餐，菜难吃").category == "logistics"


def test_what_is_said_first_matters_most():
    book = book_of(word("迟到", "logistics", 3), word("凉了", "quality", 3))

    assert classify_with(book, "迟到了，还凉了").category == "logistics"
    assert classify_with(book, "凉了，还迟到了").category == "quality"


def test_a_long_list_of_one_thing_does_not_outweigh_a_clear_word():
    nouns = [word(noun, "quality", 0.6) for noun in ("床", "灯", "窗", "门", "桌", "椅")]
    book = book_of(*nouns, word("态度恶劣", "service", 3.5))

    assert classify_with(book, "床灯窗门桌椅态度恶劣").category == "service"


def test_a_danger_counts_in_full_wherever_it_stands():
    late = [word(text, "logistics", 2) for text in ("迟到", "等了", "催了")]
    book = book_of(*late, word("漏电", "quality", 6, risk="safety", sentiment=-1))

    assert classify_with(book, "迟到，等了，催了，还漏电").category == "quality"


@pytest.mark.parametrize(("text", "sentiment"), [("很好", 0.5), ("不是很好", -0.444), ("差", -0.5), ("", 0.0)])
def test_tone_knows_negation(text, sentiment):
    book = book_of(word("很好", sentiment=1), word("差", sentiment=-1))

    assert classify_with(book, text).sentiment == sentiment


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("插座漏电", Risk.SAFETY),
        ("没有漏电", Risk.NONE),
        ("我要找律师", Risk.LEGAL),
        ("漏电了，找律师", Risk.SAFETY),
        ("不错", Risk.NONE),
    ],
)
def test_risk_is_found_unless_it_is_denied_and_safety_comes_first(text, risk):
    book = book_of(word("漏电", "quality", 3, risk="safety"), word("律师", risk="legal"))

    assert classify_with(book, text).risk == risk


@pytest.mark.parametrize(
    ("text", "demand"),
    [("想退货", "return"), ("并不想退货", "none"), ("退款，退款，或者想退货", "refund"), ("你好", "none")],
)
def test_demand_is_what_is_asked_for_most(text, demand):
    book = book_of(word("想退货", "quality", 2, demand="return"), word("退款", "service", 2, demand="refund"))

    assert classify_with(book, text).demand == demand


def test_nothing_found_is_other_without_confidence():
    found = classify_with(book_of(word("慢", "logistics", 2)), "……")

    assert (found.category, found.confidence, found.hits) == ("other", 0.0, ())


def test_equal_evidence_goes_to_the_category_that_stands_first():
    book = book_of(word("甲", "logistics", 2), word("乙", "quality", 2))

    assert classify_with(book, "甲乙").category == "quality"


def test_a_huge_text_is_read_only_so_far():
    book = book_of(word("慢", "logistics", 2))

    assert classify_with(book, "，" * READS_CHARACTERS + "慢").category == "other"


_TEXTS = st.text(alphabet=st.sampled_from("慢好不吃漏电退货，。 aＡ發😀\x00\u202e") | st.characters(), max_size=60)


@given(_TEXTS)
def test_any_text_is_answered_within_bounds(text):
    book = book_of(
        word("慢", "logistics", 2, sentiment=-1),
        word("好吃", "quality", 1, sentiment=1),
        word("漏电", "quality", 3, risk="safety"),
        word("退货", "service", 2, demand="return"),
    )

    found = classify_with(book, text)

    assert found == classify_with(book, text)
    assert -1 <= found.sentiment <= 1
    assert 0 <= found.confidence <= 1
    assert found.category in {"logistics", "quality", "service", "other"}
    for hit in found.hits:
        assert folding.fold(text)[hit.start : hit.start + len(hit.text)] == hit.text


@given(st.text())
def test_folding_keeps_the_length_and_is_done_once(text):
    folded = folding.fold(text)

    assert len(folded) == len(text)
    assert folding.fold(folded) == folded


def test_no_clause_end_can_be_part_of_folding():
    assert all(folding.fold(end) in CLAUSE_ENDS for end in CLAUSE_ENDS)


@pytest.mark.req("CLS-02")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("空调无法开机", "technical"),
        ("物流延迟了一个星期", "logistics"),
        ("退款一直没有到账", "billing"),
        ("客服态度恶劣，爱答不理", "service_attitude"),
        ("刚买就降价，不给价保", "price"),
        ("申请七天无理由退货被拒绝", "return_exchange"),
        ("维修师傅修了三次还没修好，保修期内还收费", "after_sales"),
        ("建议增加一个夜间模式", "suggestion"),
        ("面料差，洗一次就掉色起球", "product_quality"),
        ("哦", "other"),
    ],
)
def test_the_shipped_library_decides_the_first_category(text, category):
    found = classify(text)

    assert found.category == category
    assert found.category_id == Category.objects.get(slug=category).pk


@pytest.mark.django_db
def test_praise_about_goods_is_about_the_goods():
    found = classify("衣服质量很好，穿着舒服")

    assert found.category == "product_quality"
    assert found.sentiment > 0.4


@pytest.mark.req("CLS-01")
@pytest.mark.django_db
def test_a_sub_category_takes_what_its_keywords_say_and_counts_for_its_parent(actor_system):
    technical = Category.objects.get(slug="technical")
    battery = Category(slug="battery", name="电池", parent=technical)
    library.save(battery, actor=actor_system)
    library.save(Keyword(text="锂电芯", category=battery, weight=Decimal(4), sentiment=Decimal(-1)), actor=actor_system)

    assert classify("锂电芯有毛病").category == "battery"
    assert classify("死机，黑屏，锂电芯").category == "technical"


@pytest.mark.req("CLS-02")
@pytest.mark.django_db
def test_a_keyword_may_name_the_department(actor_system):
    product = Department.objects.get(code="product")
    keyword = Keyword.objects.get(text="黑屏")
    keyword.department = product
    library.save(keyword, actor=actor_system)

    found = classify("屏幕黑屏")

    assert found.department_id == product.pk
    assert classify("经常死机").department_id is None
    assert route(found.category_id, keyword_department_id=found.department_id).department_id == product.pk


@pytest.mark.req("CLS-09")
@pytest.mark.django_db
def test_reading_scoring_and_routing_cost_no_query(django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(rulebook.time, "monotonic", lambda: 1000.0)  # a busy machine must not make the second pass
    rulebook.expire()
    rulebook.current()

    with django_assert_num_queries(0):
        found = classify("洗衣机漏水，要求退款")
        score(ScoreFacts(risk=found.risk, sentiment=found.sentiment))
        route(found.category_id, "洗衣机", "广东省深圳市", "complaint")


@pytest.mark.req("CLS-09")
@pytest.mark.django_db
def test_asking_for_the_version_is_one_query_a_second(django_assert_num_queries, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(rulebook.time, "monotonic", lambda: moment[0])
    rulebook.current()

    with django_assert_num_queries(0):
        moment[0] += 0.9
        rulebook.current()
    with django_assert_num_queries(1):
        moment[0] += 0.2
        rulebook.current()
        rulebook.current()
