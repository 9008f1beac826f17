"""What a person did on the tax bureau's own site is recorded, and counts once a second person has looked (VOI-06)."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from apps.billing import events
from apps.billing.adapters.base import Proof, TaxOutcome
from apps.billing.adapters.tax import manual
from apps.billing.models import Invoice, RedForm, TaxOperation, VoidRequest
from apps.billing.services import red_forms, tax_calls, tax_operations
from apps.billing.states import FORM_ALIVE, OPEN_ATTEMPTS, FormState, Starter, VoidState
from apps.core import clock, locks, uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal import events as journal

MAY = "billing.execute_void"
MOST = 40  # characters of a number on the tax platform
MOST_OF_INVOICE = 20  # of a red invoice's number
Verb = TaxOperation.Verb


@dataclass(frozen=True, slots=True)
class HandRecord:
    """Voided or red-lettered: `certificate`. A form entered: its number and state. A form withdrawn: its state now.
    Not possible: `failure` says why.
    """

    certificate: str = ""
    form_number: str = ""
    form_state: str = ""
    failure: str = ""
    file: UploadedFile | None = None


def waiting() -> list[TaxOperation]:
    """Calls that wait for a person, oldest first; those with `recorded_by` wait for the second look."""
    rows = TaxOperation.objects.filter(adapter=manual.NAME, state__in=OPEN_ATTEMPTS)
    return list(rows.select_related("request__invoice", "recorded_by", "form").order_by("created_at"))


def record(operation: TaxOperation, given: HandRecord, *, actor: Actor) -> TaxOperation:
    """Note what was done on the site. Raises DomainError `core.not_allowed`, `tax.not_by_hand`, `tax.recorded`,
    `core.required`, `core.too_long`, `core.invalid_choice`, `tax.number_taken`, `tax.not_the_red`; DomainErrors for the file.
    """
    values = _checked(operation, given)
    if not actor.can(MAY) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    (kept,) = uploads.store([given.file], actor=actor) if given.file else (None,)
    with transaction.atomic():
        fresh = _locked(operation)
        if fresh.recorded_by_id is not None:
            raise DomainError("tax.recorded")
        fresh.by_hand, fresh.recorded_by_id, fresh.file = values, actor.user_id, kept
        fresh.save(update_fields=["by_hand", "recorded_by", "file"])
        _tell(fresh, events.TAX_RECORDED_BY_HAND, actor)
        return fresh


def confirm(operation: TaxOperation, *, actor: Actor) -> TaxOperation:
    """The second look: what was recorded is so.

    Raises DomainError `core.not_allowed`, `tax.own`, `tax.not_recorded`; `tax.number_taken`, `tax.not_the_red` where the number
    was used meanwhile.
    """
    with transaction.atomic():
        fresh = _seen(operation, actor)
        _free(fresh, fresh.by_hand)
        _tell(fresh, events.TAX_CONFIRMED_BY_HAND, actor)
        tax_operations.settle(fresh, _outcome(fresh.by_hand))
        return TaxOperation.objects.get(pk=fresh.pk)


def refuse(operation: TaxOperation, *, actor: Actor, reason: str) -> TaxOperation:
    """The second look found something wrong: it is recorded anew. Same errors as `confirm`, and `reason.missing`."""
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        fresh = _seen(operation, actor)
        _tell(fresh, events.TAX_REFUSED_BY_HAND, actor, reason)
        fresh.by_hand, fresh.recorded_by, fresh.file = {}, None, None
        fresh.save(update_fields=["by_hand", "recorded_by", "file"])
        return fresh


def start_by_buyer(request: VoidRequest, number: str, *, actor: Actor) -> RedForm:
    """The buyer entered a form on their side (03); a person found it there and notes its number (VOI-05). One that
    was let go of when this request was decided again is followed anew.

    Raises DomainError `core.not_allowed`, `core.required`, `tax.number_taken`, `void.form_alive`, `void.being_executed`,
    `transition.impossible`.
    """
    if not actor.can("billing.verify_void"):
        raise DomainError("core.not_allowed")
    before = _let_go_before(request, number)
    number = before.number if before else _form_number(number)
    with transaction.atomic():
        fresh = locks.row(VoidRequest, request.pk)
        if fresh.state != VoidState.AWAITING_FORM or fresh.rule is None:
            raise DomainError("transition.impossible", state=fresh.get_state_display())
        if tax_calls.is_open(fresh):  # our own form may stand there already
            raise DomainError("void.being_executed")
        alive = fresh.forms.filter(state__in=red_forms.ALIVE).first()
        expected = alive is not None and alive.starter == Starter.BUYER and not alive.number
        if alive is not None and not expected:
            raise DomainError("void.form_alive")
        if before is not None:
            return red_forms.take_up(fresh, before, instead_of=alive, actor=actor)
        if alive is not None:
            return red_forms.change(alive, FormState.WAITS_FOR_SELLER, actor=actor, number=number)
        return red_forms._note(fresh, Starter.BUYER, FormState.WAITS_FOR_SELLER, number, actor)


def _form_number(text: str) -> str:
    number = _number(text, "number")
    if RedForm.objects.filter(number=number).exists():
        raise DomainError("tax.number_taken", field="number", number=number)
    return number


def _let_go_before(request: VoidRequest, number: str) -> RedForm | None:
    """The buyer's form of this request under this number that we stopped following."""
    over = request.forms.filter(starter=Starter.BUYER, state=FormState.WITHDRAWN).exclude(number="")
    return over.filter(number="".join(number.split())).first()


