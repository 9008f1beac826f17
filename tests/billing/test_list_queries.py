"""Lists of money cost as many queries for many rows as for a few: admin, desk and API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.models import Difference, Refund, RefundGate, StatementRun
from apps.billing.services import cancellations
from apps.billing.services.cancellations import CancellationDraft
from apps.core import clock
from apps.desk.approvals import BY_NAME
from apps.feedback.selectors import desk_rules
from apps.sla import rules
from tests.billing import tax
from tests.factories import OrderFactory, make_customer, staff, staff_actor, ticket
from tests.money import finance, invoice, line, payment, refund, void_request

pytestmark = pytest.mark.django_db
DESK = (
    "/desk/", "/desk/voids/", "/desk/refunds/", "/desk/cancellations/", "/desk/money/", "/desk/month-end/",
    "/desk/delegations/", "/desk/packs/", "/desk/months/",
)  # fmt: skip
API = (
    "invoices", "payments", "void-requests", "refunds", "cancellations", "bank-batches", "differences",
    "approvals/waiting", "delegations",
)  # fmt: skip
VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}


@pytest.fixture
def steady(monkeypatch):
    monkeypatch.setattr(desk_rules, "RULES_SECONDS", 3600)
    monkeypatch.setattr(rules, "CHECK_SECONDS", 3600)


def browser(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def some(count, owner):
    """So many of each: with tickets, orders and customers of their own."""
    today = clock.local(clock.now()).date()
    for _ in range(count):
        buyer = make_customer()
        order = OrderFactory(customer=buyer)
        void_request(invoice(line("50.00"), customer=buyer, order=order), ticket=ticket())
        tax.verified(of=invoice(kind="paper_special", facts=VOIDABLE))
        refund(payment("500.00", customer=buyer, order=order), ticket=ticket())
        left = refund(payment("90.00", customer=buyer, order=order), amount="90.00")
        Refund.objects.filter(pk=left.pk).update(state="succeeded", settled_at=clock.now())
        number = f"Q{Difference.objects.count()}"
        run = StatementRun.objects.create(channel="alipay", day=today - timedelta(days=Difference.objects.count() + 1))
        Difference.objects.create(run=run, channel="alipay", day=run.day, number=number, kind="amount", owner=owner)
        cancellations.file(CancellationDraft("voucher", number, buyer, Decimal(10)), actor=staff_actor())


@pytest.mark.long
@pytest.mark.usefixtures("rules_at_hand")
def test_no_list_of_money_asks_more_for_more_rows(steady):
    RefundGate.objects.all().delete()
    manager = staff(Role.FINANCE_MANAGER, "finance")
    boss = browser(staff(Role.ADMINISTRATOR, "finance", is_superuser=True))
    of_admin = [
        reverse(f"admin:billing_{model._meta.model_name}_changelist")
        for model in admin.site._registry
        if model._meta.app_label == "billing"
    ]
    pages = [(boss, page) for page in of_admin] + [(browser(manager), page) for page in DESK]
    pages += [(browser(manager), f"/api/v1/{name}/") for name in API]

    def asked():
        found = {}
        for client, page in pages:
            client.get(page)  # what is kept in memory is there
            cache.clear()
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(page)
            assert answer.status_code == 200, page
            found[page] = len(queries)
        return found

    some(2, manager)
    few = asked()
    some(3, manager)
    many = asked()

    assert {page: (few[page], many[page]) for page in few if many[page] > few[page]} == {}


@pytest.mark.usefixtures("rules_at_hand")
def test_no_source_of_the_inbox_asks_more_for_more_rows(steady):
    actor = finance()
    counts = []
    for _ in range(2):
        some(3, actor.user)
        found = {}
        for name, source in BY_NAME.items():
            with CaptureQueriesContext(connection) as queries:
                found[name] = (len(source.rows(actor)), len(queries))
        counts.append(found)
    few, many = counts

    assert many["cancellation"][0] == 6 and many["void"][0] == 6 and many["difference"][0] == 6
    assert {name: (few[name], many[name]) for name in few if many[name][1] > few[name][1]} == {}
