"""The demo company's money stands in every state that finance meets."""

import heapq
from datetime import timedelta

import pytest

from apps.billing import to_sign
from apps.billing.models import BankBatch, Cancellation, Difference, Refund, VoidRequest
from apps.core import actors, clock
from apps.demo import company, money
from apps.journal import deliveries
from apps.journal.models import Event


@pytest.mark.django_db
@pytest.mark.long
def test_every_state_has_a_case_and_every_desk_something_to_do():
    end = clock.now()
    people = company.hire(actor=actors.system("demo"))
    company.stock()
    planned = [(-days, place, act) for place, (days, act) in enumerate(money.acts(people, 180))]
    heapq.heapify(planned)
    while planned:
        days, _place, act = heapq.heappop(planned)
        with clock.at(end + timedelta(days=days)):
            act()
            deliveries.drain()
            deliveries.drain()

    assert sorted(VoidRequest.objects.values_list("state", flat=True)) == sorted(
        ["done"] * 4 + ["awaiting_form", "management_review", "verification", "finance_review", "rejected", "withdrawn", "ready"]
    )  # fmt: skip
    assert sorted(Refund.objects.values_list("state", flat=True)) == sorted(
        [
            "succeeded",
            "succeeded",
            "needs_fallback",
            "unknown",
            "created",
            "created",
            "approved",
            "processing",
            "processing",
        ]
    )
    assert Refund.objects.get(state="approved").held_because
    assert BankBatch.objects.get().count == 2
    assert Difference.objects.get().kind == "missing_here"
    assert Cancellation.objects.get().state == "review"
    assert Event.objects.filter(kind="money.not_opened").count() == 1
    for name in ("denghua", "pengjuan", "liangzong"):
        actor = actors.staff(people[name])
        assert to_sign.voids(actor) or to_sign.refunds(actor), name
