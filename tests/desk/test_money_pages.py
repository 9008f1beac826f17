"""The pages of void requests and refunds, new ones, sheets, delegations (VOI-07, VOI-08, REF-09)."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.models import SecondLook
from apps.accounts.roles import Role
from apps.billing import events
from apps.billing.models import Delegation, Refund, RefundAttempt, TaxOperation, VoidRequest
from apps.billing.services import paying, refunds, verification, voids
from apps.core import actors
from apps.desk.money import told
from apps.journal.models import Event
from tests.billing.tax import verified
from tests.factories import PASSWORD, make_customer, staff, staff_actor, ticket
from tests.money import finance, invoice, line, payment, refund, void_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(signed_in):
    return signed_in(staff(Role.FINANCE_OFFICER, "finance"))


@pytest.fixture
def second(signed_in):
    return signed_in(staff(Role.FINANCE_MANAGER, "finance"))


def do(client, case, name, **typed):
    kind = "voids" if isinstance(case, VoidRequest) else "refunds"
    return client.post(f"/desk/{kind}/{case.number}/do/{name}/", {"token": "", **typed})


def page(client, case):
    kind = "voids" if isinstance(case, VoidRequest) else "refunds"
    return client.get(f"/desk/{kind}/{case.number}/").content.decode()


def now_of(case):
    return type(case).objects.get(pk=case.pk)


# Void requests -------------------------------------------------------------------------------------------------------


@pytest.mark.req("VOI-01", "VOI-03", "VOI-07")
def test_a_void_request_goes_its_way_on_its_page(officer, second):
    case = void_request()

    assert do(officer, case, "approve", reason="同意").status_code == 302
    assert do(second, case, "confirm").status_code == 409  # checks are open
    for check in now_of(case).checks.filter(result="open"):
        do(second, case, "check", kind=check.kind, passed="yes", detail="已核对订单")
    assert do(second, case, "confirm").status_code == 302
    assert now_of(case).state == "awaiting_form"
    do(second, case, "enter_form")
    waiting = now_of(case).operations.get()
    assert waiting.adapter == "manual"
    do(officer, case, "tax_record", form_number="23010001", form_state="01", failure="")
    assert do(officer, case, "tax_confirm").status_code == 409  # one's own record
    do(second, case, "tax_confirm")
    assert now_of(case).state == "ready"
    do(officer, case, "execute")
    assert now_of(case).state == "executing"
    do(officer, case, "tax_record", certificate="26317000000099999999", failure="")
    do(second, case, "tax_confirm")

    done = now_of(case)
    assert (done.state, done.certificate) == ("done", "26317000000099999999")
    shown = page(officer, case)
    assert "26317000000099999999" in shown and "第二人已确认" in shown


@pytest.mark.req("VOI-04", "VOI-07")
def test_the_page_says_why_the_other_act_is_not_possible(officer):
    electronic = void_request(invoice(kind="e_ordinary"))
    part = invoice(line("100.00"), line("200.00"), kind="digital_ordinary")

    assert "”不能作废，只能红冲" in page(officer, electronic)
    assert "红冲" in page(officer, void_request(part))


def test_what_is_not_possible_says_why_and_what_is_not_ones_own_is_not_offered(officer, signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    case = void_request(actor=actors.staff(filer.user))

    assert f"/desk/voids/{case.number}/do/withdraw/" in page(filer, case)
    assert "do/approve/" not in page(filer, case)
    mine = void_request(actor=actors.staff(officer.user))
    shown = page(officer, mine)
    assert "不得审批自己提交的申请" in shown and f"{mine.number}/do/approve/" not in shown


@pytest.mark.req("VOI-02")
@pytest.mark.parametrize("name", ["approve", "reject", "confirm", "check", "reject_verified"])
def test_an_administrator_does_nothing_with_what_they_filed(name, signed_in):
    admin = signed_in(Role.ADMINISTRATOR)
    case = void_request(actor=actors.staff(admin.user))
    if name not in ("approve", "reject"):
        case = voids.decide(case, actor=finance(), approve=True)
        verification.refresh(case)
    before = now_of(case).state

    answer = do(admin, case, name, reason="x", kind="genuine", passed="yes", detail="x")

    assert answer.status_code == 409
    assert now_of(case).state == before


@pytest.mark.req("VOI-02")
def test_rejected_filed_again_with_other_lines_and_withdrawn(officer, signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    case = void_request(
        invoice(line("500.00"), line("260.00", quantity="4")), actor=actors.staff(filer.user), reason="03"
    )
    do(officer, case, "reject", reason="只冲滤芯")

    assert "只冲滤芯" in page(filer, case)
    wrong = do(filer, case, "resubmit", words="改为部分红冲", scope="part", **{"quantity-2": "9"})
    assert wrong.status_code == 422
    assert "改为部分红冲" in wrong.content.decode()
    do(filer, case, "resubmit", words="改为部分红冲", scope="part", **{"quantity-2": "2"})
    again = now_of(case)
    assert (again.state, again.round, again.amount) == ("finance_review", 2, Decimal("146.90"))
    do(filer, case, "withdraw", reason="客户撤销")
    assert now_of(case).state == "withdrawn"


@pytest.mark.req("VOI-11")
def test_reject_after_verification_frees_what_was_held(officer):
    case = verified()
    assert now_of(case).state in ("ready", "awaiting_form")
    if now_of(case).state == "awaiting_form":
        case = voids.decide(void_request(), actor=finance(), approve=True)

    do(officer, case, "reject_verified", reason="税局口径不同")

    assert now_of(case).state == "rejected"
    assert not now_of(case).invoice.lines.exclude(held_net=0).exists()


def test_the_second_click_of_an_act_does_nothing_twice(officer):
    case = void_request()

    first, again = (
        do(officer, case, "approve", reason="", token="t"),
        do(officer, case, "approve", reason="", token="t"),
    )

    assert (first.status_code, again.status_code) == (302, 302)
    assert Event.objects.filter(subject_id=case.pk, kind=events.VOID_APPROVED).count() == 1


def test_an_unknown_act_or_case_is_not_found(officer):
    case = void_request()
    assert do(officer, case, "explode").status_code == 404
    assert officer.get("/desk/voids/209901-001/").status_code == 404
    assert officer.get(f"/desk/voids/{case.pk}/").status_code == 200
    assert officer.get("/desk/refunds/209901-001/").status_code == 404


# Refunds -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("REF-08", "REF-09")
def test_a_refund_by_hand_is_recorded_by_one_and_confirmed_by_another(officer, second):
    case = refund(payment(channel="manual"))
    do(officer, case, "approve", reason="")
    assert do(officer, case, "pay").status_code == 302
    assert now_of(case).state == "processing"

    assert do(officer, case, "hand_record", reference="", at="").status_code == 422
    do(officer, case, "hand_record", reference="HD20261122001", at="2026-11-01T10:00", note="")
    attempt = RefundAttempt.objects.get(refund=case)
    if not hasattr(attempt, "hand_payment"):  # the clock of this test's machine
        pytest.skip("the moment lies in the future here")
    assert do(officer, case, "hand_confirm").status_code == 409
    do(second, case, "hand_confirm")
    assert now_of(case).state == "succeeded"
    assert "HD20261122001" in page(officer, case)


@pytest.mark.req("REF-03", "REF-08")
def test_after_a_proven_failure_another_way_is_chosen_and_signed_anew(officer, second):
    case = refund(payment(channel="manual"))
    do(officer, case, "approve", reason="")
    do(officer, case, "pay")
    do(officer, case, "hand_refuse", reason="账户不存在")
    assert now_of(case).state == "needs_fallback"
    assert "改走其他方式" in page(officer, case)

    do(officer, case, "reroute", way="", payee_name="张伟", payee_account="", payee_bank="", reason="再试一次")

    again = now_of(case)
    assert (again.state, again.round) == ("created", 2)


def test_a_refund_is_cancelled_with_a_reason(officer):
    case = refund()

    assert do(officer, case, "cancel", reason="").status_code == 422
    do(officer, case, "cancel", reason="客户不要了")

    assert now_of(case).state == "cancelled"


@pytest.mark.req("VOI-13")
def test_the_page_says_what_holds_the_money_and_lets_a_manager_except_it(officer, second):
    void = void_request(invoice(line("5000.00")))
    case = refund(payment("6000.00"), amount="1200.00", void_request=void)
    refunds.decide(case, actor=finance(), approve=True)

    shown = page(officer, case)
    assert str(void.invoice) in shown and "do/pay/" not in shown
    do(second, case, "except", reason="客户为老年人，先退")
    assert "do/pay/" in page(second, case)
    assert paying.begin(now_of(case), actor=finance()).position == 1


# New ones ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("VOI-01")
def test_a_request_is_filed_from_its_invoice_after_a_preview(signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    of = invoice(line("500.00"), line("260.00", quantity="4"))
    typed = {"invoice": of.pk, "reason": "03", "words": "滤芯不合格", "scope": "part", "quantity-2": "2"}

    preview = filer.post("/desk/voids/new/preview/", typed).content.decode()
    assert "¥146.90" in preview and "国家税务总局公告2024年第11号" in preview and "财务" in preview
    assert not VoidRequest.objects.exists()

    answer = filer.post("/desk/voids/new/", typed)
    filed = VoidRequest.objects.get()
    assert answer.url == f"/desk/voids/{filed.number}/"
    assert filed.amount == Decimal("146.90")


def test_a_refused_form_keeps_what_was_typed(signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    of = invoice(line("500.00"))

    answer = filer.post("/desk/voids/new/", {"invoice": of.pk, "reason": "01", "words": "抬头错", "scope": "part"})

    assert answer.status_code == 422
    assert "抬头错" in answer.content.decode()
    assert not VoidRequest.objects.exists()


@pytest.mark.req("VOI-01")
def test_from_a_ticket_the_invoice_is_found_by_its_number_and_else_looked_up(signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    of = invoice()
    named = ticket("发票抬头错了", invoice_number=of.number)
    bare = ticket("发票抬头错了")

    assert f'name="invoice" value="{of.pk}"' in filer.get(f"/desk/voids/new/?ticket={named.number}").content.decode()
    assert "哪张发票" in filer.get(f"/desk/voids/new/?ticket={bare.number}").content.decode()
    assert of.number in filer.get(f"/desk/invoices/?find={of.number}").content.decode()
    assert "没有号码恰为" in filer.get("/desk/invoices/?find=99990000").content.decode()


def test_a_refund_is_filed_from_its_payment_and_compensation_from_its_ticket(signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    paid = payment("500.00")
    about = ticket("一直没有修好")

    preview = filer.post("/desk/refunds/new/preview/", {"payment": str(paid.pk), "kind": "refund", "amount": "600"})
    assert "¥500.00" in preview.content.decode()
    filer.post("/desk/refunds/new/", {"payment": str(paid.pk), "kind": "refund", "amount": "120.5", "words": "退差价"})
    assert Refund.objects.get().amount == Decimal("120.50")
    gift = {"ticket": about.number, "kind": "points", "amount": "30", "words": "安抚"}
    filer.post("/desk/refunds/new/", gift)
    assert Refund.objects.get(kind="points").ticket == about


@pytest.mark.req("VOI-08")
def test_a_sheet_is_looked_at_first_then_filed_once(signed_in):
    filer = signed_in(Role.SERVICE_STAFF)
    good = invoice()
    text = f"发票号码,原因代码,说明\n{good.number},01,抬头错\n123,01,\n".encode()

    def upload():
        return filer.post("/desk/voids/sheet/", {"file": SimpleUploadedFile("a.csv", text)})

    looked = upload().content.decode()
    assert not VoidRequest.objects.exists() and "1 行有误" in looked
    key = looked.split('name="key" value="')[1].split('"')[0]
    wrong = filer.post("/desk/voids/sheet/errors/", {"key": key}).content.decode()
    assert "123" in wrong and good.number not in wrong
    filer.post("/desk/voids/sheet/file/", {"key": key})
    filer.post("/desk/voids/sheet/file/", {"key": key})
    assert VoidRequest.objects.get().invoice == good
    assert "此前已提交" in upload().content.decode()
    gone = filer.post("/desk/voids/sheet/file/", {"key": "elsewhere"})
    assert gone.status_code == 409


@pytest.mark.req("VOI-02")
def test_somebody_signs_for_somebody_and_it_is_taken_back(officer):
    helper = staff(Role.DEPARTMENT_HEAD, "finance")
    typed = {
        "taker": helper.pk, "subjects": ["void", "refund"], "first_day": "2026-11-01", "last_day": "2099-01-01",
        "reason": "休假",
    }  # fmt: skip

    assert officer.post("/desk/delegations/", {**typed, "last_day": "2026-10-01"}).status_code == 422
    assert officer.post("/desk/delegations/", typed).status_code == 302
    rows = Delegation.objects.filter(giver=officer.user, taker=helper)
    assert {row.subject for row in rows} == {"void", "refund"}
    officer.post(f"/desk/delegations/{rows[0].pk}/end/")
    assert rows.filter(ended_at=None).count() == 1


@pytest.mark.req("ADM-03", "VOI-02")
def test_a_power_to_sign_is_given_away_only_after_a_fresh_look(officer, signed_in, settings):
    """A session left open could else let a third person sign what the code is asked for, above the row's amount."""
    settings.SECOND_LOOK = True
    SecondLook.objects.update(code_only=False, minutes=0)
    helper, admin = staff(Role.DEPARTMENT_HEAD, "finance"), staff(Role.ADMINISTRATOR)
    typed = {"taker": helper.pk, "first_day": "2026-11-01", "last_day": "2099-01-01", "reason": "休假"}
    chief = signed_in(admin)
    of_admin = {**typed, "giver": officer.user.pk, "subject": "refund"}
    own, theirs = "/desk/delegations/", "/admin/billing/delegation/add/"

    asked = officer.post(own, {**typed, "subjects": ["void", "refund"]})
    by_rest = officer.post("/api/v1/delegations/", {"subject": "void"}, content_type="application/json")
    chief.post(theirs, of_admin)

    assert 'name="second_password"' in asked.content.decode() and 'value="refund"' in asked.content.decode()
    assert by_rest.json()["code"] == "second_factor.needed"
    assert not Delegation.objects.exists()
    assert officer.post(own, {**typed, "subjects": ["void"], "second_password": PASSWORD}).status_code == 302
    assert chief.post(theirs, {**of_admin, "second_password": PASSWORD}).status_code == 302
    assert {row.subject for row in Delegation.objects.all()} == {"void", "refund"}


