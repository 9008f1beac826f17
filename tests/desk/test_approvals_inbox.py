"""The approval inbox: what stands in it, for whom, and what happens to decisions (VOI-02, VOI-07)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing import to_sign
from apps.billing.models import Approval, ApprovalRule, Delegation, VoidReason, VoidRequest
from apps.billing.services import approvals as signing
from apps.billing.services import refunds, voids
from apps.billing.services.balance import Ask
from apps.core import actors, clock
from apps.desk.approvals import BY_NAME, SOURCES, inbox
from apps.journal.models import Event
from apps.notifications.models import Notice
from apps.notifications.services import questions
from tests.factories import make_customer, propose, staff, staff_actor, ticket, ticket_in
from tests.money import finance, invoice, line, payment, refund, void_request

pytestmark = pytest.mark.django_db
INBOX = "/desk/"


@pytest.fixture
def officer(signed_in):
    """A finance officer's browser."""
    return signed_in(staff(Role.FINANCE_OFFICER, "finance"))


def actor(client):
    return actors.staff(client.user)


def keys(who):
    return [row.key for row in inbox.waiting(who)]


def decide(client, key, verb="approve", words="", token="", **extra):
    source, pk = key.split(":")
    return client.post(f"/desk/case/{source}/{pk}/{verb}/", {"words": words, "token": token}, **extra)


def now_of(case):
    return type(case).objects.get(pk=case.pk)


# What stands in it ---------------------------------------------------------------------------------------------------


@pytest.mark.req("VOI-07")
def test_it_holds_void_requests_refunds_and_compensation_that_i_may_sign(officer):
    void = void_request()
    back = refund()
    gift = refunds.file(
        refunds.RefundDraft(Decimal("30.00"), "安抚客户", kind="points", customer=make_customer()),
        actor=staff_actor(),
    )

    assert sorted(keys(actor(officer))) == sorted([f"void:{void.pk}", f"refund:{back.pk}", f"compensation:{gift.pk}"])
    page = officer.get(INBOX).content.decode()
    assert void.number in page and back.number in page and gift.number in page


@pytest.mark.req("VOI-02")
@pytest.mark.parametrize("role", [Role.FINANCE_OFFICER, Role.FINANCE_MANAGER, Role.ADMINISTRATOR])
def test_what_i_filed_never_stands_there_and_cannot_be_signed_by_its_address(role, signed_in):
    client = signed_in(staff(role, "finance"))
    mine = [void_request(actor=actor(client)), refund(actor=actor(client))]

    assert keys(actor(client)) == []
    for case, source in zip(mine, ("void", "refund"), strict=True):
        page = client.get(f"/desk/case/{source}/{case.pk}/")
        assert "不得审批自己提交的申请" in page.content.decode()
        assert f"/case/{source}/{case.pk}/approve/" not in page.content.decode()
        answer = decide(client, f"{source}:{case.pk}")
        assert answer.status_code == 409
        assert now_of(case).state == case.state
    assert not Approval.objects.exists()


@pytest.mark.req("ADM-02")
def test_cases_of_others_are_unknown_to_who_has_no_part_in_them(signed_in):
    void, back = void_request(), refund()
    outsider = signed_in(Role.DEPARTMENT_HANDLER)

    for key in (f"void/{void.pk}", f"refund/{back.pk}"):
        assert outsider.get(f"/desk/case/{key}/").status_code == 404
        assert outsider.post(f"/desk/case/{key}/approve/").status_code == 404
        assert outsider.post(f"/desk/case/{key}/ask/", {"words": "?"}).status_code == 404
    assert outsider.get(f"/desk/voids/{void.number}/").status_code == 404
    assert outsider.get(f"/desk/refunds/{back.number}/").status_code == 404


