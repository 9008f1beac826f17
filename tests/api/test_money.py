"""Void requests, refunds, batches, differences and delegations over the API (VOI, REF, LNK-04, ADM-03)."""

import json
from decimal import Decimal

import pytest

from apps.accounts.roles import Role
from apps.billing.api import answers, rows
from apps.billing.models import BankBatch, Difference, Invoice, Payment, Refund, StatementRun
from apps.billing.services import approvals
from apps.core import clock
from apps.core.actors import system
from tests import money
from tests.api.conftest import is_problem, pointers
from tests.factories import OrderFactory, make_customer, staff, ticket

pytestmark = pytest.mark.django_db
CHECKED = {"kind": "genuine", "passed": True, "detail": "核对无误"}
LINE = {"name": "洗衣机", "quantity": "2", "net": "1000.00", "rate": "0.13", "tax": "130.00"}


def body(number="26317000000000000777", **more):
    return {
        "external_id": f"ERP-{number[-3:]}", "number": number, "kind": "digital_ordinary", "buyer_name": "张三",
        "issued_at": "2026-05-06T10:00:00+08:00", "lines": [LINE], "facts": money.UNUSED, **more,
    }  # fmt: skip


# Invoices and payments --------------------------------------------------------------------------------------------------


@pytest.mark.req("LNK-04", "VOI-03")
def test_invoices_come_in_by_row_and_again_without_a_second_one(api):
    make_customer(external_id="K1001", actor=system("test"))
    wrong = body("26317000000000000778", lines=[{**LINE, "tax": "131.00"}])
    rows = [body(customer="K1001"), wrong, body("26317000000000000779", customer="K9"), {"number": "1"}]

    first = api.post("invoices/bulk/", {"rows": rows}).json()["results"]
    again = api.post("invoices/bulk/", {"rows": [body(customer="K1001")]}).json()["results"]
    told = api.post(
        "invoices/bulk/", {"rows": [body(customer="K1001", facts={**money.UNUSED, "buyer_booked": True})]}
    ).json()["results"]
    other = api.post("invoices/bulk/", {"rows": [body(buyer_name="李四")]}).json()["results"]

    assert [row["outcome"] for row in first] == ["new", "refused", "refused", "refused"]
    assert first[1]["errors"][0]["code"] == "invoice.line_adds_up"
    assert first[2]["errors"] == [
        {"pointer": "/customer", "code": "crm.no_customer", "detail": "There is no customer with the number K9."}
    ]
    assert {error["pointer"] for error in first[3]["errors"]} >= {"/external_id", "/lines", "/kind"}
    assert (again[0]["outcome"], told[0]["outcome"]) == ("same", "changed")
    assert other[0]["errors"][0]["code"] == "invoice.changed"
    assert Invoice.objects.count() == 1
    shown = api.get(f"invoices/{first[0]['id']}/").json()
    assert (shown["gross"], shown["lines"][0]["left_quantity"]) == ("1130.00", "2.000000")
    assert {fact["fact"]: fact["holds"] for fact in shown["facts"]}["buyer_booked"] is True


def test_what_is_wrong_in_a_row_is_named_by_the_rows_own_fields(api):
    rows = [body(facts={"same_month": True}), body(facts={"sold": True}), body(replaces="1")]

    answers = api.post("invoices/bulk/", {"rows": rows}).json()["results"]

    wrong = [(error["pointer"], error["code"]) for answer in answers for error in answer["errors"]]
    assert wrong == [
        ("/facts/same_month", "invoice.fact_computed"), ("/facts/sold", "core.invalid_choice"), ("/replaces", "money.unknown"),
    ]  # fmt: skip


def test_the_list_of_rows_is_checked_itself(api):
    for given in ({}, {"rows": []}, {"rows": [{}] * 201}, {"rows": "x"}, [1], {"rows": [1], "more": 1}):
        assert is_problem(api.post("invoices/bulk/", given), 422)
    answer = api.post("invoices/bulk/", {"rows": [1, None, "x"]})
    assert [row["outcome"] for row in answer.json()["results"]] == ["refused"] * 3


