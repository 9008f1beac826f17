import csv
import io
import json
import threading
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apps.accounts.models import Department, User
from apps.core import actors
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import Demand, Risk
from apps.journal.models import Event
from apps.triage import defaults, rulebook
from apps.triage.models import Category, Keyword, LibraryVersion, RoutingRule, ScoreWeight
from apps.triage.rulebook import CLAUSE_ENDS
from apps.triage.services import library
from apps.triage.services.classify import classify

pytestmark = pytest.mark.django_db


def new_keyword(text="云台漂移", category="technical", **values):
    return Keyword(text=text, category=Category.objects.get(slug=category), weight=Decimal(3), **values)


def codes(errors):
    return [(e.field, e.code) for e in errors.value.errors]


@pytest.mark.req("CLS-02")
def test_a_new_keyword_works_at_once_with_a_version_and_an_event(actor_system):
    before = classify("云台漂移")

    version = library.save(new_keyword(), actor=actor_system, reason="新产品")

    found = classify("云台漂移")
    event = Event.objects.latest("id")
    assert (before.category, found.category) == ("other", "technical")
    assert found.version == version.number == before.version + 1
    assert (version.actor_label, version.what) == ("system:test", "云台漂移")
    assert (event.kind, event.subject_id, event.reason) == (
        "keyword.added",
        Keyword.objects.get(text="云台漂移").pk,
        "新产品",
    )
    assert event.data["version"] == version.number
    assert event.data["changes"]["category"] == [None, "technical"]


@pytest.mark.req("CLS-02")
def test_a_change_records_old_and_new_and_nothing_else(actor_system):
    keyword = Keyword.objects.get(text="死机")
    old = keyword.weight
    keyword.weight = Decimal("1.25")

    library.save(keyword, actor=actor_system)

    assert Event.objects.latest("id").data["changes"] == {"weight": [f"{float(old):g}", "1.25"]}


def test_saving_without_a_difference_makes_no_version(actor_system):
    count = LibraryVersion.objects.count()

    assert library.save(Keyword.objects.get(text="死机"), actor=actor_system) is None
    assert LibraryVersion.objects.count() == count


@pytest.mark.req("CLS-02")
def test_a_retired_keyword_is_not_found_any_more(actor_system):
    keyword = Keyword.objects.get(text="花屏")

    assert library.set_active([keyword], False, actor=actor_system) == 1
    assert "花屏" not in [hit.text for hit in classify("花屏").hits]

    assert library.set_active([keyword], True, actor=actor_system) == 1
    assert classify("花屏").category == "technical"


@pytest.mark.req("CLS-01")
def test_a_retired_category_gets_nothing_but_its_keywords_still_tell_risk(actor_system):
    library.set_active([Category.objects.get(slug="technical")], False, actor=actor_system)

    found = classify("插座漏电")

    assert found.category != "technical"
    assert found.risk == Risk.SAFETY


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("。！", "text", "keyword.empty"),
        ("   ", "text", "keyword.empty"),
        ("长" * 41, "text", "keyword.too_long"),
        ("ＡＰＰ閃退 ", None, None),
        ("閃退", "text", "keyword.taken"),
    ],
)
def test_keywords_are_tidied_and_checked(text, field, code, actor_system):
    keyword = new_keyword(text)

    if code is None:
        library.save(keyword, actor=actor_system)
        assert keyword.text == "app闪退"
    else:
        with pytest.raises(DomainErrors) as refused:
            library.save(keyword, actor=actor_system)
        assert codes(refused) == [(field, code)]


def test_category_and_weight_belong_together(actor_system):
    with pytest.raises(DomainErrors) as no_weight:
        library.save(Keyword(text="云台", category=Category.objects.get(slug="technical")), actor=actor_system)
    with pytest.raises(DomainErrors) as no_category:
        library.save(Keyword(text="云台", weight=Decimal(2)), actor=actor_system)
    with pytest.raises(DomainErrors) as too_much:
        library.save(new_keyword(sentiment=Decimal(2)), actor=actor_system)

    assert codes(no_weight) == [("weight", "keyword.category_without_weight")]
    assert codes(no_category) == [("category", "keyword.weight_without_category")]
    assert codes(too_much) == [("sentiment", "library.invalid")]


@pytest.mark.req("CLS-01")
def test_the_tree_has_no_rings_and_other_stays(actor_system):
    technical = Category.objects.get(slug="technical")
    child = Category(slug="battery", name="电池", parent=technical)
    library.save(child, actor=actor_system)
    technical.parent = child
    other = Category.objects.get(slug="other")
    other.active = False

    with pytest.raises(DomainErrors) as ring:
        library.save(technical, actor=actor_system)
    with pytest.raises(DomainErrors) as fallback:
        library.save(other, actor=actor_system)

    assert codes(ring) == [("parent", "category.own_ancestor")]
    assert codes(fallback) == [("active", "category.fallback")]