def test_a_solution_of_another_department_is_not_mine_to_decide(signed_in):
    one = ticket_in("in_progress")
    propose(one, staff_actor(Role.SERVICE_LEAD))
    solution = one.solutions.get()
    head = signed_in(staff(Role.DEPARTMENT_HEAD, "finance"))
    lead = signed_in(Role.SERVICE_LEAD)

    assert f"solution:{solution.pk}" not in keys(actor(head))
    assert head.get(f"/desk/case/solution/{solution.pk}/").status_code == 404
    assert keys(actor(lead)) == [f"solution:{solution.pk}"]
    decide(lead, f"solution:{solution.pk}", "reject", "太贵，改为换配件")
    assert now_of(solution).approved is False
    assert now_of(solution).decision_reason == "太贵，改为换配件"


@pytest.mark.req("VOI-02")
def test_management_sees_it_after_finance_and_a_second_finance_person_above_the_limit(signed_in):
    case = void_request(invoice(line("30000.00")))
    first, second, boss = (
        signed_in(staff(r, "finance")) for r in (Role.FINANCE_OFFICER, Role.FINANCE_MANAGER, Role.MANAGEMENT)
    )
    key = f"void:{case.pk}"

    assert keys(actor(first)) == [key] and keys(actor(boss)) == []
    decide(first, key)
    assert keys(actor(first)) == [] and keys(actor(second)) == [key] and keys(actor(boss)) == []
    decide(second, key)
    assert keys(actor(boss)) == [key]
    decide(boss, key)
    assert now_of(case).state == "verification"


@pytest.mark.req("VOI-02")
def test_who_stands_in_finds_the_case_and_signs_for_the_absent(signed_in):
    case = void_request()
    boss = staff(Role.FINANCE_OFFICER, "finance")
    helper = signed_in(staff(Role.DEPARTMENT_HEAD, "finance"))
    today = clock.local(clock.now()).date()
    row = Delegation(subject="void", giver=boss, taker=helper.user, first_day=today, last_day=today)
    signing.delegate(row, actor=actors.staff(boss))

    assert keys(actor(helper)) == [f"void:{case.pk}"]
    decide(helper, f"void:{case.pk}")
    given = Approval.objects.get()
    assert (given.by, given.for_whom) == (helper.user, boss)


def lend(giver, taker, subject="void", first=0, last=0):
    """`first` and `last` in days from today, in Shanghai."""
    today = clock.local(clock.now()).date()
    days = {"first_day": today + timedelta(days=first), "last_day": today + timedelta(days=last)}
    row = Delegation(subject=subject, giver=giver, taker=taker, **days)
    return signing.delegate(row, actor=actors.staff(giver))


def has_entry(client):
    return 'href="/desk/"' in client.get("/admin/").content.decode()


@pytest.mark.req("VOI-02")
def test_who_only_stands_in_has_an_entry_while_it_lasts(signed_in):
    boss = staff(Role.FINANCE_OFFICER, "finance")
    helper = signed_in(staff(Role.SERVICE_STAFF))
    nothing_lent = has_entry(helper)
    early = lend(boss, helper.user, first=1, last=3)
    tomorrow = has_entry(helper)
    now = lend(boss, helper.user, "refund")

    lasting = has_entry(helper)
    signing.take_back(now, actor=actors.staff(boss))

    assert (nothing_lent, tomorrow, lasting, has_entry(helper)) == (False, False, True, False)
    with clock.at(clock.now() + timedelta(days=3)):
        assert has_entry(helper)
    with clock.at(clock.now() + timedelta(days=4)):
        assert not has_entry(helper)
    assert early.ended_at is None


@pytest.mark.req("VOI-02")
def test_a_giver_who_left_lends_nothing(signed_in):
    boss = staff(Role.FINANCE_OFFICER, "finance")
    helper = signed_in(staff(Role.SERVICE_STAFF))
    lend(boss, helper.user)
    type(boss).objects.filter(pk=boss.pk).update(is_active=False)

    assert not has_entry(helper)


def test_sorted_by_due_time(officer):
    late, soon, never = refund(), void_request(), refund()
    known = {row.key: row for row in inbox.waiting(actor(officer))}

    assert known[f"void:{soon.pk}"].due_at is not None
    assert keys(actor(officer)) == [f"void:{soon.pk}", f"refund:{late.pk}", f"refund:{never.pk}"]


