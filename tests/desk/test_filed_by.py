"""Lists and pages tell who filed a case: a colleague, an API key in nobody's name, or the system."""

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.billing.models import Refund
from apps.core.actors import SYSTEM, Actor
from apps.desk.money import filers
from tests import factories
from tests.money import payment, refund

pytestmark = pytest.mark.django_db
KEY = Actor("api", "api:青云商城", permissions=frozenset({"billing.request_refund"}))


def test_a_colleague_a_key_and_the_system(django_assert_num_queries):
    clerk = factories.staff_actor(Role.SERVICE_STAFF)
    numbers = [refund(payment(), actor=actor).number for actor in (clerk, KEY, SYSTEM)]
    rows = {row.number: row for row in Refund.objects.select_related("requested_by")}

    with django_assert_num_queries(1):
        filers.name(list(rows.values()))

    assert [rows[number].filed_by for number in numbers] == [str(clerk.user), "API 密钥 青云商城", "系统"]


def test_list_case_and_signature_call_a_key_by_its_name(client):
    by_key = refund(payment(), actor=KEY)
    client.force_login(factories.staff(Role.FINANCE_MANAGER, "finance"))

    for address in (
        reverse("desk:refunds"),
        reverse("desk:refund", args=[by_key.number]),
        reverse("desk:case", args=["refund", by_key.pk]),
    ):
        assert "青云商城" in client.get(address).content.decode(), address
