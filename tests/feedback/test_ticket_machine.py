"""A few random lives of tickets with every test run; `script/chaos tickets` lives through hundreds."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ticket_machine import Tickets

FEW = settings(
    max_examples=8, stateful_step_count=20, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.django_db
@pytest.mark.req("HND-01", "SLA-03", "SUR-04", "INT-02")
@pytest.mark.long
def test_whatever_happens_the_tickets_stay_sound():
    run_state_machine_as_test(Tickets, settings=FEW)
