"""What can be done with a void request, by state (VOI-01 … VOI-06, VOI-12)."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing import awaited
from apps.billing.adapters.tax import manual
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.services import (
    approvals,
    form_clock,
    form_withdrawals,
    invoices,
    red_forms,
    tax_by_hand,
    tax_facts,
    tax_operations,
    verification,
    voids,
)
from apps.billing.services.tax_by_hand import HandRecord
from apps.billing.states import OPEN_ATTEMPTS, CheckResult, FormState, Source, VoidState
from apps.billing.to_sign import WAITING
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.money import forms
from apps.desk.money.acts import HIDDEN, Act, refusal, words
from apps.desk.money.cases import about_of
from apps.desk.money.lines import ResubmitForm
from apps.desk.money.void_view import address
from apps.notifications.services import questions

S = VoidState
NOT_ITS_FORM = (S.EXECUTING, S.UNKNOWN, S.DONE, S.ARCHIVED)  # a form that a red invoice rests on stays as it is
VERIFY, EXECUTE, REQUEST = "billing.verify_void", "billing.execute_void", "billing.request_void"


# Why not -------------------------------------------------------------------------------------------------------------


def _signing(request: VoidRequest, actor: Actor) -> str | None:
    """Offered to whoever may sign, and with the reason to whoever holds the right but may not sign this one."""
    if request.state not in WAITING:
        return HIDDEN
    standing = approvals.standing(request)
    why_not = refusal(lambda: approvals.may_sign(request, actor, standing))
    holds = any(actor.can(right) for right in approvals.RIGHTS[request.subject])  # type: ignore[index]
    return why_not if holds or not why_not else HIDDEN


def _in(*states: str, right: str, not_own: bool = False) -> Any:
    def why_not(request: VoidRequest, actor: Actor) -> str | None:
        if request.state not in states or not actor.can(right):
            return HIDDEN
        if not_own and request.requested_by_id is not None and request.requested_by_id == actor.user_id:
            return words("approval.own")
        return ""

    return why_not


def _withdrawing(request: VoidRequest, actor: Actor) -> str | None:
    if request.requested_by_id != actor.user_id or not actor.can(REQUEST):
        return HIDDEN
    if request.state in (S.DRAFT, *WAITING, S.VERIFICATION, S.REJECTED):
        return ""
    if request.state in (S.AWAITING_FORM, S.READY):
        return _("It is verified: ask finance to reject it.")
    return HIDDEN


def _confirming(request: VoidRequest, actor: Actor) -> str | None:
    why_not = _in(S.VERIFICATION, right=VERIFY, not_own=True)(request, actor)
    if why_not != "":
        return why_not
    if request.checks.filter(result__in=(CheckResult.OPEN, CheckResult.FAILED)).exists():
        return words("void.checks_open")
    return ""


def _entering(request: VoidRequest, actor: Actor) -> str | None:
    why_not = _in(S.AWAITING_FORM, right=VERIFY)(request, actor)
    form = _living_form(request)
    if why_not == "" and form is not None:
        return words("void.form_let_go" if form.is_let_go else "void.form_alive")
    if why_not == "" and _open_operation(request) is not None:
        return words("void.being_executed")
    return why_not


def _having_form(request: VoidRequest, actor: Actor) -> str | None:
    if request.state in NOT_ITS_FORM or not actor.can(VERIFY):
        return HIDDEN
    return "" if _living_form(request) is not None else HIDDEN


def _withdrawing_form(request: VoidRequest, actor: Actor) -> str | None:
    """Offered once the platform has refused it: the first time it is asked for by itself."""
    if _having_form(request, actor) is HIDDEN or _open_operation(request) is not None:
        return HIDDEN
    form = _living_form(request)
    return "" if form is not None and form.is_let_go else HIDDEN


def _living_form(request: VoidRequest) -> RedForm | None:
    return next((form for form in request.forms.all() if form.state in red_forms.ALIVE), None)


def _recording(request: VoidRequest, actor: Actor) -> str | None:
    operation = _open_operation(request)
    if operation is None or operation.adapter != manual.NAME or not actor.can(EXECUTE):
        return HIDDEN
    request.open_verb = operation.verb  # which fields its form has
    return HIDDEN if operation.recorded_by_id is not None else ""


def _second_look(request: VoidRequest, actor: Actor) -> str | None:
    operation = _open_operation(request)
    if operation is None or operation.recorded_by_id is None or not actor.can(EXECUTE):
        return HIDDEN
    return words("tax.own") if operation.recorded_by_id == actor.user_id else ""


def _asking(request: VoidRequest, actor: Actor) -> str | None:
    operation = _open_operation(request)
    if operation is None or operation.adapter == manual.NAME or not actor.can(EXECUTE):
        return HIDDEN
    return ""


def _answering(case: Any, actor: Actor) -> str | None:
    return "" if questions.open_questions([case.pk]) else HIDDEN


def _open_operation(request: VoidRequest) -> TaxOperation | None:
    return request.operations.filter(state__in=OPEN_ATTEMPTS).first()


# What the services are given ----------------------------------------------------------------------------------------


def _confirm(request: VoidRequest, data: dict[str, Any], actor: Actor) -> str:
    fresh = tax_facts.confirm(request, actor=actor)
    return _("Verified. Now: %(state)s") % {"state": awaited.word(fresh) or fresh.get_state_display()}


def _execute(request: VoidRequest, data: dict[str, Any], actor: Actor) -> str:
    fresh = tax_facts.execute(request, actor=actor)
    if fresh.state == S.EXECUTING:
        return _("It is on its way to the tax platform.")
    return _("The month or the facts have changed: it is decided again and stands in verification.")


def _look(request: VoidRequest, data: dict[str, Any], actor: Actor) -> str:
    before = request.invoice.lookups.count()
    tax_facts.renew(request, at_once=True)
    if request.invoice.lookups.count() == before:
        verification.refresh(request)  # our own records may know more by now
        return _("The tax platform did not answer, or is asked by people here; nothing has changed.")
    return _("The tax platform was asked; what it said is noted.")


def _ask_form(request: VoidRequest, data: dict[str, Any], actor: Actor) -> str:
    form = _living_form(request)
    if form is None or not form_clock.ask(form):
        return _("The tax platform could not be asked about this form; nothing has changed.")
    fresh = request.forms.get(pk=form.pk)
    return _("The form is now: %(state)s") % {"state": FormState(fresh.state).label}


def _change_form(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    form = _living_form(request)
    if form is None:
        raise DomainError("void.form_missing")
    red_forms.change(form, data["state"], actor=actor, number=data["number"].strip(), reason=data["reason"])


def _withdraw_form(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    form = _living_form(request)
    if form is None:
        raise DomainError("void.form_missing")
    form_withdrawals.again(form, actor=actor)


def _record(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    operation = _open_operation(request)
    if operation is None:
        raise DomainError("tax.not_by_hand")
    given = HandRecord(
        data.get("certificate", ""), data.get("form_number", ""), data.get("form_state", ""), data["failure"],
        data["file"],
    )  # fmt: skip
    tax_by_hand.record(operation, given, actor=actor)


def _seen(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    operation = _open_operation(request)
    if operation is None:
        raise DomainError("tax.not_by_hand")
    tax_by_hand.confirm(operation, actor=actor)


def _not_so(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    operation = _open_operation(request)
    if operation is None:
        raise DomainError("tax.not_by_hand")
    tax_by_hand.refuse(operation, actor=actor, reason=data["reason"])


def answer(case: Any, data: dict[str, Any], actor: Actor, page: str) -> None:
    question = questions.open_questions([case.pk]).get(case.pk)
    if question is None:
        raise DomainError("question.answered")
    questions.answer(question, about_of(case, page), data["words"], actor=actor)


def _enter(request: VoidRequest, data: dict[str, Any], actor: Actor) -> str:
    red_forms.enter(request, actor=actor)
    return _("The form is on its way; its state follows by itself.")


def _fact(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    invoices.record_fact(
        request.invoice, data["fact"], data["holds"], source=Source.PERSON, actor=actor, note=data["note"]
    )
    verification.refresh(request)
    verification.refresh_all(request.invoice)


def _resubmit(request: VoidRequest, data: dict[str, Any], actor: Actor) -> None:
    voids.resubmit(request, actor=actor, words_=data["words"], asks=data["asks"])


def _decide(approve: bool) -> Any:
    return lambda r, d, a: voids.decide(r, actor=a, approve=approve, reason=d["reason"])


ACTS: tuple[Act, ...] = (
    Act("approve", gettext_lazy("Approve"), "task_alt", gettext_lazy("Approved."), _decide(True), _signing,
        forms.RemarkForm, primary=True, key="a"),
    Act("reject", gettext_lazy("Reject"), "block", gettext_lazy("Rejected; whoever filed it sees your reason."),
        _decide(False), _signing, forms.RejectForm, key="x"),
    Act("confirm", gettext_lazy("The verification is finished"), "verified", gettext_lazy("Verified."), _confirm,
        _confirming, reaches_out=True, primary=True, key="a"),
    Act("look", gettext_lazy("Ask the tax platform now"), "sync", gettext_lazy("Asked."), _look,
        _in(S.VERIFICATION, S.AWAITING_FORM, S.READY, right=VERIFY), reaches_out=True),
    Act("fact", gettext_lazy("Record a fact"), "edit_note", gettext_lazy("The fact is recorded."), _fact,
        _in(S.VERIFICATION, S.AWAITING_FORM, S.READY, right=VERIFY), forms.FactForm),
    Act("check", gettext_lazy("Record the check"), "fact_check", gettext_lazy("The check is recorded."),
        lambda r, d, a: verification.record_check(r, d["kind"], passed=d["passed"], actor=a, detail=d["detail"]),
        _in(S.VERIFICATION, right=VERIFY, not_own=True), forms.CheckForm, placed=True),
    Act("enter_form", gettext_lazy("Enter the form"), "post_add", gettext_lazy("Entered."), _enter, _entering,
        primary=True),
    Act("buyer_form", gettext_lazy("Note the buyer's form"), "note_add", gettext_lazy("Noted; it waits for us."),
        lambda r, d, a: tax_by_hand.start_by_buyer(r, d["number"], actor=a), _in(S.AWAITING_FORM, right=VERIFY),
        forms.BuyersFormForm),
    Act("ask_form", gettext_lazy("Ask for the form's state"), "sync", gettext_lazy("Asked."), _ask_form, _having_form,
        reaches_out=True),
    Act("form_state", gettext_lazy("Set the form's state by hand"), "edit", gettext_lazy("The form's state is noted."),
        _change_form, _having_form, forms.FormStateForm),
    Act("withdraw_form", gettext_lazy("Withdraw the form again"), "undo",
        gettext_lazy("The tax platform is asked to withdraw it."), _withdraw_form, _withdrawing_form),
    Act("execute", gettext_lazy("Execute"), "play_arrow", gettext_lazy("On its way."), _execute,
        _in(S.READY, right=EXECUTE), reaches_out=True, primary=True, key="a"),
    Act("tax_record", gettext_lazy("Record what was done"), "edit_note",
        gettext_lazy("Recorded; a second person looks at it."), _record, _recording, forms.TaxRecordForm, primary=True),
    Act("tax_confirm", gettext_lazy("It is so"), "task_alt", gettext_lazy("Confirmed; it counts now."), _seen,
        _second_look, primary=True),
    Act("tax_refuse", gettext_lazy("It is not so"), "block", gettext_lazy("Refused; it is recorded anew."), _not_so,
        _second_look, forms.WhyForm),
    Act("ask_operation", gettext_lazy("Ask after the outcome now"), "sync",
        gettext_lazy("It is asked about at once; the page shows the answer in a moment."),
        lambda r, d, a: tax_operations.ask_now(r, actor=a), _asking),
    Act("reject_verified", gettext_lazy("Reject after verification"), "block",
        gettext_lazy("Rejected; whoever filed it sees your reason."),
        lambda r, d, a: voids.reject_verified(r, actor=a, reason=d["reason"]),
        _in(S.VERIFICATION, S.READY, right=VERIFY, not_own=True), forms.RejectForm),
    Act("resubmit", gettext_lazy("File it again"), "replay", gettext_lazy("Filed again; finance signs anew."), _resubmit,
        lambda r, a: "" if r.state == S.REJECTED and r.requested_by_id == a.user_id and a.can(REQUEST) else HIDDEN,
        ResubmitForm, primary=True),
    Act("withdraw", gettext_lazy("Withdraw"), "undo", gettext_lazy("Withdrawn; what it held is free again."),
        lambda r, d, a: voids.withdraw(r, actor=a, reason=d["reason"]), _withdrawing, forms.WhyForm),
    Act("answer", gettext_lazy("Answer it"), "reply", gettext_lazy("Answered; whoever asked is told."),
        lambda r, d, a: answer(r, d, a, address(r)), _answering, forms.AnswerForm, primary=True),
)  # fmt: skip

BY_NAME = {act.name: act for act in ACTS}