@pytest.mark.req("LNK-04")
def test_the_same_request_twice_gets_the_first_answer(api):
    first = api.post("invoices/bulk/", {"rows": [body()]}, key="k1")
    again = api.post("invoices/bulk/", {"rows": [body()]}, key="k1")
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.req("LNK-04")
def test_payments_are_added_completed_and_never_changed(api):
    customer = make_customer(external_id="K1001", actor=system("test"))
    order = OrderFactory(customer=customer)
    row = {
        "number": "P1",
        "channel": "alipay",
        "customer": "K1001",
        "amount": "300.00",
        "paid_at": "2026-05-06T10:00:00Z",
    }

    def outcome(**more):
        return api.post("payments/bulk/", {"rows": [{**row, **more}]}).json()["results"][0]

    assert outcome()["outcome"] == "new"
    assert outcome()["outcome"] == "same"
    assert outcome(provider_number="2026…1", order=order.number, payer_name="张伟")["outcome"] == "changed"
    assert outcome(amount="301.00")["errors"][0]["code"] == "payment.changed"
    assert outcome(number="P2", order=OrderFactory().number)["errors"][0]["code"] == "payment.order_of_another"
    assert [outcome(number=n, customer="")["errors"][0]["code"] for n in ("P1", "P3")] == ["core.required"] * 2
    shown = api.get("payments/", number="P1").json()["results"][0]
    assert (shown["left"], shown["payer"], shown["order"]) == ("300.00", "张*", order.number)
    assert Payment.objects.get().payer_name == "张伟"


# Void requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("VOI-01", "VOI-02", "VOI-06", "LNK-04")
def test_a_request_from_filing_to_execution(api_with, person):
    erp = api_with("voids:write", "voids:read", "voids:verify", "tickets:read")
    tax = api_with("voids:read", "voids:verify", "voids:execute", name="TAX")
    invoice, about = money.invoice(), ticket(invoice_number="")
    officer = person(Role.FINANCE_OFFICER)

    filed = erp.post(
        "void-requests/",
        {"invoice": invoice.number, "reason": "01", "words": "抬头开错", "ticket": about.number},
        key="a",
    )
    number = filed.json()["number"]
    path = f"void-requests/{number}/"
    own = erp.post(f"{path}decision/", {"approve": True})
    bare = officer.post(f"{path}decision/", {"approve": False})
    signed = officer.post(f"{path}decision/", {"approve": True})
    makers = [erp.post(f"{path}verification/", {}), erp.post(f"{path}checks/", CHECKED)]
    open_ = tax.post(f"{path}verification/", {})
    for check in ("genuine", "customer", "transaction"):
        tax.post(f"{path}checks/", {**CHECKED, "kind": check})
    verified = tax.post(f"{path}verification/", {})
    assert verified.status_code == 200, verified.json()
    early = tax.post(f"{path}execution/", {})
    form = tax.post(f"{path}forms/", {})

    assert (filed.status_code, filed.json()["state"], filed.json()["amount"]) == (201, "finance_review", "1130.00")
    assert is_problem(own, 403)
    assert all(is_problem(answer, 403, "approval.own") for answer in makers)
    assert is_problem(bare, 422, "reason.missing")
    assert (signed.status_code, signed.json()["state"]) == (200, "verification")
    assert signed.json()["approvals"][0]["by"] == officer.user.staff_number
    assert is_problem(open_, 409, "void.checks_open")
    assert (verified.json()["state"], verified.json()["act"], verified.json()["rule"]) == (
        "awaiting_form", "red", "digital-unused",
    )  # fmt: skip
    assert is_problem(early, 409)
    assert form.json()["operations"][0]["verb"] == "form"
    assert [row["number"] for row in erp.get("void-requests/", ticket=about.number).json()["results"]] == [number]


