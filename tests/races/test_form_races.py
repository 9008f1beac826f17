"""Ending a request, following its form and calling the tax platform at the same moment: one withdrawal (VOI-06, VOI-12)."""

import pytest

from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.services import executing, form_clock, form_withdrawals, red_forms, tax_operations, voids
from apps.billing.states import VoidState
from apps.core import clock
from apps.core.errors import DomainError
from apps.journal.models import Event
from tests.billing import tax
from tests.billing.test_form_withdrawals import Bureau
from tests.money import finance, invoice
from tests.races.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 16


def quietly(act):
    try:
        return act()
    except DomainError:
        return None


@pytest.mark.req("VOI-06", "VOI-12")
def test_however_many_end_it_follow_it_and_sweep_it_is_withdrawn_once_or_used_once(monkeypatch):
    people = [finance() for _ in range(MANY)]
    for round_ in range(3):
        bureau = Bureau()
        bureau.send = numbered(bureau, f"HZ{round_}")
        monkeypatch.setattr(registry, "_tax", {"bureau": bureau})
        request = tax.verified(of=invoice())
        red_forms.enter(request, actor=finance())
        tax_operations.sweep()
        form = RedForm.objects.get(request=request)
        acts = [
            lambda n, r=request: voids.reject_verified(r, actor=people[n], reason="客户改变主意"),
            lambda n, r=request: executing.execute(r, actor=people[n]),
            lambda n: form_clock.follow(),
            lambda n: tax_operations.sweep(),
            lambda n, f=form: form_withdrawals.again(f, actor=people[n]),
        ]
        at_once(MANY, lambda n, acts=acts: quietly(lambda: acts[n % len(acts)](n)))
        TaxOperation.objects.filter(settled_at=None).update(next_query_at=clock.now(), lease_until=None)
        tax_operations.sweep()

        fresh, form = VoidRequest.objects.get(pk=request.pk), RedForm.objects.get(request=request)
        verbs = list(TaxOperation.objects.filter(request=request).order_by("id").values_list("verb", flat=True))
        gone = Event.objects.filter(subject_id=request.pk, kind=events.VOID_FORM_CHANGED, data__form_state="09").count()
        if fresh.state == VoidState.REJECTED:
            assert (form.state, verbs, gone) == ("09", ["form", "withdraw"], 1)
        else:
            assert (fresh.state, form.state, verbs, gone) == (VoidState.DONE, "01", ["form", "red"], 0)
        assert len(bureau.calls) == len(set(bureau.calls)) == 2


def numbered(bureau, number):
    """The bureau's answers under a number of this round; a red invoice gets one, too."""
    plain = Bureau.send

    def send(order):
        outcome = plain(bureau, order)
        return type(outcome)(
            outcome.proof, form_number=order.form_number or number, form_state=outcome.form_state,
            certificate=f"R{number}" if order.verb == "red" else "",
        )  # fmt: skip

    return send
