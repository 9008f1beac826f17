"""Void requests, refunds and compensation that wait for a signature (VOI-02, REF-08)."""

from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import ApprovalLimit
from apps.billing import to_sign
from apps.billing.models import Refund, VoidRequest
from apps.billing.services import refunds, voids
from apps.billing.to_sign import ToSign
from apps.core.actors import Actor
from apps.desk.approvals.base import REQUIRED, Case, Row, Verb
from apps.desk.money import refund_view, signatures, void_view


def _decide_void(request: VoidRequest, actor: Actor, words: str, *, approve: bool) -> None:
    voids.decide(request, actor=actor, approve=approve, reason=words)


def _decide_refund(refund: Refund, actor: Actor, words: str, *, approve: bool) -> None:
    refunds.decide(refund, actor=actor, approve=approve, reason=words)


def _verbs(decide: Any) -> tuple[Verb, ...]:
    return (
        Verb("approve", gettext_lazy("Approve"), "task_alt", gettext_lazy("Approved."), partial(decide, approve=True),
             words_label=gettext_lazy("Remark (optional)"), key="a", primary=True),
        Verb("reject", gettext_lazy("Reject"), "block", gettext_lazy("Rejected; whoever filed it sees your reason."),
             partial(decide, approve=False), words=REQUIRED, words_label=gettext_lazy("Reason for rejecting"), key="x"),
    )  # fmt: skip


VOID_VERBS, REFUND_VERBS = _verbs(_decide_void), _verbs(_decide_refund)


class Voids:
    name, label, icon = "void", gettext_lazy("Void requests"), "receipt_long"

    def rows(self, actor: Actor) -> list[Row]:
        return [self._row(item) for item in to_sign.voids(actor)]

    def _row(self, item: ToSign) -> Row:
        return void_row(item.case, together=item.together)

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = VoidRequest.objects.select_related(*void_view.JOINED).defer(*void_view.HIDDEN)
        request = rows.filter(pk=pk).first()
        if request is None:
            return None
        content = void_view.gather(request, actor)
        why_not = _refusal(request, actor, content)
        if why_not and not VoidRequest.objects.visible_to(actor).filter(pk=pk).exists():
            return None
        return _case(void_row(request), request, content, why_not, VOID_VERBS, void_view.address(request))


class Refunds:
    """Refunds proper; compensation walks the same path and has a section of its own."""

    name, label, icon = "refund", gettext_lazy("Refunds"), "currency_yuan"
    subject = ApprovalLimit.Subject.REFUND

    def rows(self, actor: Actor) -> list[Row]:
        found = to_sign.refunds(actor, self.subject)
        return [refund_row(item.case, self.name, together=item.together) for item in found]

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = Refund.objects.select_related(*refund_view.JOINED).defer(*refund_view.HIDDEN)
        refund = rows.filter(pk=pk).first()
        if refund is None or refund.subject != self.subject:
            return None
        content = refund_view.gather(refund, actor)
        why_not = _refusal(refund, actor, content)
        if why_not and not Refund.objects.visible_to(actor).filter(pk=pk).exists():
            return None
        return _case(refund_row(refund, self.name), refund, content, why_not, REFUND_VERBS, refund_view.address(refund))


class Compensation(Refunds):
    name, label, icon = "compensation", gettext_lazy("Compensation"), "redeem"
    subject = ApprovalLimit.Subject.COMPENSATION


def _refusal(case: Any, actor: Actor, content: dict[str, Any]) -> str:
    waits = case.state in (*to_sign.WAITING, "created")
    if not waits:
        return _("This case waits for nobody's signature.")
    return signatures.why_not(case, actor, content["standing"])


def _case(row: Row, subject: Any, content: dict[str, Any], why_not: str, verbs: tuple[Verb, ...], page: str) -> Case:
    visible_page = page
    template = "void" if isinstance(subject, VoidRequest) else "refund"
    return Case(
        row, subject, f"desk/approvals/{template}.html", content, () if why_not else verbs, why_not, visible_page,
        content["about"], subject.requested_by, subject.ticket_id, happened(content["history"], subject),
    )  # fmt: skip


def happened(history: list[Any], subject: Any) -> list[str]:
    """The signatures so far in words: what whoever comes late needs to see."""
    said = []
    for approval in history:
        facts = {"who": approval.by, "step": approval.get_step_display()}
        words = _("%(step)s: approved by %(who)s") if approval.approved else _("%(step)s: rejected by %(who)s")
        said.append(words % facts + (f" — {approval.reason}" if approval.reason else ""))
    said.append(_("Now: %(state)s") % {"state": subject.get_state_display()})
    return said


def void_row(request: VoidRequest, *, together: bool = False) -> Row:
    title = f"{request.reason.name} · {request.invoice.get_kind_display()}"
    return Row(
        "void", request.pk, request.number, title, request.invoice.buyer_name, request.amount,
        request.submitted_at or request.created_at, (request.pk,), None, together,
    )  # fmt: skip


def refund_row(refund: Refund, source: str, *, together: bool = False) -> Row:
    title = f"{refund.get_kind_display()} · {refund_view.way(refund.channel, refund.method)}"
    due_of = (refund.ticket_id,) if refund.ticket_id else ()
    return Row(
        source, refund.pk, refund.number, title, str(refund.customer), refund.amount, refund.created_at, due_of, None,
        together,
    )  # fmt: skip
