"""The form before a red invoice: entered, waited for, settled, lapsed (VOI-05, VOI-12)."""

from datetime import timedelta

from django.db import transaction

from apps.billing import events
from apps.billing.adapters.base import TaxOutcome
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.services import form_withdrawals, tax_calls
from apps.billing.states import (
    FORM_ALIVE,
    FORM_ALLOWS_RED,
    FORM_WAITS,
    AttemptState,
    FormState,
    Starter,
    VoidState,
)
from apps.core import clock, locks
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal import transitions
from apps.journal.doorbell import ring

TAX = system("tax")
ALIVE = FORM_ALIVE


def enter(request: VoidRequest, *, actor: Actor) -> VoidRequest:
    """Enter our form on the platform, or note that the buyer has to enter theirs.

    Raises DomainError `core.not_allowed`, `void.form_alive`, `void.form_let_go`, `void.being_executed`,
    `transition.impossible`.
    """
    if not actor.can("billing.verify_void"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        if fresh.state != VoidState.AWAITING_FORM or fresh.rule is None:
            raise DomainError("transition.impossible", state=fresh.get_state_display())
        alive = fresh.forms.filter(state__in=ALIVE).first()
        if alive is not None:
            raise DomainError("void.form_let_go" if alive.is_let_go else "void.form_alive")
        if tax_calls.is_open(fresh):
            raise DomainError("void.being_executed")
        if fresh.rule.starter == Starter.BUYER:
            _note(fresh, Starter.BUYER, FormState.WAITS_FOR_BUYER, "", actor)
            return fresh
        tax_calls.new(fresh, TaxOperation.Verb.FORM).save(force_insert=True)
    ring("billing.tax")
    return fresh


def entered(request: VoidRequest, operation: TaxOperation, outcome: TaxOutcome) -> None:
    """The platform took our form, or refused it. What was asked for before the request ended, or before it was decided
    again, is withdrawn at once. The caller holds the request's lock.
    """
    if operation.state != AttemptState.SUCCEEDED:
        data = {"operation": str(operation.pk), "code": operation.failure}
        journal.record(events.VOID_FORM_CHANGED, subject=request, actor=TAX, data=data)
        return
    form = _note(request, Starter.SELLER, FormState(outcome.form_state), outcome.form_number, TAX)
    operation.form = form
    operation.save(update_fields=["form"])
    decided = request.decided_at or operation.created_at
    if request.state != VoidState.AWAITING_FORM or operation.created_at < decided:
        form_withdrawals.let_go(request, actor=TAX)
    else:
        _follow(request, form)


def _note(request: VoidRequest, starter: Starter, state: FormState, number: str, actor: Actor) -> RedForm:
    now = clock.now()
    hours = request.rule.form_hours if request.rule and state in FORM_WAITS else None
    form = RedForm.objects.create(
        request=request, kind=request.form_kind, starter=starter, number=number, state=state, entered_at=now,
        confirm_by=now + timedelta(hours=hours) if hours else None,
    )  # fmt: skip
    _record(request, form, actor)
    return form


def _record(request: VoidRequest, form: RedForm, actor: Actor, reason: str = "") -> None:
    data = {"form": str(form.pk), "number": form.number, "form_state": form.state, "starter": form.starter}
    journal.record(events.VOID_FORM_CHANGED, subject=request, actor=actor, data=data, reason=reason)


def take_up(request: VoidRequest, form: RedForm, *, instead_of: RedForm | None, actor: Actor) -> RedForm:
    """Follow a buyer's form anew that we had stopped following. The caller holds the request's lock."""
    if instead_of is not None:  # the row that waited for its number
        form_withdrawals.end(request, instead_of, FormState.WITHDRAWN, actor=actor)
    fresh = locks.row(RedForm, form.pk)
    fresh.state, fresh.settled_at, fresh.looked_at = FormState.WAITS_FOR_SELLER, None, None
    fresh.save(update_fields=["state", "settled_at", "looked_at"])
    _record(request, fresh, actor)
    return fresh


def change(form: RedForm, state: str, *, actor: Actor, number: str = "", reason: str = "") -> RedForm:
    """The platform's, or a person's, word that the form's state has changed. Said twice, it changes nothing.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `void.form_over`.
    """
    if not actor.can("billing.verify_void"):
        raise DomainError("core.not_allowed")
    if state not in FormState.values:
        raise DomainError("core.invalid_choice", field="state", value=state)
    with transaction.atomic():
        request = locks.row(VoidRequest, form.request_id)
        fresh = locks.row(RedForm, form.pk)
        if fresh.state == state and (not number or number == fresh.number):
            return fresh
        if fresh.state not in ALIVE:
            raise DomainError("void.form_over", state=fresh.get_state_display())
        fresh.state, fresh.number = state, number or fresh.number
        fresh.settled_at = None if state in FORM_WAITS else clock.now()
        fresh.save()
        _record(request, fresh, actor, reason)
        if not fresh.is_let_go:
            _follow(request, fresh)
        return fresh


def _follow(request: VoidRequest, form: RedForm) -> None:
    """Confirmed: the request is ready. Lost after it was ready: it waits again."""
    if form.state in FORM_ALLOWS_RED and request.state == VoidState.AWAITING_FORM:
        transitions.apply(request, "settle_form", actor=TAX, form=form)
    elif form.state not in ALIVE and request.state == VoidState.READY:
        transitions.apply(request, "lose_form", actor=TAX, form=form)