# Around it -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["voids/", "refunds/", "money/", "month-end/", "delegations/", "voids/sheet/"])
def test_the_pages_open_for_finance_empty_and_filled(address, officer):
    assert officer.get(f"/desk/{address}").status_code == 200
    void_request(), refund(), verified()
    for tab in ("sign", "verify", "form", "ready", "running", "done", "over", "approved", "stuck", "paid"):
        assert officer.get(f"/desk/{address}?tab={tab}").status_code == 200


@pytest.mark.parametrize("address", ["voids/", "refunds/", "money/", "month-end/", "voids/new/", "refunds/new/"])
def test_they_are_unknown_to_who_has_no_part_in_money(address, signed_in):
    assert signed_in(Role.DEPARTMENT_HANDLER).get(f"/desk/{address}").status_code == 404


def test_lists_are_searched_by_number_and_paged_by_key(officer, monkeypatch):
    from apps.desk.views import cases

    first, last = void_request(), void_request()
    assert officer.get(f"/desk/voids/?q={first.invoice.number}").content.decode().count(first.number) >= 1
    monkeypatch.setattr(cases, "PER_PAGE", 1)
    top = officer.get("/desk/voids/").content.decode()
    assert last.number in top and f"after={last.pk}" in top
    assert first.number in officer.get(f"/desk/voids/?after={last.pk}").content.decode()


