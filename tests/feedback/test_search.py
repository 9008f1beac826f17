from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import close_old_connections, connection
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts.models import Department
from apps.core import actors, clock
from apps.feedback import lexemes
from apps.feedback.models import SearchText, Ticket
from apps.feedback.selectors import queue, search
from apps.feedback.selectors.queue import Filters, Sort, Tab
from apps.feedback.services import assignment, closure, conversation, search_index
from apps.feedback.states import MessageKind
from tests.factories import plan, staff, staff_actor, ticket, ticket_in


def found(text: str, actor: actors.Actor = actors.SYSTEM) -> set[str]:
    return set(
        search.matching(Ticket.objects.visible_to(actor), search.parse(text), actor).values_list("number", flat=True)
    )


# Words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("吸尘器无法开机了", ["吸尘", "吸尘器", "无法", "开机"]),
        ("無法開機，退貨！", ["无法", "开机", "退货"]),
        ("型号ＸＱ－２００坏了", ["型号", "xq200", "xq", "200", "坏"]),
        ("订单DD20240501", ["订单", "dd20240501", "20240501"]),
        ("退款1,234.50元", ["退款", "1234.50", "1", "234", "50", "元"]),
        ("iPhone 15 Pro", ["iphone", "15", "pro"]),
        ("的了。？！", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_the_words_it_is_found_by(text, words):
    assert list(lexemes.words(text)) == words


def test_a_vector_is_quoted_and_weighted():
    assert lexemes.vector([("退款", "A"), ("退款 o'neil\\", "D")]) == "'退款':1A,2D 'o':3D 'neil':4D"
    assert lexemes.quoted("a'b\\c") == "'a''b\\\\c'"


@pytest.mark.parametrize(
    ("text", "tsquery"),
    [
        ("退款", "'退款'"),
        ("无法开机 退款", "'无法' & '开机' & '退款'"),
        ("退款 -物流", "'退款' & !('物流')"),
        ("退款 －物流延迟", "'退款' & !('物流' & '延迟')"),
        ('"无法开机"', "'无法' & '开机'"),
        ("“無法開機", "'无法' & '开机'"),
        ("XQ-200", "'xq200':*"),
        ("12", "'12'"),
        ("202405", "'202405':*"),
        ("-退款", "!('退款')"),
        ('"" - -- & | ! : * ( \\ \' 的', ""),
    ],
)
def test_a_question_is_understood_as_people_mean_it(text, tsquery):
    assert search.parse(text).tsquery == tsquery


def test_what_must_not_be_there_alone_asks_for_nothing():
    assert not search.parse("-退款").asks
    assert not search.parse(' "  " ').asks
    assert search.parse("的").asks  # by its letters
    assert search.parse("的").words == ()


@pytest.mark.django_db
@given(text=st.text(max_size=60) | st.text("\"'-\\&|!:*()<>@ 退款aA1\x00\ud800％＂“", max_size=40))
def test_no_question_is_wrong_and_marking_changes_no_text(text):
    query = search.parse(text)

    assert search.matching(Ticket.objects.all(), query, actors.SYSTEM).count() == 0
    assert search.by_letters(Ticket.objects.all(), query, actors.SYSTEM).count() == 0
    assert "".join(piece for piece, _hit in search.marked(text, query)) == text


@pytest.mark.django_db
@given(text=st.text(min_size=1, max_size=80))
def test_every_text_can_be_indexed(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(%s::tsvector)", [lexemes.vector([(text, "B")])])


# Tickets --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.req("HND-09")
def test_tickets_are_found_by_their_words_in_either_script_and_width():
    one = ticket("吸尘器XQ-200用了兩天就無法開機了，要求退款。", order_number="DD-2024-77")
    ticket("洗衣机漏水，师傅态度差")

    for question in (
        "无法开机",
        "無法開機",
        "ＸＱ－２００",
        "xq200",
        "XQ 退款",
        "退款 -漏水",
        "“要求退款”",
        "dd202477",
        "DD-2024",
    ):
        assert found(question) == {one.number}, question
    for question in ("退款 漏水", '"退款要求"', "退款 -开机", "xq201", "无此字词"):
        assert found(question) == set(), question


@pytest.mark.django_db
@pytest.mark.req("HND-09")
def test_what_is_said_later_is_found_at_once_and_so_is_the_result():
    actor = staff_actor("service_lead")
    one = ticket("吸尘器坏了")
    assignment.accept(one, actor=actor)
    conversation.add(one, MessageKind.NOTE, "同批次电机有异味，转质量部", actor=actor)
    conversation.customer_says(one, "充電器也發燙", actor=actors.CUSTOMER, channel="online")
    plan(one, actor)
    closure.resolve(one, "已寄出新的滤芯", actor=actor)

    for question in ("电机 异味", "充电器 发烫", "滤芯", "吸尘器 电机 滤芯"):
        assert found(question) == {one.number}, question


@pytest.mark.django_db
@pytest.mark.req("HND-09", "ADM-02")
def test_a_search_shows_only_what_one_may_see_and_follows_every_change_of_it():
    handler = staff_actor("department_handler", "logistics")
    logistics, finance = (Department.objects.get(code=code).pk for code in ("logistics", "finance"))
    own, helping, mine, foreign = (ticket(f"第{n}件包裹破损") for n in "一二三四")
    Ticket.objects.filter(pk__in=[helping.pk, mine.pk, foreign.pk]).update(department_id=finance, collaborator_ids=[])
    Ticket.objects.filter(pk=own.pk).update(department_id=logistics)
    Ticket.objects.filter(pk=helping.pk).update(collaborator_ids=[logistics])
    Ticket.objects.filter(pk=mine.pk).update(assignee_id=handler.user_id)

    assert found("包裹", handler) == {own.number, helping.number, mine.number}
    assert found("包裹") == {own.number, helping.number, mine.number, foreign.number}
    by_letters = search.by_letters(Ticket.objects.visible_to(handler), search.parse("裹破"), handler)
    assert {t.number for t in by_letters} == {own.number, helping.number, mine.number}
    Ticket.objects.filter(pk=own.pk).update(department_id=finance, collaborator_ids=[])
    assert found("包裹", handler) == {helping.number, mine.number}


@pytest.mark.django_db
def test_scopes_say_the_same_when_they_are_written_and_when_they_are_kept():
    one = ticket_in("in_progress")
    kept = SearchText.objects.get(pk=one.pk).scopes

    search_index.rebuild([one.pk])

    assert sorted(SearchText.objects.get(pk=one.pk).scopes) == sorted(kept)
    assert -one.assignee_id in kept


@pytest.mark.django_db
def test_many_matches_are_found_by_walking_and_are_the_same(monkeypatch):
    numbers = {ticket("物流延迟").number for _ in range(4)}
    handler = staff_actor("auditor")

    monkeypatch.setattr(search, "FEW", 2)

    assert found("物流", handler) == numbers
    assert found("物流") == numbers


@pytest.mark.django_db
@pytest.mark.parametrize(("newest", "often"), [(1_000, 50), (2, 1), (2, 3)])
def test_who_sees_a_part_finds_the_same_in_it_by_the_index_and_by_walking(newest, often, monkeypatch):
    numbers = {ticket("物流延迟").number for _ in range(4)}
    other = ticket("物流很快，屏幕闪烁，无法开机")
    handler = staff_actor("department_handler", "logistics")

    monkeypatch.setattr(search, "NEWEST", newest)
    monkeypatch.setattr(search, "OFTEN", often)

    assert found("物流", handler) - {other.number} == numbers
    assert (other.number in found("物流", handler)) == Ticket.objects.visible_to(handler).filter(pk=other.pk).exists()
    assert found("无此字词", handler) == set()


@pytest.mark.django_db
def test_letters_are_read_only_where_no_word_matches_and_only_of_the_latest(monkeypatch):
    old, new = ticket("地板出现漏水"), ticket("地板出现漏水")
    actor = staff_actor("auditor")

    def page(words: str) -> queue.Page:
        return queue.page(Tab.ANY, Filters(words=words), actor, now=clock.now())

    assert not page("漏水").by_letters
    assert page("现漏").by_letters
    assert [t.pk for t in page("现漏").tickets] == [new.pk, old.pk]
    assert page("现漏 -地板").tickets == []
    monkeypatch.setattr(search, "LETTERS_WINDOW", 1)
    assert [t.pk for t in page("现漏").tickets] == [new.pk]


@pytest.mark.django_db
@pytest.mark.req("HND-09")
def test_the_best_match_stands_first_and_pages_go_on():
    actor = staff_actor("service_lead")
    said = ticket("屏幕一直闪")
    assignment.accept(said, actor=actor)
    conversation.add(said, MessageKind.NOTE, "客户还提到退款", actor=actor)
    titled = ticket("退款！退款！")
    often = ticket("申请退款十天了，退款还没到账。催了两次退款，请退款。")
    ask = {"sort": Sort.BEST, "size": 1, "now": clock.now()}

    first = queue.page(Tab.ANY, Filters(words="退款"), actor, **ask)
    second = queue.page(Tab.ANY, Filters(words="退款"), actor, after=first.next, **ask)
    third = queue.page(Tab.ANY, Filters(words="退款"), actor, after=second.next, **ask)
    back = queue.page(Tab.ANY, Filters(words="退款"), actor, before=third.previous, **ask)

    assert {first.tickets[0].pk, second.tickets[0].pk} == {titled.pk, often.pk}
    assert (third.tickets[0].pk, third.next) == (said.pk, "")
    assert back.tickets[0].pk == second.tickets[0].pk
    newest = queue.page(Tab.ANY, Filters(words="退款"), actor, now=clock.now())
    assert [t.pk for t in newest.tickets] == [often.pk, titled.pk, said.pk]


@pytest.mark.django_db
def test_a_search_goes_together_with_tab_and_filters():
    actor = staff_actor("service_lead")
    fault = ticket("洗衣机漏水", kind="fault")
    ticket("洗衣机漏水", kind="complaint")
    ticket_in("closed", actor=actor, text="洗衣机漏水", kind="fault")

    page = queue.page(Tab.ALL, Filters(words="漏水", kind=("fault",)), actor, now=clock.now())

    assert [t.pk for t in page.tickets] == [fault.pk]


@pytest.mark.django_db
def test_a_snippet_shows_where_it_is_said_and_hits_are_marked_in_the_text_as_it_was_written():
    actor = staff_actor("service_lead")
    one = ticket("吸塵器無法開機。" + "之前一直很好用，" * 20 + "現在要求退貨，訂單是DD20240501。")
    assignment.accept(one, actor=actor)
    conversation.add(one, MessageKind.NOTE, "<b>发票</b>已核对", actor=actor)

    def snippet(words: str) -> search.Snippet:
        return search.snippets([one], search.parse(words))[one.pk]

    assert ("無法開機", True) in snippet("无法开机").title
    assert snippet("无法开机").text == []
    assert ("退貨", True) in snippet("退货").text
    assert snippet("退货").text[0][0].startswith("…")
    assert ("DD20240501", True) in snippet("dd20240501").text
    assert snippet("发票").text == [("<b>", False), ("发票", True), ("</b>已核对", False)]
    assert snippet("发票").source == "内部备注"


# The index ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_missing_is_made_and_what_is_made_stays(monkeypatch, capsys):
    numbers = {ticket("冰箱不制冷").number for _ in range(5)}
    SearchText.objects.all().delete()
    monkeypatch.setattr(search_index, "BATCH", 2)
    assert found("制冷") == set()

    assert search_index.catch_up(seconds=0) == 0
    told = []
    monkeypatch.setattr(search_index, "rebuild", _once_then_stop(search_index.rebuild))
    with pytest.raises(KeyboardInterrupt):
        search_index.catch_up(tell=told.append)
    monkeypatch.undo()
    assert (told, search_index.missing()) == ([2], 3)
    call_command("index_texts")

    assert found("制冷") == numbers
    assert "3 tickets" in capsys.readouterr().out
    assert search_index.catch_up() == 0
    search_index.forget()
    assert found("制冷") == numbers  # found meanwhile
    assert search_index.catch_up() == 5


def _once_then_stop(rebuild):
    calls = []

    def act(ids):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        rebuild(ids)

    return act


@pytest.mark.django_db
def test_a_message_on_a_ticket_that_was_not_indexed_makes_it_findable_as_a_whole():
    actor = staff_actor("service_lead")
    one = ticket("热水器不出热水")
    SearchText.objects.all().delete()

    assignment.accept(one, actor=actor)
    conversation.add(one, MessageKind.NOTE, "燃气阀没有打开", actor=actor)

    assert found("热水器 燃气") == {one.number}


@pytest.mark.django_db
def test_a_very_long_talk_stays_writable(monkeypatch):
    monkeypatch.setattr(search_index, "LONGEST", 50)
    actor = staff_actor("service_lead")
    one = ticket("电风扇异响")
    assignment.accept(one, actor=actor)
    for n in range(5):
        conversation.add(one, MessageKind.NOTE, f"第{n}次联系客户，无人接听，下午再打一次。", actor=actor)

    assert one.messages.count() == 5
    assert found("风扇") == {one.number}
    assert len(SearchText.objects.get(pk=one.pk).text) < 120


@pytest.mark.django_db(transaction=True)
def test_messages_written_at_once_are_all_found():
    one = ticket("微波炉不加热")
    actor = actors.staff(staff("service_lead"))
    assignment.accept(one, actor=actor)
    words = ["磁控管", "变压器", "保险丝", "门开关"]

    def say(word: str) -> None:
        try:
            conversation.add(one, MessageKind.NOTE, word, actor=actor)
            search_index.rebuild([one.pk])
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(say, words))

    assert found(" ".join(words)) == {one.number}


@pytest.mark.django_db
def test_the_counts_of_views_agree_with_their_lists():
    actor, now = staff_actor("service_lead"), clock.now()
    ticket("洗衣机漏水", kind="fault"), ticket("洗衣机漏水"), ticket("发货慢")
    views = {
        "leaks": queue.Listing(Tab.ALL, Filters(words="漏水")),
        "faults": queue.Listing(Tab.UNACCEPTED, Filters(kind=("fault",))),
        "past": queue.Listing(Tab.ANY, Filters(received=(now.date() - timedelta(9), now.date()))),
    }

    counts = queue.counts(actor, now, views)

    assert (counts["leaks"], counts["faults"]) == (2, 1)
    assert "past" not in counts