@pytest.mark.req("VOI-02")
def test_standings_of_many_are_those_of_each(officer):
    """The list reads in bulk what the service reads one by one."""
    big = invoice(line("4000.00"), line("4000.00"))
    lines = list(big.lines.order_by("position"))
    cases = [
        void_request(big, reason="03", asks=[Ask(lines[0], Decimal("0.5"))]),
        void_request(big, reason="03", asks=[Ask(lines[1], Decimal("1"))]),
        void_request(invoice(line("30000.00"))),
    ]
    paid = payment("9000.00")
    cases += [refund(paid, amount="3000.00"), refund(paid, amount="4000.00"), refund()]
    about = ticket()
    gift = refunds.RefundDraft(Decimal("30.00"), "安抚", kind="coupon", customer=about.customer, ticket=about)
    cases += [refunds.file(gift, actor=staff_actor()) for _ in range(2)]
    voids.decide(cases[2], actor=finance(), approve=True)
    VoidReason.objects.filter(code="01").update(management=True)
    fresh = [now_of(case) for case in cases]

    many = to_sign.standings(fresh)

    for case in fresh:
        one = signing.standing(case)
        assert (many[case.pk].steps, many[case.pk].amount, many[case.pk].next) == (one.steps, one.amount, one.next)
        assert {a.pk for a in many[case.pk].signed} == {a.pk for a in one.signed}


# Deciding ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("VOI-02", "VOI-07")
def test_approve_and_reject_with_a_reason(officer):
    one, other = void_request(), void_request()

    assert decide(officer, f"void:{one.pk}").url == INBOX
    assert now_of(one).state == "verification"
    refused = decide(officer, f"void:{other.pk}", "reject")
    assert refused.status_code == 422
    assert "请写明原因" in refused.content.decode() or "原因" in refused.content.decode()
    assert now_of(other).state == "finance_review"
    decide(officer, f"void:{other.pk}", "reject", "发票不是我司开具")
    assert now_of(other).state == "rejected"
    assert Approval.objects.get(case_id=other.pk).reason == "发票不是我司开具"


def test_a_double_click_signs_once(officer):
    case = refund()
    key = f"refund:{case.pk}"

    first, again = decide(officer, key, token="t1"), decide(officer, key, token="t1")

    assert (first.status_code, again.status_code) == (302, 302)
    assert Approval.objects.count() == 1
    assert Event.objects.filter(subject_id=case.pk, kind="refund.approved").count() == 1


def test_who_comes_late_sees_what_happened(officer, signed_in):
    case = refund()
    colleague = signed_in(staff(Role.FINANCE_MANAGER, "finance", display_name="邓华"))
    decide(colleague, f"refund:{case.pk}", "reject", "重复申请")

    late = decide(officer, f"refund:{case.pk}", "approve", "看过了", token="x")

    assert late.status_code == 409
    words = late.content.decode()
    assert "邓华" in words and "重复申请" in words and "看过了" in words
    assert now_of(case).state == "rejected"


@pytest.mark.req("VOI-07")
def test_asking_back_tells_the_filer_and_leaves_the_case_open(officer):
    filer = staff(Role.SERVICE_STAFF)
    case = void_request(actor=actors.staff(filer))

    answer = officer.post(f"/desk/case/void/{case.pk}/ask/", {"words": "抬头以哪一份为准？", "token": "q"})
    officer.post(f"/desk/case/void/{case.pk}/ask/", {"words": "抬头以哪一份为准？", "token": "q"})

    assert answer.status_code == 302
    assert now_of(case).state == "finance_review"
    notice = Notice.objects.get(user=filer, kind="question_asked")
    assert case.number in notice.text and "抬头以哪一份为准？" in notice.text
    assert notice.link == f"/desk/voids/{case.number}/"
    assert keys(actor(officer)) == [f"void:{case.pk}"]
    assert "抬头以哪一份为准？" in officer.get(f"/desk/case/void/{case.pk}/").content.decode()


