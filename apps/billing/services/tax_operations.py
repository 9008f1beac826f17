"""Calls to the tax platform: made, sent, asked after and settled (VOI-06). See `outbound` for the engine."""

import time

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from apps.billing.adapters import registry
from apps.billing.adapters.base import Outcome, TaxOrder, TaxOutcome
from apps.billing.models import TaxOperation, VoidLine, VoidRequest
from apps.billing.services import executing, form_withdrawals, outbound, red_forms
from apps.billing.services.outbound import Line, Swept
from apps.billing.states import OPEN_ATTEMPTS, AttemptState, VoidState
from apps.core import clock, locks, uploads
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal import transitions
from apps.journal.doorbell import ring

TAX = system("tax")


def sweep(limit: int = 50) -> Swept:
    """Send what waits, ask after what is open and due."""
    return outbound.sweep(LINE, limit)


def work_off(seconds: float = 20.0) -> None:
    """Sweep until nothing is due, or so many seconds have passed: a platform that hangs must not hold a worker for long."""
    until = time.monotonic() + seconds
    while sweep(1).worked and time.monotonic() < until:
        pass


def ask_now(request: VoidRequest, *, actor: Actor) -> None:
    """Have the open call of a request asked about at once, and not at its own time.

    Raises DomainError `core.not_allowed`, `tax.none_open`.
    """
    if not actor.can("billing.execute_void"):
        raise DomainError("core.not_allowed")
    open_ones = request.operations.filter(state__in=OPEN_ATTEMPTS)
    if not open_ones.update(next_query_at=clock.now()):
        raise DomainError("tax.none_open")
    ring("billing.tax")


def order_of(operation: TaxOperation) -> TaxOrder:
    request = VoidRequest.objects.select_related("invoice", "reason", "rule").get(pk=operation.request_id)
    invoice = request.invoice
    lines = VoidLine.objects.filter(request=request).select_related("line").order_by("line__position")
    return TaxOrder(
        key=operation.key,
        verb=operation.verb,
        code=invoice.code,
        number=invoice.number,
        kind=invoice.kind,
        issued_on=clock.local(invoice.issued_at).date().isoformat(),
        reason_code=request.reason.code,
        net=request.net,
        tax=request.tax,
        lines=tuple((part.line.name, part.quantity, part.net, part.line.rate, part.tax) for part in lines),
        whole=request.whole,
        form_kind=operation.form.kind if operation.form else request.form_kind,
        form_number=operation.form.number if operation.form else "",
        with_blue_data=request.rule.with_blue_data if request.rule else True,
    )


def _send(operation: TaxOperation) -> Outcome:
    return registry.tax_adapter(operation.adapter).send(order_of(operation))


def _query(operation: TaxOperation) -> Outcome:
    return registry.tax_adapter(operation.adapter).query(order_of(operation))


def settle(operation: TaxOperation, outcome: Outcome) -> bool:
    """Write down what was proven; repeated and late answers change nothing twice."""
    adapter = registry.tax_adapter(operation.adapter)
    with transaction.atomic():
        request = locks.row(VoidRequest, operation.request_id)
        fresh = locks.row(TaxOperation, operation.pk)
        if fresh.state not in OPEN_ATTEMPTS:
            return True
        answer = outcome if isinstance(outcome, TaxOutcome) else TaxOutcome(outcome.proof, answer=outcome.answer)
        _keep(fresh, answer)
        if not outbound.note(fresh, answer, ask_after=adapter.query_every):
            if fresh.state == AttemptState.UNKNOWN and request.state == VoidState.EXECUTING:
                transitions.apply(request, "lose_track", actor=TAX)
            return False
        if fresh.verb == TaxOperation.Verb.FORM:
            red_forms.entered(request, fresh, answer)
        elif fresh.verb == TaxOperation.Verb.WITHDRAW:
            form_withdrawals.settled(request, fresh, answer)
        else:
            executing.settled(request, fresh)
        return True


def _keep(operation: TaxOperation, outcome: TaxOutcome) -> None:
    operation.certificate = outcome.certificate or operation.certificate
    if outcome.file and operation.file_id is None:
        file = SimpleUploadedFile(outcome.file_name, outcome.file)
        kept, _refused = uploads.keep([file], actor=TAX)  # a file we can't show must not keep the outcome from us
        operation.file = kept[0] if kept else None


LINE = Line(TaxOperation, _send, _query, settle)