@pytest.mark.req("VOI-07")
def test_ticket_invoice_void_and_refund_lead_to_each_other(second):
    about = ticket("发票抬头错了")
    void = void_request(ticket=about)
    case = refund(payment(customer=about.customer), void_request=void, ticket=about)

    of_void, of_refund = page(second, void), page(second, case)
    assert about.number in of_void and f"/desk/refunds/{case.number}/" in of_void
    assert f"/desk/invoices/{void.invoice_id}/" in of_void
    assert f"/desk/voids/{void.number}/" in of_refund and about.number in of_refund
    assert void.number in second.get(f"/desk/invoices/{void.invoice_id}/").content.decode()


def test_every_event_of_a_case_has_words():
    kinds = {value for name, value in vars(events).items() if name.isupper()}
    cases = {kind for kind in kinds if kind.startswith(("void.", "refund.", "hand_payment.", "bank_batch.", "money."))}

    assert cases <= set(told.KINDS)


@pytest.mark.parametrize("many", [1, 6])
def test_how_many_queries_a_page_needs_is_fixed(many, second, count_queries, steady):
    about = ticket("发票抬头错了", invoice_number="")
    for _ in range(many):
        void = void_request(invoice(line("80.00"), line("90.00"), customer=about.customer), ticket=about)
        case = refund(payment(customer=about.customer), void_request=void, ticket=about)
    page(second, void), page(second, case)

    with count_queries("desk.void_request"):
        page(second, void)
    with count_queries("desk.refund"):
        page(second, case)
    with count_queries("desk.voids"):
        second.get("/desk/voids/")