@pytest.mark.req("ADM-02", "VOI-01")
def test_what_one_may_not_see_is_not_there(api_with, person):
    request = money.void_request()
    stranger, nobody = person(Role.SERVICE_STAFF), api_with("tickets:read")
    for path in ("", "decision/", "withdrawal/", "checks/", "verification/", "execution/", "forms/"):
        address = f"void-requests/{request.number}/{path}"
        answer = stranger.post(address, {"approve": True}) if path else stranger.get(address)
        assert is_problem(answer, 404), path
    assert stranger.get("void-requests/").json()["results"] == []
    assert is_problem(nobody.get("void-requests/"), 403)
    assert is_problem(nobody.get("refunds/"), 403)
    assert is_problem(nobody.post("void-requests/", {"invoice": "1", "reason": "01"}), 403)


def test_a_key_takes_back_only_what_keys_of_its_name_filed(api_with):
    erp, other = (api_with("voids:write", "voids:read", name=name) for name in ("ERP", "MES"))
    invoice = money.invoice()
    number = erp.post("void-requests/", {"invoice": invoice.number, "reason": "01"}).json()["number"]
    assert is_problem(other.post(f"void-requests/{number}/withdrawal/", {}), 403)
    assert erp.post(f"void-requests/{number}/withdrawal/", {}).json()["state"] == "withdrawn"


@pytest.mark.req("VOI-05")
def test_a_part_of_a_line_and_what_is_wrong_with_it(api):
    invoice = money.invoice(money.line(net="1000.00", quantity="4"))
    path, base = "void-requests/", {"invoice": invoice.number, "reason": "02"}
    assert pointers(api.post(path, {**base, "lines": [{"line": 9, "quantity": "1"}]})) == {"/lines/0/line"}
    assert pointers(api.post(path, {"invoice": "404", "reason": "02"})) == {"/invoice"}
    assert pointers(api.post(path, {**base, "ticket": "209901-001"})) == {"/ticket"}
    assert is_problem(api.post(path, {**base, "lines": [{"line": 1, "quantity": "5"}]}), 422, "void.above_balance")
    filed = api.post(path, {**base, "lines": [{"line": 1, "quantity": "1"}]}).json()
    assert (filed["net"], filed["tax"], filed["whole"]) == ("250.00", "32.50", False)
    assert is_problem(api.get(path, state="magic"), 422) and is_problem(api.get(path, colour="red"), 422)


# Refunds ----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("REF-01", "REF-02", "LNK-04")
def test_a_refund_is_filed_signed_and_cancelled(api, person):
    paid = money.payment("300.00")
    officer = person(Role.FINANCE_OFFICER)

    filed = api.post("refunds/", {"amount": "200.00", "payment": paid.number, "words": "退货退款"}, key="r1")
    again = api.post("refunds/", {"amount": "200.00", "payment": paid.number, "words": "退货退款"}, key="r1")
    above = api.post("refunds/", {"amount": "100.01", "payment": paid.number})
    number = filed.json()["number"]
    waiting = officer.get("approvals/waiting/").json()["results"]
    signed = officer.post(f"refunds/{number}/decision/", {"approve": True})
    gone = api.post(f"refunds/{number}/cancellation/", {"reason": "客户改换货"})

    assert (filed.status_code, again.json()["number"]) == (201, number)
    assert is_problem(above, 422, "refund.above_paid")
    assert [(row["kind"], row["number"], row["amount"]) for row in waiting] == [("refund", number, "200.00")]
    assert (signed.json()["state"], gone.json()["state"]) == ("approved", "cancelled")
    assert Payment.objects.get(pk=paid.pk).reserved == Decimal("0.00")
    assert Refund.objects.count() == 1


@pytest.mark.req("REF-08", "INT-06")
def test_a_payee_is_masked_in_every_answer(api):
    given = {"name": "张伟", "account": "6222 0212 3456 7890 123", "bank": "工商银行"}
    customer = make_customer(external_id="K1001", actor=system("test"))
    made = api.post(
        "refunds/",
        {"amount": "50.00", "kind": "cash", "customer": customer.external_id, "words": "补偿", "payee": given},
    )
    shown = api.get(f"refunds/{made.json()['number']}/")
    for answer in (made, shown):
        assert answer.json()["payee_account"] == "****0123"
        assert "6222 0212" not in answer.content.decode() and "62220212" not in answer.content.decode()
        assert answer.json()["payee_name"] == "张*"


