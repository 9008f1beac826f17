"""Several workers carry out one destruction list, and a hold comes while it runs (ARC-05)."""

from threading import Thread

import pytest
from django.db import connection, transaction

from apps.accounts.roles import Role
from apps.billing.models import DestructionItem, DestructionList, Erasure
from apps.billing.retention import destruction, holds, people, wiping
from apps.core import clock, locks
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.feedback.models import Ticket
from tests.billing import retention as make
from tests.factories import make_customer, staff_actor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.req("ARC-05")]


def in_threads(n: int, work) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_four_workers_destroy_each_record_once():
    tickets = [
        make.close_again(make.closed_ticket(phone=f"1391234567{n}", email=f"a{n}@example.com")) for n in range(3)
    ]
    later = make.years_later(tickets[0].closed_at, 5)
    boss = staff_actor(Role.FINANCE_MANAGER)
    with clock.at(later):
        drawn = destruction.draw_up("complaint", actor=boss)
        for role in (Role.MANAGEMENT, Role.AUDITOR):
            drawn = destruction.witness(drawn, actor=staff_actor(role), seen=drawn.digest)
        destruction.carry_out(drawn, actor=boss)

    def work() -> None:
        with clock.at(later):
            destruction.work_off()

    in_threads(4, work)
    with clock.at(later):
        destruction.work_off()

    assert DestructionList.objects.get().state == "done"
    assert Erasure.objects.filter(subject_id__in=[t.pk for t in tickets]).count() == 3
    assert not DestructionItem.objects.filter(erasure=None).exists()
    assert not Erasure.objects.filter(files_gone_at=None).exists()


def test_a_hold_that_comes_first_is_waited_for():
    customer = make_customer()
    later = make.years_later(customer.created_at, 4)
    boss = staff_actor(Role.FINANCE_MANAGER)
    done: list[int] = []

    def anonymise() -> None:
        with clock.at(later):
            done.append(people.anonymise_due())

    with transaction.atomic():
        locks.row(Customer, customer.pk)  # the hold is being placed
        worker = Thread(target=lambda: (anonymise(), connection.close()))
        worker.start()
        holds.place(customer, actor=boss, reason="诉讼")
    worker.join()

    assert Customer.objects.get(pk=customer.pk).erased_at is None
    assert done == [0]


def test_a_customer_is_erased_once_by_many_jobs():
    for _ in range(5):
        make_customer()
    later = make.years_later(clock.now(), 4)

    def work() -> None:
        with clock.at(later):
            people.anonymise_due()

    in_threads(4, work)

    assert Erasure.objects.count() == Customer.objects.filter(erased_at__isnull=False).count() == 5
    assert wiping.finish_files() == 0
    assert not Ticket.objects.exists()
    with pytest.raises(DomainError):
        people.anonymise_due(actor=staff_actor(Role.AUDITOR))
