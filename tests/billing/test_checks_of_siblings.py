"""Several requests of one invoice are verified side by side: what is known of the invoice counts for each (VOI-03)."""

from decimal import Decimal

import pytest

from apps.billing.adapters import registry
from apps.billing.models import VoidRequest
from apps.billing.services import invoices, tax_facts, verification, voids
from apps.billing.services.balance import Ask
from apps.billing.states import CheckKind, CheckResult, InvoiceKind, Source
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from tests.money import finance, invoice, line, void_request

pytestmark = [pytest.mark.django_db, pytest.mark.req("VOI-03")]


class Told:
    """A platform that says of any invoice what it is given."""

    name, query_every = "told", 30

    def __init__(self):
        self.found = None

    def look_up(self, code, number):
        return self.found


@pytest.fixture
def platform(monkeypatch):
    adapter = Told()
    monkeypatch.setattr(registry, "_tax", {"told": adapter})
    return adapter


def both(blue):
    asks = [Ask(blue.lines.get(), Decimal(1))]
    return [voids.decide(void_request(blue, reason="02", asks=asks), actor=finance(), approve=True) for _ in range(2)]


def check(request, kind):
    return request.checks.get(kind=kind)


def known(blue, **more):
    return {"known": True, "gross": blue.gross, "buyer_name": blue.buyer_name} | more


def test_what_the_platform_tells_for_one_fills_the_checks_of_the_other(platform):
    blue = invoice(line("100.00", "3"))
    first, second = both(blue)
    assert check(second, CheckKind.GENUINE).result == CheckResult.OPEN

    platform.found = known(blue)
    tax_facts.renew(first)

    for request in (first, second):
        assert (check(request, CheckKind.GENUINE).result, check(request, CheckKind.GENUINE).source) == ("passed", "tax")


def test_a_row_that_still_shows_open_takes_the_same_word_from_a_person_and_never_the_opposite(platform):
    blue = invoice(line("100.00", "3"))
    first, second = both(blue)
    tax_facts.keep(blue, known(blue), "told")  # known since, and nobody has looked at the rows again
    assert check(second, CheckKind.GENUINE).result == CheckResult.OPEN

    with pytest.raises(DomainError) as caught:
        verification.record_check(first, CheckKind.GENUINE, passed=False, actor=finance(), detail="查无此票")
    kept = verification.record_check(second, CheckKind.GENUINE, passed=True, actor=finance(), detail="已在税局核对")

    assert caught.value.code == "void.check_by_system"
    assert (kept.result, kept.source, kept.by) == (CheckResult.PASSED, Source.TAX, None)  # the finding, not the person


def test_a_finding_of_the_system_that_the_row_shows_is_not_recorded_over(platform):
    blue = invoice(line("100.00", "3"))
    first, _ = both(blue)
    platform.found = known(blue)
    tax_facts.renew(first)

    for passed in (True, False):
        with pytest.raises(DomainError) as caught:
            verification.record_check(first, CheckKind.GENUINE, passed=passed, actor=finance(), detail="已核对")
        assert caught.value.code == "void.check_by_system"


def test_a_fact_that_a_person_records_counts_for_every_request_that_is_verified():
    blue = invoice(line("100.00", "3"), kind=InvoiceKind.PAPER_ORDINARY, facts={"tax_filed": True})
    first, second = both(blue)
    invoices.record_fact(blue, "copies_back", True, source=Source.PERSON, actor=SYSTEM)

    verification.refresh_all(blue)

    assert {check(one, CheckKind.COPIES).result for one in (first, second)} == {CheckResult.PASSED}
    assert VoidRequest.objects.filter(state="verification").count() == 2