def test_personal_data_is_masked_on_the_pages(second):
    customer = make_customer(name="欧阳娜娜", phone="13912345678")
    case = refund(payment(customer=customer, payer_name="欧阳娜娜"), actor=staff_actor())
    shown = page(second, case)

    assert "欧***" in shown
    assert "欧阳娜娜" not in shown and "13912345678" not in shown
    assert TaxOperation.objects.count() == 0


@pytest.mark.req("LNK-01")
@pytest.mark.parametrize("kind", ["voids", "refunds"])
def test_a_ticket_that_cannot_be_seen_is_not_dropped_in_silence(officer, kind):
    """Filed without its ticket, the case would not be counted there, and be filed again."""
    of, paid = invoice(), payment()
    asked = {"voids": f"invoice={of.pk}", "refunds": f"payment={paid.number}"}[kind]

    shown = officer.get(f"/desk/{kind}/new/?{asked}&ticket=209901-001").content.decode()
    plain = officer.get(f"/desk/{kind}/new/?{asked}").content.decode()

    assert "209901-001 不存在或您无权查看" in shown
    assert "您无权查看" not in plain


@pytest.mark.req("VOI-03")
def test_what_is_not_known_of_an_invoice_is_named_in_words(officer):
    case = voids.decide(void_request(of=invoice(facts={})), actor=finance(), approve=True)
    check = case.checks.get(kind="deduction")

    assert "export_refund" in check.detail
    assert "尚不清楚：" in check.found and "已用于出口退税" in check.found and "export_refund" not in check.found
    assert check.found in page(officer, case)


@pytest.mark.req("VOI-05", "VOI-07")
def test_an_invoice_undone_in_whole_shows_its_refunds_and_takes_no_further_request(officer):
    case = verified()
    filed = refund(payment(order=case.invoice.order), void_request=case)

    shown = officer.get(f"/desk/invoices/{case.invoice_id}/").content.decode()
    form = officer.get(f"/desk/voids/new/?invoice={case.invoice_id}").content.decode()

    assert filed.number in shown
    assert f"/desk/voids/new/?invoice={case.invoice_id}" not in shown
    assert "已无可冲余额" in form and 'name="reason"' not in form