def test_what_is_wrong_with_a_refund_is_named(api):
    assert pointers(api.post("refunds/", {"amount": "x", "kind": "magic", "more": 1})) == {"/amount", "/kind", "/more"}
    assert pointers(api.post("refunds/", {"amount": "1.00", "payment": "P404"})) == {"/payment"}
    assert is_problem(api.post("refunds/", {"amount": "1.00"}), 422, "refund.payment_missing")
    unsent = money.refund()
    assert is_problem(api.post(f"refunds/{unsent.number}/payment/", {}), 409)
    assert is_problem(api.post(f"refunds/{unsent.number}/another-way/", {}), 409)
    assert api.get(f"refunds/{unsent.number}/attempts/").json()["results"] == []


# Batches, differences, delegations, settlement --------------------------------------------------------------------------


@pytest.mark.req("REF-01", "REF-06")
def test_a_batch_is_released_by_a_second_person_and_differences_are_worked_off(person):
    from tests.billing.refunding import at_bank

    at_bank()
    one, other = person(Role.FINANCE_OFFICER), person(Role.FINANCE_MANAGER)
    drawn = one.post("bank-batches/", {"layout": "generic"})
    number = drawn.json()["number"]

    assert drawn.status_code == 201
    assert is_problem(one.post(f"bank-batches/{number}/release/", {}), 403, "batch.own")
    assert [row["kind"] for row in other.get("approvals/waiting/").json()["results"]] == ["bank_batch"]
    released = other.post(f"bank-batches/{number}/release/", {}).json()
    assert (released["state"], released["rows"][0]["payee_account"][:4]) == ("released", "****")
    assert BankBatch.objects.get().released_by == other.user
    run = StatementRun.objects.create(channel="alipay", day=clock.now().date())
    row = Difference.objects.create(run=run, channel="alipay", day=run.day, number="R1", kind="amount")
    assert one.get("differences/", state="open").json()["results"][0]["id"] == str(row.pk)
    assert pointers(one.post(f"differences/{row.pk}/owner/", {"owner": "X404"})) == {"/owner"}
    given = one.post(f"differences/{row.pk}/owner/", {"owner": other.user.staff_number}).json()
    assert given["owner"] == other.user.staff_number
    assert other.post(f"differences/{row.pk}/resolution/", {"resolution": "次日补单"}).json()["state"] == "resolved"
    assert is_problem(person(Role.SERVICE_STAFF).get("bank-batches/"), 403)


@pytest.mark.req("VOI-02")
def test_a_delegation_is_given_and_taken_back(person):
    boss, deputy = person(Role.MANAGEMENT), person(Role.FINANCE_OFFICER)
    today = str(clock.local(clock.now()).date())
    span = {"subject": "refund", "taker": deputy.user.staff_number, "first_day": today, "last_day": today}

    made = boss.post("delegations/", span)
    seen = deputy.get("delegations/").json()["results"]
    alien = is_problem(person(Role.FINANCE_OFFICER).post(f"delegations/{made.json()['id']}/end/", {}), 404)

    assert (made.status_code, made.json()["giver"]) == (201, boss.user.staff_number)
    assert [row["id"] for row in seen] == [made.json()["id"]]
    assert alien
    assert boss.post(f"delegations/{made.json()['id']}/end/", {}).json()["ended_at"] is not None
    assert pointers(boss.post("delegations/", {**span, "taker": "X404"})) == {"/taker"}


@pytest.mark.req("REF-09")
def test_the_settlement_of_a_complaint(api, api_with):
    about = ticket()
    money.refund(amount="80.00", ticket=about)
    shown = api.get(f"tickets/{about.number}/settlement/").json()
    assert (shown["tickets"], shown["pending"], shown["cap"]) == ([about.number], "80.00", "500.00")
    assert is_problem(api_with("tickets:read").get(f"tickets/{about.number}/settlement/"), 403)
    assert is_problem(api_with("refunds:read").get(f"tickets/{about.number}/settlement/"), 404)