def _checked(operation: TaxOperation, given: HandRecord) -> dict[str, Any]:
    if given.failure.strip():
        return {"failure": words.checked(given.failure, "failure", required="core.required")[:60]}
    if operation.verb not in (Verb.FORM, Verb.WITHDRAW):
        limit = MOST_OF_INVOICE if operation.verb == Verb.RED else MOST
        return _free(operation, {"certificate": _number(given.certificate, "certificate", limit)})
    if given.form_state not in FormState.values:
        raise DomainError("core.invalid_choice", field="form_state", value=given.form_state)
    if operation.verb == Verb.WITHDRAW:
        if given.form_state in FORM_ALIVE:  # then it is not withdrawn
            raise DomainError("core.invalid_choice", field="form_state", value=given.form_state)
        return {"form_number": operation.form.number if operation.form else "", "form_state": given.form_state}
    number = _number(given.form_number, "form_number")
    return _free(operation, {"form_number": number, "form_state": given.form_state})


def _number(text: str, field: str, limit: int = MOST) -> str:
    number = "".join(text.split())
    if not number:
        raise DomainError("core.required", field=field)
    if len(number) > limit:
        raise DomainError("core.too_long", field=field, limit=limit, length=len(number))
    return number


def _free(operation: TaxOperation, values: dict[str, Any]) -> dict[str, Any]:
    """The values, if no other call, form or invoice has their number: asked when they are recorded and when they count."""
    certificate, form = values.get("certificate", ""), values.get("form_number", "")
    if certificate and TaxOperation.objects.filter(certificate=certificate).exists():
        raise DomainError("tax.number_taken", field="certificate", number=certificate)
    if operation.verb == Verb.RED and Invoice.objects.filter(code="", number=certificate).exists():
        raise DomainError("tax.not_the_red", field="certificate", number=certificate)
    if operation.verb == Verb.FORM and form and RedForm.objects.filter(number=form).exists():
        raise DomainError("tax.number_taken", field="form_number", number=form)
    return values


def _locked(operation: TaxOperation) -> TaxOperation:
    """Under the locks of its request and itself, still open and by hand."""
    locks.row(VoidRequest, operation.request_id)
    fresh = locks.row(TaxOperation, operation.pk)
    if fresh.adapter != manual.NAME or fresh.state not in OPEN_ATTEMPTS:
        raise DomainError("tax.not_by_hand")
    return fresh


def _seen(operation: TaxOperation, actor: Actor) -> TaxOperation:
    if not actor.can(MAY) or actor.user_id is None:
        raise DomainError("core.not_allowed")
    fresh = _locked(operation)
    if fresh.recorded_by_id is None:
        raise DomainError("tax.not_recorded")
    if fresh.recorded_by_id == actor.user_id:
        raise DomainError("tax.own")
    return fresh


def _outcome(recorded: dict[str, Any]) -> TaxOutcome:
    proof = Proof.FAILED if recorded.get("failure") else Proof.SUCCEEDED
    answer = {"by_hand": True, "at": clock.now().isoformat()}
    return TaxOutcome(
        proof, failure=recorded.get("failure", ""), answer=answer, certificate=recorded.get("certificate", ""),
        form_number=recorded.get("form_number", ""), form_state=recorded.get("form_state", ""),
    )  # fmt: skip


def _tell(operation: TaxOperation, kind: str, actor: Actor, reason: str = "") -> None:
    data = {"operation": str(operation.pk), "verb": operation.verb, **operation.by_hand}
    data.pop("failure", None)  # words of a person
    journal.record(kind, subject=VoidRequest(pk=operation.request_id), actor=actor, data=data, reason=reason)
