"""The page and the panel of LNK-05, and the page of a cancellation (VOI-09)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.models import Cancellation, Refund
from apps.billing.services import cancellations, paying, refunds
from apps.core import clock
from apps.core.errors import DomainError
from tests.factories import make_customer, staff_actor, ticket
from tests.money import finance, payment

pytestmark = pytest.mark.django_db


def paid_refund(hours=30):
    with clock.at(clock.now() - timedelta(hours=hours)):
        one = ticket(received_at=clock.now())
    case = refunds.file(
        refunds.RefundDraft(Decimal("100.00"), "", payment=payment(), ticket=one), actor=staff_actor(Role.SERVICE_STAFF)
    )
    refunds.decide(case, actor=finance(), approve=True)
    attempt = paying.begin(Refund.objects.get(pk=case.pk), actor=paying.PAYER)
    paying.settle(attempt, Outcome(Proof.SUCCEEDED))
    return case


@pytest.mark.req("LNK-05")
def test_the_dashboard_names_the_finding_and_leads_to_the_rows(signed_in):
    case = paid_refund()
    client = signed_in("finance_manager", "finance")
    page = client.get(reverse("admin:index")).content.decode()
    link = f"{reverse('desk:money_figures')}?month={clock.local(clock.now()):%Y-%m}"
    assert link in page
    rows = client.get(link).content.decode()
    assert case.number in rows and case.ticket.number in rows and "100.00" in rows
    assert client.get(f"{link}&department={case.ticket.department_id}").content.decode().count(case.number)
    assert client.get(f"{reverse('desk:money_figures')}?month=nonsense&department=x").status_code == 200


def test_service_staff_have_no_figures_of_money(signed_in):
    client = signed_in("service_staff")
    assert client.get(reverse("desk:money_figures")).status_code == 404
    assert reverse("desk:money_figures") not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.req("LNK-05")
@pytest.mark.usefixtures("rules_at_hand")
def test_the_page_needs_as_many_queries_for_many_refunds_as_for_one(signed_in, django_assert_max_num_queries):
    from django.core.cache import cache

    client = signed_in("finance_manager", "finance")
    paid_refund()
    client.get(reverse("desk:money_figures"))
    cache.clear()
    with django_assert_max_num_queries(30) as one:
        assert client.get(reverse("desk:money_figures")).status_code == 200
    for _n in range(3):
        paid_refund()
    client.get(reverse("desk:money_figures"))  # rules that a process keeps for a minute are known
    cache.clear()
    with django_assert_max_num_queries(30) as full:
        client.get(reverse("desk:money_figures"))
    assert len(full) <= len(one)


@pytest.mark.req("VOI-09")
def test_a_voucher_goes_its_way_in_the_browser_and_nobody_signs_their_own(signed_in):
    maker = signed_in("finance_officer", "finance")
    from apps.core import actors

    case = cancellations.file(
        cancellations.CancellationDraft("voucher", "DJQ-88", make_customer(), Decimal("50.00"), "客户重复领取"),
        actor=actors.staff(maker.user),
    )

    def do(client, name, **typed):
        return client.post(reverse("desk:cancellation_act", args=[case.number, name]), typed)

    page = maker.get(reverse("desk:cancellation", args=[case.number])).content.decode()
    assert "DJQ-88" in page and 'do/approve/"' not in page
    assert do(maker, "approve").status_code == 403
    boss = signed_in("finance_manager", "finance")
    inbox = boss.get(reverse("desk:case", args=["cancellation", case.pk]))
    assert "50.00" in inbox.content.decode()
    assert do(boss, "approve").status_code == 302
    assert do(boss, "execute", reference="X-1").status_code == 409
    for kind in ("owner", "unused"):
        assert do(maker, "check", kind=kind, passed="yes", detail="看过").status_code == 403
        assert do(boss, "check", kind=kind, passed="yes", detail="系统核对").status_code == 302
    assert do(boss, "execute", reference="").status_code == 422
    assert do(boss, "execute", reference="YHQ-2026-1").status_code == 302

    done = Cancellation.objects.get(pk=case.pk)
    assert (done.state, done.reference, done.executed_by) == ("done", "YHQ-2026-1", boss.user)
    stranger = signed_in("department_handler", "technical")
    assert stranger.get(reverse("desk:cancellation", args=[case.number])).status_code == 404
    assert case.number in boss.get(reverse("desk:cancellations")).content.decode()


@pytest.mark.req("VOI-09")
def test_an_account_closes_when_nothing_is_open_and_takes_no_coupon_after(signed_in):
    customer = make_customer()
    staff, boss = staff_actor(Role.SERVICE_STAFF), finance(Role.FINANCE_MANAGER)
    draft = cancellations.CancellationDraft("account", "U-1", customer, Decimal("0.00"), "客户要求注销")
    case = cancellations.file(draft, actor=staff)
    with pytest.raises(DomainError, match=case.number):
        cancellations.file(draft, actor=staff)
    open_one = refunds.file(
        refunds.RefundDraft(Decimal("9.00"), kind="coupon", customer=customer), actor=staff_actor(Role.SERVICE_STAFF)
    )
    cancellations.decide(case, actor=boss, approve=True)
    checks = {check.kind: check for check in case.checks.all()}
    assert (checks["open_money"].result, checks["open_money"].detail) == ("failed", open_one.number)
    assert checks["open_tickets"].result == "passed"
    with pytest.raises(DomainError):  # the system found it: nobody overrules
        cancellations.record_check(case, "open_money", passed=True, actor=boss, detail="没事")
    for kind in ("owner", "balance", "personal_data"):
        cancellations.record_check(case, kind, passed=True, actor=boss, detail="已核对")
    with pytest.raises(DomainError):
        cancellations.execute(case, actor=boss, reference="ZX-1")
    refunds.cancel(open_one, actor=staff, reason="不发了")
    assert cancellations.execute(case, actor=boss, reference="ZX-1").state == "done"
    with pytest.raises(DomainError) as caught:
        refunds.file(refunds.RefundDraft(Decimal("9.00"), kind="coupon", customer=customer), actor=staff)
    assert caught.value.code == "refund.account_closed"
