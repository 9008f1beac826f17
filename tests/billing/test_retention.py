"""How long records are kept, holds, destruction lists (ARC-05, LAW-04)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from apps.accounts.roles import Role
from apps.billing.audit_states import ListState, RecordKind
from apps.billing.models import DestructionItem, DestructionList, Erasure, RetentionClass
from apps.billing.retention import destruction, holds, records, terms, wiping
from apps.core import clock
from apps.core.erasure import ERASED
from apps.core.errors import DomainError
from apps.feedback.models import Attachment, Message, Ticket
from apps.journal import sealer, verification
from tests import money
from tests.billing import retention as make
from tests.factories import staff_actor

pytestmark = pytest.mark.django_db


def code_of(call) -> str:
    with pytest.raises(DomainError) as caught:
        call()
    return caught.value.code


def destroyed(drawn: DestructionList) -> DestructionList:
    """A list witnessed by two, carried out, and its files gone."""
    for role in (Role.MANAGEMENT, Role.AUDITOR):
        drawn = destruction.witness(drawn, actor=staff_actor(role), seen=drawn.digest)
    destruction.carry_out(drawn, actor=staff_actor(Role.FINANCE_MANAGER))
    destruction.work_off()
    wiping.finish_files()
    return DestructionList.objects.get(pk=drawn.pk)


@pytest.mark.req("LAW-04", "ARC-05")
@pytest.mark.parametrize(
    ("covers", "ended", "until"),
    [
        (RecordKind.VOUCHER, date(2026, 1, 1), date(2057, 1, 1)),  # the fiscal year ends, then 30 years
        (RecordKind.VOUCHER, date(2026, 12, 31), date(2057, 1, 1)),
        (RecordKind.VOUCHER, datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2058, 1, 1)),  # 2027 in Shanghai already
        (RecordKind.STATEMENT, date(2026, 6, 30), date(2037, 1, 1)),
        (RecordKind.COMPLAINT, date(2026, 2, 28), date(2029, 2, 28)),
        (RecordKind.COMPLAINT, date(2024, 2, 29), date(2027, 2, 28)),
        (RecordKind.TRANSACTION, date(2026, 11, 22), date(2029, 11, 22)),
        (RecordKind.PERSON, date(2026, 11, 22), date(2028, 11, 22)),
    ],
)
def test_each_class_counts_as_the_law_does(covers, ended, until):
    term = terms.in_force()[covers]

    assert term.until(ended) == until
    assert until.isoformat() in term.words(ended)


@pytest.mark.req("ARC-05")
@pytest.mark.parametrize("covers", list(RecordKind))
@pytest.mark.parametrize("today", [date(2056, 12, 31), date(2057, 1, 1), date(2040, 2, 29), date(2029, 3, 1)])
def test_the_cutoff_finds_exactly_what_is_due(covers, today):
    term = terms.in_force()[covers]
    cutoff = term.cutoff(today)

    for day in (date.fromordinal(cutoff.toordinal() + shift) for shift in (-400, -1, 0, 1, 400)):
        assert (term.until(day) <= today) == (day < cutoff), day


@pytest.mark.req("LAW-04")
def test_a_row_never_undercuts_the_law_and_each_change_is_recorded():
    row = RetentionClass.objects.get(code="voucher")
    admin = staff_actor(Role.ADMINISTRATOR)

    assert code_of(lambda: terms.change(row, {"months": 359}, actor=admin)) == "retention.shortened"
    assert code_of(lambda: terms.change(row, {"months": 480}, actor=staff_actor(Role.AUDITOR))) == "core.not_allowed"
    terms.change(row, {"months": 480}, actor=admin)
    assert terms.in_force()[RecordKind.VOUCHER].until(date(2026, 5, 1)) == date(2067, 1, 1)


@pytest.mark.req("ARC-05")
def test_a_new_dated_row_counts_from_its_day_on():
    old = RetentionClass.objects.get(code="complaint")
    RetentionClass.objects.create(
        code="complaint", name="投诉处理记录", covers=RecordKind.COMPLAINT, months=60, basis="公司制度",
        counts_from=old.counts_from, effective_from=date(2030, 1, 1),
    )  # fmt: skip

    with clock.at(datetime(2029, 12, 31, tzinfo=UTC)):
        assert terms.in_force()[RecordKind.COMPLAINT].row.months == 36
    with clock.at(datetime(2030, 1, 2, tzinfo=UTC)):
        assert terms.in_force()[RecordKind.COMPLAINT].row.months == 60


@pytest.mark.req("ARC-05")
def test_a_record_says_until_when_and_why():
    ticket = make.closed_ticket()

    assert records.kept(ticket).until is None  # reopened: it runs

    ticket = make.close_again(ticket)
    alone = records.kept(ticket)
    assert alone.until == terms.add_months(clock.local(ticket.closed_at).date(), 36)
    refund = make.rejected_refund(ticket)
    with_money = records.kept(ticket)
    assert with_money.until == date(clock.local(refund.settled_at).year + 31, 1, 1)
    assert refund.number in with_money.why


@pytest.mark.req("ARC-05")
def test_a_hold_blocks_destruction_until_somebody_with_the_right_lifts_it():
    ticket = make.close_again(make.closed_ticket())
    boss = staff_actor(Role.FINANCE_MANAGER)
    assert code_of(lambda: holds.place(ticket, actor=staff_actor(Role.AUDITOR), reason="诉讼")) == "core.not_allowed"
    assert code_of(lambda: holds.place(ticket, actor=boss, reason=" ")) == "reason.missing"
    hold = holds.place(ticket, actor=boss, reason="（2026）沪01民初12号诉讼")

    with clock.at(make.years_later(ticket.closed_at, 5)):
        assert not records.kept(ticket).is_due(terms.today())
        assert code_of(lambda: destruction.draw_up(RecordKind.COMPLAINT, actor=boss)) == "destruction.nothing_due"
        holds.lift(hold, actor=boss, reason="结案")
        assert code_of(lambda: holds.lift(hold, actor=boss, reason="结案")) == "hold.lifted"
        assert destruction.draw_up(RecordKind.COMPLAINT, actor=boss).count == 1


@pytest.mark.req("ARC-05")
def test_a_hold_on_the_customer_holds_their_tickets_too():
    ticket = make.close_again(make.closed_ticket())
    boss = staff_actor(Role.FINANCE_MANAGER)
    holds.place(ticket.customer, actor=boss, reason="税务检查")

    with clock.at(make.years_later(ticket.closed_at, 5)):
        assert [hold.reason for hold in records.kept(ticket).holds] == ["税务检查"]
        assert code_of(lambda: destruction.draw_up(RecordKind.COMPLAINT, actor=boss)) == "destruction.nothing_due"


@pytest.mark.req("ARC-05")
def test_two_others_witness_what_one_drew_up():
    ticket = make.close_again(make.closed_ticket())
    boss, first = staff_actor(Role.FINANCE_MANAGER), staff_actor(Role.MANAGEMENT)

    with clock.at(make.years_later(ticket.closed_at, 5)):
        drawn = destruction.draw_up(RecordKind.COMPLAINT, actor=boss)
        assert code_of(lambda: destruction.witness(drawn, actor=boss, seen=drawn.digest)) == "destruction.own"
        admin = staff_actor(Role.ADMINISTRATOR)
        theirs = DestructionList.objects.get(pk=drawn.pk)
        assert code_of(lambda: destruction.witness(theirs, actor=first, seen="x")) == "destruction.changed"
        destruction.witness(drawn, actor=first, seen=drawn.digest)
        assert code_of(lambda: destruction.witness(drawn, actor=first, seen=drawn.digest)) == "destruction.twice"
        assert code_of(lambda: destruction.carry_out(drawn, actor=boss)) == "transition.impossible"
        nobody = staff_actor(Role.FINANCE_OFFICER)
        assert code_of(lambda: destruction.witness(drawn, actor=nobody, seen=drawn.digest)) == "core.not_allowed"
        assert destruction.witness(drawn, actor=admin, seen=drawn.digest).state == ListState.WITNESSED


@pytest.mark.req("ARC-05", "ARC-03")
def test_a_carried_out_list_leaves_a_record_with_digests_and_the_log_still_verifies():
    ticket = make.close_again(make.closed_ticket())
    sealer.seal()
    boss = staff_actor(Role.FINANCE_MANAGER)

    with clock.at(make.years_later(ticket.closed_at, 5)):
        done = destroyed(destruction.draw_up(RecordKind.COMPLAINT, actor=boss))
        sealer.seal()
        report = verification.verify()

    kept = Erasure.objects.get(subject_id=ticket.pk)
    fresh = Ticket.objects.get(pk=ticket.pk)
    assert done.state == ListState.DONE
    assert (fresh.description, fresh.number) == (ERASED, ticket.number)
    assert set(Message.objects.filter(ticket=ticket).values_list("body", flat=True)) == {ERASED}
    assert any(line.startswith("feedback.ticket.description ") for line in kept.digests)
    assert kept.files and kept.files_gone_at is not None
    assert report.findings == []
    call_command("verify_evidence", stdout=StringIO())


@pytest.mark.req("ARC-05")
def test_files_are_gone_from_the_store_and_asking_again_does_no_harm():
    ticket = make.close_again(make.closed_ticket())
    upload = Attachment.objects.get(ticket=ticket).upload
    storage, name = upload.file.storage, upload.file.name
    assert storage.exists(name)

    with clock.at(make.years_later(ticket.closed_at, 5)):
        drawn = destroyed(destruction.draw_up(RecordKind.COMPLAINT, actor=staff_actor(Role.FINANCE_MANAGER)))
        before = Erasure.objects.count()
        assert (destruction.work_off(), wiping.finish_files()) == (0, 0)

    assert not storage.exists(name)
    assert (Erasure.objects.count(), drawn.items.get().erasure.subject_id) == (before, ticket.pk)


@pytest.mark.req("ARC-05")
def test_what_is_held_after_the_list_was_witnessed_is_left_alone():
    ticket = make.close_again(make.closed_ticket())
    boss = staff_actor(Role.FINANCE_MANAGER)

    with clock.at(make.years_later(ticket.closed_at, 5)):
        drawn = destruction.draw_up(RecordKind.COMPLAINT, actor=boss)
        holds.place(ticket, actor=boss, reason="审计署检查")
        done = destroyed(drawn)

    item = DestructionItem.objects.get(list=done)
    assert (item.skipped, item.erasure_id, done.state) == ("审计署检查", None, ListState.DONE)
    assert Ticket.objects.get(pk=ticket.pk).description != ERASED


@pytest.mark.req("ARC-05")
def test_vouchers_lose_names_and_accounts_and_keep_their_amounts():
    ticket = make.close_again(make.closed_ticket())
    refund = make.rejected_refund(ticket)
    boss = staff_actor(Role.FINANCE_MANAGER)

    with clock.at(datetime(2060, 6, 1, tzinfo=UTC)):
        assert {row.pk for row, _kept in destruction.due(RecordKind.VOUCHER)} == {refund.pk, refund.payment_id}
        destroyed(destruction.draw_up(RecordKind.VOUCHER, actor=boss))

    fresh = type(refund).objects.get(pk=refund.pk)
    assert (fresh.payee_name, fresh.payee_account, fresh.payee_account_index) == ("", "", "")
    assert (fresh.amount, fresh.words, fresh.number) == (Decimal("100.00"), ERASED, refund.number)
    assert fresh.payment.payer_name == ""


@pytest.mark.req("ARC-02", "LAW-05")
def test_the_words_of_an_event_can_only_be_erased_by_the_rules():
    ticket = make.closed_ticket()
    with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute(
            "UPDATE journal_event SET reason = %s, salt = decode(repeat('00', 16), 'hex') WHERE subject_id = %s",
            [ERASED, ticket.pk],
        )


def test_a_worker_that_died_before_the_files_went_goes_on():
    ticket = make.close_again(make.closed_ticket())
    upload = Attachment.objects.get(ticket=ticket).upload
    storage, name = upload.file.storage, upload.file.name
    with clock.at(make.years_later(ticket.closed_at, 5)):
        drawn = destruction.draw_up(RecordKind.COMPLAINT, actor=staff_actor(Role.FINANCE_MANAGER))
        for role in (Role.MANAGEMENT, Role.AUDITOR):
            drawn = destruction.witness(drawn, actor=staff_actor(role), seen=drawn.digest)
        destruction.carry_out(drawn, actor=staff_actor(Role.FINANCE_MANAGER))
        destruction.work_off()  # on_commit never comes in a test's transaction: as if the process had died here
        assert storage.exists(name)
        assert Erasure.objects.get(subject_id=ticket.pk).files_gone_at is None
        destruction.work_off()

    assert not storage.exists(name)
    assert Erasure.objects.get(subject_id=ticket.pk).files_gone_at is not None


def test_a_line_of_a_list_keeps_no_personal_data():
    invoice = money.invoice(buyer_name=make.NAME)
    with clock.at(datetime(2060, 6, 1, tzinfo=UTC)):
        drawn = destruction.draw_up(RecordKind.VOUCHER, actor=staff_actor(Role.FINANCE_MANAGER))

    assert [item.label for item in drawn.items.all()] == [str(invoice)]