@pytest.mark.req("CLS-05")
@pytest.mark.parametrize(
    ("factor", "value", "code"),
    [
        ("tier", "platinum", "score_weight.unknown_value"),
        ("sentiment", "sad", "score_weight.number"),
        ("sentiment", "0.5", "score_weight.number"),
        ("sentiment", "nan", "score_weight.number"),
        ("repeats", "0", "score_weight.number"),
        ("weather", "rain", "core.invalid_choice"),
    ],
)
def test_points_need_a_value_that_means_something(factor, value, code, actor_system):
    with pytest.raises(DomainErrors) as refused:
        library.save(ScoreWeight(factor=factor, value=value, points=5), actor=actor_system)

    assert [e.code for e in refused.value.errors] == [code]


def test_nobody_writes_without_the_right(django_user_model):
    clerk = actors.staff(django_user_model.objects.create_user("clerk"))
    client = Actor("api", "api:erp", permissions=frozenset({"triage.change_keyword"}))
    rule = RoutingRule.objects.first()
    rule.order = 3

    for actor, row in ((clerk, new_keyword()), (client, rule)):
        with pytest.raises(DomainError) as refused:
            library.save(row, actor=actor)
        assert refused.value.code == "core.not_allowed"
    assert library.save(new_keyword(), actor=client) is not None


def test_a_set_of_changes_is_made_whole_or_not_at_all(actor_system):
    rows = [Category.objects.get(slug="price"), Category.objects.get(slug="other")]

    with pytest.raises(DomainErrors):
        library.set_active(rows, False, actor=actor_system)

    assert Category.objects.get(slug="price").active


def test_a_change_that_is_rolled_back_is_forgotten(actor_system):
    with transaction.atomic():
        library.save(new_keyword(), actor=actor_system)
        assert classify("云台漂移").category == "technical"
        transaction.set_rollback(True)
    rulebook.expire()

    assert classify("云台漂移").category == "other"


@pytest.mark.req("CLS-02")
@pytest.mark.django_db(transaction=True)
def test_another_process_sees_the_change_within_a_second_without_a_restart(monkeypatch, actor_system):
    """The other process is played by a thread with its own connection, after which this one was told nothing."""
    moment = [1000.0]
    monkeypatch.setattr(rulebook.time, "monotonic", lambda: moment[0])
    assert classify("云台漂移").category == "other"

    def change_elsewhere():
        try:
            monkeypatch.setattr(library.rulebook, "expire", lambda: None)
            library.save(new_keyword(), actor=actor_system)
        finally:
            connection.close()

    other = threading.Thread(target=change_elsewhere)
    other.start()
    other.join()

    assert classify("云台漂移").category == "other"
    moment[0] += 1.0
    assert classify("云台漂移").category == "technical"


@pytest.mark.django_db(transaction=True)
def test_versions_are_numbered_without_gap_when_many_change_at_once(actor_system):
    first = LibraryVersion.objects.first().number
    technical = Category.objects.get(slug="technical")

    def add(n):
        try:
            library.save(Keyword(text=f"型号{n}", category=technical, weight=Decimal(1)), actor=actor_system)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(LibraryVersion.objects.values_list("number", flat=True))[-8:] == list(range(first + 1, first + 9))


def test_the_applications_role_may_do_all_this(as_app_role, actor_system):
    library.save(new_keyword(), actor=actor_system)

    assert classify("云台漂移").category == "technical"


def test_defaults_are_made_once_and_never_overwrite(actor_system):
    keyword = Keyword.objects.get(text="死机")
    keyword.weight = Decimal("0.5")
    library.save(keyword, actor=actor_system)
    Keyword.objects.filter(text="花屏").delete()
    version = LibraryVersion.objects.first().number

    made = defaults.load(actor=actor_system)

    assert made == {"categories": 0, "keywords": 1, "score weights": 0, "routing rules": 0, "learned models": 0}
    assert Keyword.objects.get(text="死机").weight == Decimal("0.50")
    assert LibraryVersion.objects.first().number == version + 1
    assert defaults.load(actor=actor_system)["keywords"] == 0
    assert LibraryVersion.objects.first().number == version + 1


