"""A request that ends, or is decided again, takes its red form back: alive on the tax platform it would bar the invoice's
next form, and the buyer would be asked to confirm what nobody wants any more (VOI-05, VOI-12).

The request goes its way at once. Its form is let go of: no clock, no reminders, no red invoice by it; it stays alive here
until the platform has said that it isn't. A buyer's form is theirs to withdraw: we only stop following it.
"""

from django.db import transaction

from apps.billing import events
from apps.billing.adapters.base import TaxOutcome
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.services import tax_calls
from apps.billing.states import (
    FORM_ALIVE,
    FORM_ALLOWS_RED,
    LETS_FORM_GO,
    OPEN_ATTEMPTS,
    AttemptState,
    FormState,
    Starter,
)
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.doorbell import ring
from apps.sla.services import deadlines
from apps.sla.states import Metric

TAX = system("tax")
WITHDRAW = TaxOperation.Verb.WITHDRAW


def let_go(request: VoidRequest, *, actor: Actor) -> None:
    """Have the request's living form withdrawn. Said twice, it is done once. The caller holds the request's lock.

    Never raises: where a call is open its outcome comes first, and `let_go_left_behind` goes on from there.
    """
    alive = request.forms.filter(state__in=FORM_ALIVE).first()
    if alive is None or alive.is_let_go:
        return
    form = locks.row(RedForm, alive.pk)
    if form.starter == Starter.BUYER:
        deadlines.cancel(form, [Metric.RED_FORM], at=clock.now())
        end(request, form, FormState.WITHDRAWN, actor=actor)
    elif not tax_calls.is_open(request):
        deadlines.cancel(form, [Metric.RED_FORM], at=clock.now())
        _call(request, form, actor)


def again(form: RedForm, *, actor: Actor) -> None:
    """After a refusal: ask the platform once more.

    Raises DomainError `core.not_allowed`, `void.form_over`, `void.form_wanted`, `void.being_executed`.
    """
    if not actor.can("billing.verify_void"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        request = locks.row(VoidRequest, form.request_id)
        fresh = locks.row(RedForm, form.pk)
        if fresh.state not in FORM_ALIVE:
            raise DomainError("void.form_over", state=fresh.get_state_display())
        if not fresh.is_let_go:
            raise DomainError("void.form_wanted")
        _call(request, fresh, actor)


def _call(request: VoidRequest, form: RedForm, actor: Actor) -> None:
    """By the way that the form was entered: who entered it by hand withdraws it by hand."""
    entered = form.operations.filter(verb=TaxOperation.Verb.FORM).first()
    operation = tax_calls.new(request, WITHDRAW, form, entered.adapter if entered else "")
    operation.save(force_insert=True)
    data = {"form": str(form.pk), "number": form.number, "operation": str(operation.pk)}
    journal.record(events.VOID_FORM_LET_GO, subject=request, actor=actor, data=data)
    ring("billing.tax")


def settled(request: VoidRequest, operation: TaxOperation, outcome: TaxOutcome) -> None:
    """The platform withdrew the form, or refused to. The caller holds the request's lock."""
    form = locks.row(RedForm, operation.form_id)
    if form.state not in FORM_ALIVE:
        return
    if operation.state == AttemptState.SUCCEEDED:
        end(request, form, _ended(form, outcome), actor=TAX)
        return
    form.looked_at = None  # asked after at once: it may be over for another reason
    form.save(update_fields=["looked_at"])
    data = {"form": str(form.pk), "number": form.number, "operation": str(operation.pk), "code": operation.failure}
    journal.record(events.VOID_FORM_STAYS, subject=request, actor=TAX, data=data)


def _ended(form: RedForm, outcome: TaxOutcome) -> FormState:
    if outcome.form_state in FormState.values and outcome.form_state not in FORM_ALIVE:
        return FormState(outcome.form_state)
    return FormState.WITHDRAWN_LATE if form.state in FORM_ALLOWS_RED else FormState.WITHDRAWN


def end(request: VoidRequest, form: RedForm, state: FormState, *, actor: Actor) -> None:
    """Note that a form which nobody wants any more is over; the request stays as it is."""
    form.state, form.settled_at = state, clock.now()
    form.save(update_fields=["state", "settled_at"])
    data = {"form": str(form.pk), "number": form.number, "form_state": form.state, "starter": form.starter}
    journal.record(events.VOID_FORM_CHANGED, subject=request, actor=actor, data=data)


def let_go_left_behind(limit: int = 50) -> int:
    """Forms that live on after their request, because a call was open then or nobody asked; how many requests."""
    left = RedForm.objects.filter(state__in=FORM_ALIVE, request__state__in=LETS_FORM_GO).exclude(
        operations__verb=WITHDRAW
    )
    free = left.exclude(request__operations__state__in=OPEN_ATTEMPTS)
    requests = list(free.order_by("id").values_list("request_id", flat=True)[:limit])
    for pk in requests:
        with transaction.atomic():
            request = locks.row(VoidRequest, pk)
            if request.state in LETS_FORM_GO:
                let_go(request, actor=TAX)
    return len(requests)
