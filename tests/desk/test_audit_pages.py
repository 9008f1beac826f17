"""The pages of audit, retention and data requests: who may open them, what they say, what they do."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.audit import red_flags, sampling, work
from apps.billing.audit_states import FlagKind, RecordKind, RequestKind, RequestState, Severity
from apps.billing.models import (
    AuditAnswer,
    DataRequest,
    DestructionList,
    Erasure,
    Finding,
    LegalHold,
    RedFlag,
    RedFlagRule,
)
from apps.billing.retention import destruction, people, requests
from apps.billing.retention.requests import RequestDraft
from apps.core import actors, clock
from apps.crm.models import Customer
from apps.journal.models import Event
from tests import money
from tests.billing import retention as make
from tests.factories import make_customer, staff, staff_actor

pytestmark = pytest.mark.django_db
LATER = datetime(2035, 7, 1, tzinfo=UTC)


def sample():
    with clock.at(datetime(2026, 8, 10, tzinfo=UTC)):
        who = staff_actor(Role.SERVICE_STAFF)
        for n in range(3):
            money.refund(amount=f"{50 + n}.00", actor=who)
        money.void_request()
    return sampling.draw(date(2026, 7, 1), date(2026, 9, 30), actor=staff_actor(Role.AUDITOR), seed="ab" * 32)


def flag() -> RedFlag:
    RedFlagRule.objects.exclude(kind=FlagKind.ONE_PAYEE).update(active=False)
    from tests.billing.test_audit_flags import to_account

    for _ in range(3):
        to_account("6222000099998888")
    red_flags.raise_due()
    return RedFlag.objects.get()


PLAIN = ["audit", "audit_samples", "duties", "findings", "red_flags", "retention", "due_people", "data_requests"]


@pytest.mark.parametrize("name", PLAIN)
def test_the_auditor_opens_every_page_and_an_empty_one_says_what_comes(signed_in, name):
    page = signed_in(Role.AUDITOR).get(reverse(f"desk:{name}"))

    assert page.status_code == 200
    assert "desk audit" in page.content.decode()


@pytest.mark.parametrize("name", [n for n in PLAIN if n != "findings"])
def test_a_warehouse_hand_opens_none_of_them(signed_in, name):
    assert signed_in(Role.WAREHOUSE).get(reverse(f"desk:{name}")).status_code == 403


def test_the_sidebar_shows_the_group_to_who_has_it(signed_in):
    auditor = signed_in(Role.AUDITOR).get(reverse("desk:audit")).content.decode()
    clerk = signed_in(Role.SERVICE_STAFF).get(reverse("admin:index")).content.decode()

    assert reverse("desk:duties") in auditor
    assert reverse("desk:duties") not in clerk


@pytest.mark.req("ARC-04")
def test_an_auditor_draws_answers_finds_and_closes(signed_in):
    drawn = sample()
    client = signed_in(Role.AUDITOR)
    bad = client.post(
        reverse("desk:audit_samples"), {"first_day": "2026-07-01", "last_day": "2026-09-30", "seed": "42"}
    )
    assert bad.status_code == 422 and "42" in bad.content.decode()

    page = client.get(reverse("desk:audit_sample", args=[drawn.pk])).content.decode()
    assert drawn.seed in page and drawn.population_digest in page
    for item in drawn.items.all():
        place = reverse("desk:audit_item", args=[item.pk])
        assert client.get(place).status_code == 200
        count = item.answers.count()
        wrong = client.post(
            place, {"answer-1": "wrong", "note-1": "", **{f"answer-{n}": "right" for n in range(2, count + 1)}}
        )
        assert wrong.status_code == 422
        sent = {f"answer-{n}": "right" for n in range(1, count + 1)}
        assert client.post(place, sent).status_code == 302
    assert not AuditAnswer.objects.filter(item__sample=drawn, answer="open").exists()
    owner = staff(Role.FINANCE_OFFICER, "finance")
    typed = {"text": "缺少回执", "severity": Severity.MAJOR, "owner": owner.pk}
    item = drawn.items.first()
    assert client.post(reverse("desk:audit_find", args=[item.pk]), {**typed, "text": ""}).status_code == 422
    assert client.post(reverse("desk:audit_find", args=[item.pk]), typed).status_code == 302
    closed = client.post(reverse("desk:audit_sample", args=[drawn.pk]), {"summary": "一项发现。"})
    csv = client.get(reverse("desk:audit_export", args=[drawn.pk])).content.decode()

    assert closed.status_code == 302
    assert drawn.seed in csv and "缺少回执" in csv
    assert Finding.objects.get().item_id == item.pk


@pytest.mark.req("ARC-04")
def test_the_owner_answers_and_only_the_audit_closes(signed_in):
    owner = staff(Role.FINANCE_OFFICER, "finance")
    finding = work.write(work.FindingDraft("缺回执", Severity.MINOR, owner), actor=staff_actor(Role.AUDITOR))
    place = reverse("desk:finding", args=[finding.pk])
    theirs, auditor, other = signed_in(owner), signed_in(Role.AUDITOR), signed_in(Role.FINANCE_MANAGER, "finance")

    assert other.get(place).status_code == 404
    assert theirs.post(place, {"step": "respond", "measures": ""}).status_code == 422
    assert theirs.post(place, {"step": "respond", "measures": "已补"}).status_code == 302
    assert theirs.post(place, {"step": "end", "verdict": "好"}).status_code == 422
    assert auditor.post(place, {"step": "end", "verdict": "已整改"}).status_code == 302
    assert auditor.get(place).status_code == 200
    assert (
        reverse("desk:finding", args=[finding.pk])
        in theirs.get(reverse("desk:findings") + "?tab=closed").content.decode()
    )


@pytest.mark.req("ARC-06")
def test_a_flag_is_seen_with_its_figures_and_cleared_with_a_reason(signed_in):
    row = flag()
    client, boss = signed_in(Role.AUDITOR), signed_in(Role.MANAGEMENT, "management")
    listed = client.get(reverse("desk:red_flags")).content.decode()
    place = reverse("desk:red_flag", args=[row.pk])

    assert row.subjects[0]["number"] in listed and "****8888" in listed
    assert client.get(place).status_code == boss.get(place).status_code == 200
    assert client.post(place, {"reason": " "}).status_code == 422
    assert boss.post(place, {"reason": "正常"}).status_code == 422
    assert client.post(place, {"reason": "核实为同一公司账户"}).status_code == 302
    assert "核实为同一公司账户" in client.get(reverse("desk:red_flags") + "?state=cleared").content.decode()
    assert client.get(reverse("desk:red_flags") + "?after=x").status_code == 404


@pytest.mark.req("ARC-05")
def test_a_list_goes_from_drawing_up_to_its_record(signed_in):
    ticket = make.close_again(make.closed_ticket())
    boss = signed_in(Role.FINANCE_MANAGER, "finance")
    with clock.at(LATER):
        boss.post(reverse("desk:draw_up_list"), {"covers": RecordKind.COMPLAINT})
        drawn = DestructionList.objects.get()
        place = reverse("desk:destruction_list", args=[drawn.pk])
        assert ticket.number in boss.get(place).content.decode()
        boss.post(place, {"step": "witness", "seen": drawn.digest, "looked": "yes"})
        assert drawn.witnesses.count() == 0
        first, second = signed_in(Role.AUDITOR), signed_in(Role.MANAGEMENT, "management")
        unticked = first.post(place, {"step": "witness", "seen": drawn.digest}, follow=True).content.decode()
        assert "未签字" in unticked
        assert drawn.witnesses.count() == 0  # not ticked
        for client in (first, second):
            client.post(place, {"step": "witness", "seen": drawn.digest, "looked": "yes"})
        assert "未销毁任何内容" in boss.post(place, {"step": "carry_out"}, follow=True).content.decode()
        assert DestructionList.objects.get().state == "witnessed"  # one slip of the mouse destroys nothing
        boss.post(place, {"step": "carry_out", "sure": "yes"})
        destruction.work_off()
        item = drawn.items.get()
        page = boss.get(place).content.decode()

    assert DestructionList.objects.get().state == "done"
    assert reverse("desk:erasure", args=[item.erasure_id]) in page
    assert boss.get(reverse("desk:erasure", args=[item.erasure_id])).status_code == 200


@pytest.mark.req("ARC-05")
def test_what_was_destroyed_says_so_on_its_pages_and_offers_no_hold(signed_in):
    from tests.billing.test_retention import destroyed

    refund = make.rejected_refund(make.close_again(make.closed_ticket()))
    ticket = make.close_again(make.closed_ticket())
    with clock.at(datetime(2060, 7, 1, tzinfo=UTC)):
        for covers in (RecordKind.VOUCHER, RecordKind.COMPLAINT):
            destroyed(destruction.draw_up(covers, actor=staff_actor(Role.FINANCE_MANAGER)))
        boss = signed_in(Role.ADMINISTRATOR)
        case = boss.get(reverse("desk:refund", args=[refund.number])).content.decode()
        work = boss.get(reverse("admin:desk_ticket", args=[ticket.number])).content.decode()
        hold = boss.get(reverse("desk:hold", args=["billing.refund", refund.pk])).content.decode()

    gone = Erasure.objects.get(subject_id=refund.pk)
    assert reverse("desk:erasure", args=[gone.pk]) in case and "保管至" not in case
    assert "文字和文件已于" in case and "文字和文件已于" in work
    assert reverse("desk:erasure", args=[gone.pk]) in hold and "<textarea" not in hold


@pytest.mark.req("ARC-05")
def test_a_hold_is_placed_seen_on_the_ticket_and_lifted(signed_in):
    ticket = make.closed_ticket()
    client = signed_in(Role.ADMINISTRATOR)
    place = reverse("desk:hold", args=["feedback.ticket", ticket.pk])

    assert client.post(place, {"reason": ""}).status_code == 422
    assert client.post(place, {"reason": "沪01民初12号"}).status_code == 302
    assert "沪01民初12号" in client.get(reverse("admin:desk_ticket", args=[ticket.number])).content.decode()
    hold = LegalHold.objects.get()
    client.post(reverse("desk:lift_hold", args=[hold.pk]), {"reason": "结案", "back": place})
    assert LegalHold.objects.get().lift_reason == "结案"
    assert client.get(reverse("desk:hold", args=["accounts.user", ticket.pk])).status_code == 404
    assert signed_in(Role.SERVICE_STAFF).get(place).status_code == 403


@pytest.mark.req("LAW-05")
def test_a_deletion_is_taken_in_checked_and_ends_in_a_restriction_with_reasons(signed_in):
    ticket = make.close_again(make.closed_ticket())
    client = signed_in(Role.SERVICE_LEAD)
    typed = {"kind": RequestKind.DELETE, "customer": make.PHONE, "words": "请删除", "contact": "回电"}
    lost = client.post(reverse("desk:data_requests"), {**typed, "customer": "13800000000"})
    assert lost.status_code == 422 and "请删除" in lost.content.decode()
    client.post(reverse("desk:data_requests"), typed)
    row = DataRequest.objects.get()
    place = reverse("desk:data_request", args=[row.pk])

    assert client.post(place, {"step": "identity", "note": ""}).status_code == 422
    client.post(place, {"step": "identity", "note": "回拨核对"})
    page = client.get(place).content.decode()
    assert "三十一条" in page
    client.post(place, {"step": "delete", "answer": "依法保留。"})

    assert DataRequest.objects.get().outcome == "restricted"
    assert Customer.objects.get(pk=ticket.customer_id).restricted_at is not None
    workspace = client.get(reverse("admin:desk_ticket", args=[ticket.number])).content.decode()
    assert "只保存" in workspace or "仅保存" in workspace or "restricted" in workspace
    restricted = reverse("desk:data_requests") + "?tab=restricted"
    assert reverse("desk:release_customer", args=[ticket.customer_id]) in client.get(restricted).content.decode()
    client.post(reverse("desk:release_customer", args=[ticket.customer_id]), {"reason": "本人撤回"})
    assert Customer.objects.get(pk=ticket.customer_id).restricted_at is None


@pytest.mark.req("LAW-05")
def test_a_copy_is_downloaded_only_after_the_check_and_by_who_may(signed_in):
    row = requests.receive(
        RequestDraft(RequestKind.COPY, "请给副本", "", make_customer()), actor=staff_actor(Role.SERVICE_LEAD)
    )
    client, auditor = signed_in(Role.SERVICE_LEAD), signed_in(Role.AUDITOR)
    copy = reverse("desk:data_copy", args=[row.pk])

    assert client.post(copy).status_code == 302
    requests.check_identity(row, "核对", actor=actors.staff(client.user))
    assert auditor.post(copy).status_code == 302
    assert client.post(copy)["Content-Type"] == "application/zip"
    assert Event.objects.filter(kind="data_request.exported").count() == 1
    place = reverse("desk:data_request", args=[row.pk])
    client.post(place, {"step": "give", "answer": "已给。"})
    assert DataRequest.objects.get().state == RequestState.ANSWERED
    assert "no-store" in client.get(place)["Cache-Control"]


def test_a_correction_keeps_what_was_typed_when_it_is_refused(signed_in):
    client = signed_in(Role.SERVICE_LEAD)
    actor = actors.staff(client.user)
    row = requests.receive(RequestDraft(RequestKind.CORRECT, "电话错了", "", make_customer()), actor=actor)
    requests.check_identity(row, "核对", actor=actor)
    place = reverse("desk:data_request", args=[row.pk])

    page = client.post(place, {"step": "correct", "new_phone": "123", "answer": "已改"})
    assert page.status_code == 422 and 'value="123"' in page.content.decode()
    assert client.post(place, {"step": "correct", "new_phone": "13911112222", "answer": "已改"}).status_code == 302


@pytest.mark.req("ARC-05")
def test_the_preview_shows_who_is_due_and_runs_on_demand(signed_in):
    customer = make_customer(name="李雷")
    with clock.at(LATER):
        client = signed_in(Role.SERVICE_LEAD)
        assert str(customer) in client.get(reverse("desk:due_people")).content.decode()
        client.post(reverse("desk:due_people"))
        assert people.due_now() == []

    assert Customer.objects.get(pk=customer.pk).erased_at is not None


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.usefixtures("rules_at_hand")
def test_pages_need_as_many_queries_for_many_rows_as_for_few(signed_in, name, django_assert_max_num_queries):
    sample()
    flag()
    for n in range(6):
        money.refund(amount=f"{60 + n}.00")
        requests.receive(RequestDraft(RequestKind.SEE, "看", "", make_customer()), actor=staff_actor(Role.SERVICE_LEAD))
        owner = staff(Role.FINANCE_OFFICER, "finance")
        work.write(work.FindingDraft(f"发现{n}", Severity.MINOR, owner), actor=staff_actor(Role.AUDITOR))
    client = signed_in(Role.AUDITOR)
    client.get(reverse(f"desk:{name}"))

    with django_assert_max_num_queries(40):
        assert client.get(reverse(f"desk:{name}")).status_code == 200


def test_an_administrator_changes_the_audits_rows_and_each_change_is_recorded(signed_in):
    client = signed_in(Role.ADMINISTRATOR)
    rule = RedFlagRule.objects.get(kind=FlagKind.QUICK)
    place = reverse("admin:billing_redflagrule_change", args=[rule.pk])
    typed = {
        "active": "on",
        "days": "30",
        "count": "1",
        "percent": "0",
        "amount": "0",
        "seconds": "20",
        "from_hour": "0",
        "to_hour": "0",
    }

    assert client.post(place, typed).status_code == 302
    assert RedFlagRule.objects.get(pk=rule.pk).seconds == 20
    assert Event.objects.get(kind="audit.rules_changed").data["changed"]["seconds"] == ["10", "20"]
    assert Decimal(RedFlagRule.objects.get(pk=rule.pk).amount) == 0