def test_the_filer_answers_on_the_page_of_the_case(officer, signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    case = void_request(actor=actor(filer))
    officer.post(f"/desk/case/void/{case.pk}/ask/", {"words": "哪一份？", "token": ""})

    page = f"/desk/voids/{case.number}/"
    assert "哪一份？" in filer.get(page).content.decode()
    filer.post(f"{page}do/answer/", {"words": "以营业执照为准", "token": "a"})

    assert questions.open_questions([case.pk]) == {}
    assert Notice.objects.get(user=officer.user, kind="question_answered").link == page
    assert "以营业执照为准" in officer.get(page).content.decode()


def test_nobody_is_asked_where_the_system_filed_it(officer):
    case = void_request()
    VoidRequest.objects.filter(pk=case.pk).update(requested_by=None)

    answer = officer.post(f"/desk/case/void/{case.pk}/ask/", {"words": "为什么？"})

    assert answer.status_code == 422
    assert not Notice.objects.filter(kind="question_asked").exists()


# Together ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("VOI-07")
def test_small_cases_are_signed_together_and_the_server_looks_again(officer):
    small, big = refund(amount="50.00"), refund(amount="450.00")
    rows = {row.key: row.together for row in inbox.waiting(actor(officer))}

    assert rows == {f"refund:{small.pk}": True, f"refund:{big.pk}": False}
    officer.post("/desk/together/", {"case": list(rows)})
    assert (now_of(small).state, now_of(big).state) == ("approved", "created")


def test_splits_count_together_for_what_is_small(officer):
    paid = payment("900.00")
    parts = [refund(paid, amount="150.00") for _ in range(2)]

    officer.post("/desk/together/", {"case": [f"refund:{part.pk}" for part in parts]})

    assert {now_of(part).state for part in parts} == {"created"}


def test_the_threshold_is_a_row_and_nothing_is_small_at_zero(officer):
    case = refund(amount="10.00")
    ApprovalRule.objects.filter(subject="refund").update(together_up_to=0)

    assert [row.together for row in inbox.waiting(actor(officer))] == [False]
    officer.post("/desk/together/", {"case": [f"refund:{case.pk}"]})
    assert now_of(case).state == "created"


def test_mine_are_not_signed_together_either(signed_in):
    client = signed_in(staff(Role.FINANCE_OFFICER, "finance"))
    case = refund(amount="10.00", actor=actor(client))

    client.post("/desk/together/", {"case": [f"refund:{case.pk}"]})

    assert now_of(case).state == "created"


# Around it -----------------------------------------------------------------------------------------------------------


def test_the_number_in_the_sidebar_is_asked_for_apart_and_kept(officer, django_assert_num_queries):
    void_request()

    assert officer.get("/desk/count/").json() == {"count": 1}
    void_request()
    assert inbox.known_count(actor(officer)) == 1
    decide(officer, keys(actor(officer))[0])
    assert officer.get("/desk/count/").json() == {"count": 1}


def test_news_are_announced_and_what_left_is_told(officer):
    case = void_request()
    known = case.pk.hex[-12:]

    assert officer.get(f"/desk/news/?known={known}").content.decode().strip() == ""
    refund()
    assert "1 笔新的待审批" in officer.get(f"/desk/news/?known={known}").content.decode()
    decide(officer, f"void:{case.pk}")
    assert "已由他人处理" in officer.get(f"/desk/news/?known={known}").content.decode()


@pytest.mark.parametrize("role", list(Role))
def test_the_inbox_opens_for_everybody_who_signs_in(role, signed_in):
    client = signed_in(role)
    if not client.user.is_staff:
        pytest.skip("no page for integration clients")

    page = client.get(INBOX)

    assert page.status_code == 200
    assert "没有待您处理的事项" in page.content.decode()


def test_signed_out_it_leads_to_the_log_in(client):
    assert client.get(INBOX).url.startswith("/admin/login/")


@pytest.mark.parametrize("many", [1, 12])
def test_how_many_queries_it_needs_does_not_hang_on_how_many_wait(many, officer, count_queries, steady):
    for _ in range(many):
        void_request(), refund()
    officer.get(INBOX)

    with count_queries("desk.approvals"):
        officer.get(INBOX)


def test_every_source_has_a_name_of_its_own():
    assert len(BY_NAME) == len(SOURCES)
    assert reverse("desk:approvals") == INBOX
