"""Tags (CLS-08): as people type them, compared as one, suggested, renamed over many tickets."""

import threading

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.accounts.roles import Role
from apps.core.errors import DomainError
from apps.feedback import events
from apps.feedback.models import Tag, Ticket
from apps.feedback.services import tag_library, tagging
from apps.journal.models import Event
from apps.triage.models import Category
from tests import factories


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def code_of(call):
    with pytest.raises(DomainError) as refused:
        call()
    return refused.value.code


@pytest.fixture
def actor(db):
    return factories.staff_actor(Role.SERVICE_LEAD)


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_width_case_and_spaces_are_one_tag(actor):
    ticket = factories.ticket()
    for typed in (" ＶＩＰ  客户", "#vip 客户", "Vip　客户"):
        tagging.add(ticket, typed, actor=actor)
    assert fresh(ticket).tags == ["vip 客户"]
    assert Tag.objects.get(name="vip 客户").uses == 1
    (event,) = Event.objects.filter(kind=events.TAGS_CHANGED)
    assert event.data == {"added": ["vip 客户"], "removed": []}


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_what_is_normalised_stays_as_it_is(typed):
    once = tagging.normalised(typed)
    assert tagging.normalised(once) == once


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_what_is_no_tag_says_why(actor):
    ticket = factories.ticket()
    for typed, code in (
        ("", "core.required"), (" ## ", "core.required"), ("长" * 31, "core.too_long"), ("13812345678", "tag.personal"),
        ("zhang@example.com", "tag.personal"), ("a\x00b", "core.control_characters"),
    ):  # fmt: skip
        assert code_of(lambda typed=typed: tagging.add(ticket, typed, actor=actor)) == code, typed
    tagging.replace(ticket, [f"标签{i}" for i in range(20)], actor=actor)
    assert code_of(lambda: tagging.add(ticket, "第二十一", actor=actor)) == "ticket.too_many_tags"
    assert len(fresh(ticket).tags) == 20
    assert code_of(lambda: tagging.add(ticket, "x", actor=factories.staff_actor(Role.AUDITOR))) == "core.not_allowed"


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_replacing_takes_off_what_is_not_named_with_one_event(actor):
    ticket = factories.ticket()
    tagging.replace(ticket, ["批次b2605", "电池"], actor=actor)
    tagging.replace(ticket, ["电池", "召回"], actor=actor)
    assert fresh(ticket).tags == ["电池", "召回"]
    event = Event.objects.filter(kind=events.TAGS_CHANGED).latest("id")
    assert event.data == {"added": ["召回"], "removed": ["批次b2605"]}
    uses = dict(Tag.objects.filter(name__in=["批次b2605", "电池", "召回"]).values_list("name", "uses"))
    assert uses == {"批次b2605": 0, "电池": 1, "召回": 1}


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_suggestions_come_from_category_words_and_use(actor):
    ticket = factories.ticket("吸尘器无法开机，要求换货")
    Tag.objects.create(name="插电无反应", category=ticket.category, suggested=True)
    Tag.objects.create(
        name="别的分类", category=Category.objects.exclude(pk=ticket.category_id).first(), suggested=True
    )
    tagging.add(factories.ticket(), "常用词", actor=actor)
    found = tag_library.suggestions(ticket)
    assert "插电无反应" in found and "常用词" in found and "别的分类" not in found
    assert any(hit["text"] in found for hit in ticket.hits)
    assert found.index("插电无反应") < found.index("常用词")
    tagging.add(ticket, "插电无反应", actor=actor)
    assert "插电无反应" not in tag_library.suggestions(fresh(ticket))


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_typing_completes_with_the_most_used_first(actor):
    for _ in range(2):
        tagging.add(factories.ticket(), "电池鼓包", actor=actor)
    tagging.add(factories.ticket(), "电池不充电", actor=actor)
    assert tag_library.beginning(" 电池") == ["电池鼓包", "电池不充电"]
    assert tag_library.beginning("屏幕碎") == []


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_renaming_reaches_every_ticket_and_the_old_word_means_the_new(actor, monkeypatch):
    monkeypatch.setattr(tag_library, "BATCH", 2)
    tickets = [factories.ticket() for _ in range(5)]
    for ticket in tickets:
        tagging.add(ticket, "坏电池", actor=actor)
    tagging.add(tickets[0], "电池故障", actor=actor)
    new = tag_library.rename(Tag.objects.get(name="坏电池"), "电池故障", actor=actor)
    late = factories.ticket()
    tagging.add(late, "坏电池", actor=actor)
    assert fresh(late).tags == ["电池故障"]
    tag_library.replace_all()
    assert {tuple(fresh(t).tags) for t in tickets} == {("电池故障",)}
    assert (Tag.objects.get(pk=new.pk).uses, Tag.objects.get(name="坏电池").pending) == (6, False)
    renamed = Event.objects.filter(kind=events.TAGS_CHANGED, data__renamed=True)
    assert renamed.count() == 5
    assert "坏电池" not in tag_library.beginning("坏")


@pytest.mark.req("CLS-08")
@pytest.mark.django_db
def test_a_word_given_up_may_come_back(actor):
    ticket = factories.ticket()
    tagging.add(ticket, "甲", actor=actor)
    tag_library.rename(Tag.objects.get(name="甲"), "乙", actor=actor)
    tag_library.rename(Tag.objects.get(name="乙"), "甲", actor=actor)
    assert fresh(ticket).tags == ["甲"]
    assert code_of(lambda: tag_library.rename(Tag.objects.get(name="甲"), " 甲 ", actor=actor)) == "tag.same"
    assert code_of(lambda: tag_library.delete(Tag.objects.get(name="甲"), actor=actor)) == "tag.in_use"
    tagging.remove(ticket, "甲", actor=actor)
    clerk = factories.staff_actor()
    assert code_of(lambda: tag_library.rename(Tag.objects.get(name="甲"), "丙", actor=clerk)) == "core.not_allowed"


@pytest.mark.req("CLS-08")
@pytest.mark.django_db(transaction=True)
def test_many_tag_many_at_once_and_every_use_counts():
    actor = factories.staff_actor()
    tickets = [factories.ticket() for _ in range(6)]
    barrier = threading.Barrier(6)

    def work(i):
        try:
            barrier.wait(timeout=300)
            tagging.replace(tickets[i], [f"共同{n}" for n in ((0, 1, 2) if i % 2 else (2, 1, 0))], actor=actor)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert list(Tag.objects.filter(name__startswith="共同").values_list("uses", flat=True)) == [6, 6, 6]