# How it all behaves -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["void-requests/", "refunds/", "invoices/", "payments/", "approvals/waiting/"])
@pytest.mark.usefixtures("rules_at_hand")
def test_lists_cost_the_same_however_long_they_are(path, person, django_assert_max_num_queries):
    api = person(Role.FINANCE_OFFICER)
    for _ in range(2):
        money.refund(money.payment())
        money.void_request()
    api.get(path)
    with django_assert_max_num_queries(25) as few:
        api.get(path)
    for _ in range(3):
        money.refund(money.payment())
        money.void_request()
    with django_assert_max_num_queries(25) as many:
        assert api.get(path).status_code == 200
    assert len(many) == len(few)


def test_pages_follow_the_cursor(api):
    numbers = [money.refund().number for _ in range(3)]
    first = api.get("refunds/", page_size=2).json()
    second = api.client.get(first["next"], headers=api.headers).json()
    assert [row["number"] for row in first["results"] + second["results"]] == numbers[::-1]
    assert second["next"] is None


def test_under_a_wrong_name_the_api_answers_with_a_problem_too(api, settings):
    settings.ALLOWED_HOSTS = ["desk.example.com"]
    answer = api.client.get("/api/v1/refunds/", headers={**api.headers, "Host": "evil.example"})
    assert is_problem(answer, 400, "core.wrong_host")
    assert api.client.get("/healthz", headers={"Host": "evil.example"})["Content-Type"] != "application/problem+json"


def test_the_description_shows_every_address_with_an_example(client):
    schema = json.loads(client.get("/api/schema/").content)
    posts = {path: methods["post"] for path, methods in schema["paths"].items() if "post" in methods}
    ours = [path for path in posts if "void-requests" in path or "/refunds/" in path or "bank-batches" in path]
    assert len(ours) >= 15
    for path in ours:
        body = posts[path].get("requestBody")  # some steps need no words
        assert body is None or "examples" in body["content"]["application/json"], path


@pytest.mark.req("VOI-09")
def test_a_voucher_is_made_void_by_four_hands(person, api_with):
    customer = make_customer(external_id="K1001", actor=system("test"))
    clerk, officer = person(Role.SERVICE_STAFF, staff(Role.SERVICE_STAFF)), person(Role.FINANCE_OFFICER)
    given = {"kind": "voucher", "subject_number": "V-100", "customer": customer.external_id, "amount": "50.00"}

    filed = clerk.post("cancellations/", given)
    path = f"cancellations/{filed.json()['number']}/"
    own = clerk.post(f"{path}decision/", {"approve": True})
    signed = officer.post(f"{path}decision/", {"approve": True}).json()
    for check in signed["checks"]:
        officer.post(f"{path}checks/", {"kind": check["kind"], "passed": True, "detail": "已核对"})
    done = officer.post(f"{path}execution/", {"reference": "SHOP-77"})

    assert (filed.status_code, filed.json()["state"]) == (201, "review")
    assert is_problem(own, 403, "approval.own")
    assert (signed["state"], done.json()["state"], done.json()["reference"]) == ("checking", "done", "SHOP-77")
    assert pointers(clerk.post("cancellations/", {**given, "customer": "K9"})) == {"/customer"}
    assert is_problem(person(Role.WAREHOUSE).get(path), 404)
    assert is_problem(api_with("tickets:read").get("cancellations/"), 403)


def test_the_description_names_exactly_what_is_answered():
    """A field that is answered and not described, or described and not answered, misleads who integrates."""
    void, back = money.void_request(ticket=ticket()), money.refund(ticket=ticket())
    standing, signed = approvals.standing(void), []
    told = {
        answers.InvoiceDetail: rows.invoice_detail(void.invoice),
        answers.PaymentAnswer: rows.payment(back.payment),
        answers.VoidAnswer: rows.void(void),
        answers.VoidDetail: rows.void_detail(void, standing, signed),
        answers.RefundAnswer: rows.refund(back),
        answers.RefundDetail: rows.refund_detail(back, standing, signed),
    }
    for described, answered in told.items():
        assert set(described().fields) == set(answered), described.__name__
