"""Red forms that wait for the other side, and hours after a fixed morning."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.billing.models import RedForm
from apps.billing.services import red_forms, tax_operations
from apps.core import clock
from apps.core.errors import DomainError
from tests.billing import tax
from tests.money import UNUSED, finance, invoice

USED = {**UNUSED, "use_confirmed": True}
VOIDABLE = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}
MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def waiting_form(**fields):
    request = tax.verified(of=invoice(facts=USED, **fields))
    red_forms.enter(request, actor=finance())
    tax_operations.sweep()
    return RedForm.objects.get()


def at(hours):
    return clock.at(MORNING + timedelta(hours=hours))


def refused(code, call):
    with pytest.raises(DomainError) as caught:
        call()
    assert caught.value.code == code