def test_the_shipped_file_is_sound():
    with defaults.KEYWORDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    texts = [library.tidy(row["text"]) for row in rows]
    assert [row["text"] for row in rows] == texts
    assert len(set(texts)) == len(texts)
    assert all(1 <= len(text) <= 40 and any(c.isalnum() for c in text) for text in texts)
    assert not any(c in CLAUSE_ENDS for text in texts for c in text)
    for row in rows:
        assert row["category"] == "" or row["category"] in defaults.CATEGORIES, row
        assert bool(row["category"]) == (Decimal(row["weight"]) > 0), row
        assert row["demand"] == "" or row["demand"] in Demand.values, row
        assert row["risk"] == "" or row["risk"] in Risk.values, row
        assert -1 <= Decimal(row["sentiment"]) <= 1, row


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        ("第二天就便宜了三百，申请保价也没人理", Demand.REFUND),
        ("会员卡不用了，余额一直不给退钱", Demand.REFUND),
        ("行程变了，前台拒绝退房，只好住下", Demand.REFUND),
        ("隔壁太吵，半夜要求换房", Demand.EXCHANGE),
        ("师傅迟到两小时，见面毫无歉意", Demand.APOLOGY),
        ("弄坏了门框，连个道歉都没有", Demand.APOLOGY),
        ("杯子碎了，我要退货", Demand.RETURN),
        ("少了一个滤芯，麻烦补发", Demand.RESEND),
        ("我不想退货，就是提醒一下", Demand.NONE),
    ],
)
def test_the_shipped_library_hears_what_is_asked_for(text, demand):
    assert classify(text).demand == demand


@pytest.mark.req("CLS-02")
def test_staff_can_measure_the_library(tmp_path):
    file = tmp_path / "labelled.csv"
    file.write_text(
        "text,category,risk,demand\n"
        "无法开机,technical,none,none\n"
        '"物流延迟，要求退款",logistics,none,refund\n'
        "插座漏电,technical,safety,none\n"
        "电视,service_attitude,legal,explanation\n",
        encoding="gb18030",
    )
    out = io.StringIO()

    call_command("evaluate_classifier", str(file), stdout=out)

    report = json.loads(out.getvalue())
    assert (report["texts"], report["accuracy"]) == (4, 0.75)
    assert report["classes"]["technical"] == {"texts": 2, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert report["classes"]["service_attitude"]["recall"] == 0.0
    assert report["risk"]["any"] == {"texts": 2, "precision": 1.0, "recall": 0.5, "f1": 0.6667}
    assert report["demand"]["recall"] == 1.0
    assert report["demand"]["unknown_labels"] == {"explanation": 1}


@pytest.mark.long
def test_the_tone_is_measured_on_unseen_texts_and_on_a_group_never_learned_from(tmp_path):
    praise, blame = "东西很好用{}非常满意{}", "质量太差了{}很失望{}"
    lines = ["source,row,product_group,positive,text"]
    for row in range(120):
        text = (blame if row % 2 else praise).format(
            "，" * (row % 3 + 1), "甲乙丙丁戊己庚辛壬癸"[row % 10] * (row // 10)
        )
        lines.append(f"shop,{row},{('手机', '衣服', '酒店')[row % 3]},{int(row % 2 == 0)},{text}")
    reviews, labelled = tmp_path / "reviews.csv", tmp_path / "labelled.csv"
    reviews.write_text("\n".join(lines), encoding="utf-8")
    labelled.write_text("text\n物流慢\n", encoding="utf-8")
    out = io.StringIO()

    call_command("evaluate_classifier", str(labelled), reviews=str(reviews), stdout=out)

    tone = json.loads(out.getvalue())["tone"]
    assert tone["group_never_trained_on"]["texts"] <= 40
    assert tone["unseen_texts_by_group"] == {
        group: {"texts": 40, "accuracy": 1.0} for group in ("手机", "衣服", "酒店")
    }


def test_unlabelled_texts_are_measured_by_their_shares(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("\ufefftext\n物流慢\n哦\n", encoding="utf-8")
    out = io.StringIO()

    call_command("evaluate_classifier", str(file), stdout=out)

    report = json.loads(out.getvalue())
    assert report["share"] == {"logistics": 0.5, "other": 0.5}
    assert "accuracy" not in report


@pytest.mark.parametrize("content", [None, b"", b"words\nhallo\n", b"\xff\xff\xff"])
def test_a_wrong_file_is_refused_with_words(content, tmp_path):
    file = tmp_path / "wrong.csv"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError):
        call_command("evaluate_classifier", str(file))


def test_collaborators_are_part_of_the_recorded_change(actor_system):
    rule = RoutingRule.objects.get(category__slug="technical")

    library.save(rule, actor=actor_system, collaborators=[Department.objects.get(code="quality")])

    assert Event.objects.latest("id").data["changes"] == {"collaborators": [[], ["quality"]]}


def test_who_changed_it_is_kept():
    user = User.objects.create_superuser("root", staff_number="A007")

    version = library.save(new_keyword(), actor=actors.staff(user))

    assert (version.changed_by, version.actor_label) == (user, "A007")
