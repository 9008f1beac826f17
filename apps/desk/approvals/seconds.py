"""What a second person must look at before it counts: bank batches, acts and payments by hand; and differences one owns."""

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing.adapters.tax import manual
from apps.billing.models import BankBatch, Difference, HandPayment, TaxOperation
from apps.billing.services import bank_batches, by_hand, differences, tax_by_hand
from apps.billing.states import OPEN_ATTEMPTS, BatchState, DifferenceState
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.approvals.base import NONE, REQUIRED, Case, Row, Verb
from apps.desk.money.cases import about_of
from apps.notifications.services.questions import About

MOST = 200
PAY, EXECUTE = "billing.pay_refund", "billing.execute_void"


class Batches:
    name, label, icon = "batch", gettext_lazy("Bank batches"), "account_balance"
    verbs = (
        Verb("approve", gettext_lazy("Release"), "done_all", gettext_lazy("Released; the file can be downloaded once."),
             lambda batch, actor, words: bank_batches.release(batch, actor=actor), words=NONE, key="a", primary=True),
        Verb("reject", gettext_lazy("Cancel the batch"), "block",
             gettext_lazy("Cancelled; its transfers wait for another batch."),
             lambda batch, actor, words: bank_batches.cancel(batch, actor=actor, reason=words), words=REQUIRED,
             words_label=gettext_lazy("Why is it cancelled?"), key="x"),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        if not actor.can(PAY) or actor.user_id is None:
            return []
        waiting = BankBatch.objects.filter(state=BatchState.DRAWN_UP).exclude(drawn_up_by_id=actor.user_id)
        return [self._row(batch) for batch in waiting.order_by("id")[:MOST]]

    def _row(self, batch: BankBatch) -> Row:
        who = _("%(count)s transfers") % {"count": batch.count}
        return Row(self.name, batch.pk, batch.number, batch.get_layout_display(), who, batch.total, batch.created_at)

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        batch = BankBatch.objects.filter(pk=pk).select_related("drawn_up_by", "released_by").first()
        if batch is None or (not actor.can("billing.view_bankbatch") and not actor.can(PAY)):
            return None
        rows = list(batch.rows.select_related("attempt__refund").defer("attempt__refund__payee_name")[:50])
        why_not = _why_not(
            (not actor.can(PAY), "core.not_allowed"), (batch.drawn_up_by_id == actor.user_id, "batch.own"),
            (batch.state != BatchState.DRAWN_UP, "approval.not_waiting"),
        )  # fmt: skip
        page = reverse("admin:billing_bankbatch_change", args=[batch.pk])
        attempts = [row.attempt for row in rows]
        content = {"batch": batch, "attempts": attempts, "more": max(0, batch.count - len(rows))}
        return Case(
            self._row(batch), batch, "desk/approvals/batch.html", content, () if why_not else self.verbs, why_not, page,
            about_of(batch, page), batch.drawn_up_by, happened=[batch.get_state_display()],
        )  # fmt: skip


class TaxByHand:
    name, label, icon = "tax", gettext_lazy("Acts at the tax bureau"), "fact_check"
    verbs = (
        Verb("approve", gettext_lazy("It is so"), "task_alt", gettext_lazy("Confirmed; it counts now."),
             lambda operation, actor, words: tax_by_hand.confirm(operation, actor=actor), words=NONE, key="a",
             primary=True),
        Verb("reject", gettext_lazy("It is not so"), "block", gettext_lazy("Refused; it is recorded anew."),
             lambda operation, actor, words: tax_by_hand.refuse(operation, actor=actor, reason=words), words=REQUIRED,
             words_label=gettext_lazy("What is wrong with it?"), key="x"),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        if not actor.can(EXECUTE) or actor.user_id is None:
            return []
        waiting = TaxOperation.objects.filter(adapter=manual.NAME, state__in=OPEN_ATTEMPTS, recorded_by__isnull=False)
        waiting = waiting.exclude(recorded_by_id=actor.user_id).select_related("request__invoice")
        return [self._row(operation) for operation in waiting.order_by("id")[:MOST]]

    def _row(self, operation: TaxOperation) -> Row:
        request = operation.request
        return Row(
            self.name, operation.pk, request.number, operation.get_verb_display(), request.invoice.buyer_name,
            request.amount, operation.created_at, (request.pk,),
        )  # fmt: skip

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = TaxOperation.objects.select_related("request__invoice", "request__reason", "recorded_by", "file")
        operation = rows.filter(pk=pk).first()
        if operation is None or not (actor.can(EXECUTE) or actor.can("billing.view_voidrequest")):
            return None
        waits = operation.state in OPEN_ATTEMPTS and operation.recorded_by_id is not None
        why_not = _why_not(
            (not waits, "approval.not_waiting"), (operation.recorded_by_id == actor.user_id, "tax.own"),
            (not actor.can(EXECUTE), "core.not_allowed"),
        )  # fmt: skip
        page = reverse("desk:void_request", args=[operation.request.number])
        about = About(operation.request, operation.request.number, page)
        content = {"operation": operation, "request": operation.request, "invoice": operation.request.invoice}
        return Case(
            self._row(operation), operation, "desk/approvals/tax.html", content, () if why_not else self.verbs, why_not,
            page, about, operation.recorded_by, operation.request.ticket_id, [operation.get_state_display()],
        )  # fmt: skip


class HandPayments:
    name, label, icon = "hand", gettext_lazy("Payments by hand"), "payments"
    verbs = (
        Verb("approve", gettext_lazy("It was paid"), "task_alt", gettext_lazy("Confirmed; the refund is paid."),
             lambda paid, actor, words: by_hand.confirm(paid.attempt, actor=actor), words=NONE, key="a", primary=True),
        Verb("reject", gettext_lazy("It was not paid"), "block", gettext_lazy("Struck; the refund needs another way."),
             lambda paid, actor, words: by_hand.refuse(paid.attempt, actor=actor, reason=words), words=REQUIRED,
             words_label=gettext_lazy("What is wrong with it?"), key="x"),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        if not actor.can(PAY) or actor.user_id is None:
            return []
        waiting = HandPayment.objects.filter(confirmed_by=None, attempt__state__in=OPEN_ATTEMPTS)
        waiting = waiting.exclude(recorded_by_id=actor.user_id).select_related("attempt__refund__customer")
        return [self._row(paid) for paid in waiting.order_by("id")[:MOST]]

    def _row(self, paid: HandPayment) -> Row:
        refund = paid.attempt.refund
        due_of = (refund.ticket_id,) if refund.ticket_id else ()
        return Row(
            self.name, paid.pk, refund.number, paid.reference, str(refund.customer), refund.amount, paid.created_at,
            due_of,
        )  # fmt: skip

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = HandPayment.objects.select_related("attempt__refund__customer", "recorded_by", "confirmed_by", "proof")
        paid = rows.filter(pk=pk).first()
        if paid is None or not (actor.can(PAY) or actor.can("billing.view_refund")):
            return None
        waits = paid.confirmed_by_id is None and paid.attempt.state in OPEN_ATTEMPTS
        why_not = _why_not(
            (not waits, "approval.not_waiting"), (paid.recorded_by_id == actor.user_id, "hand.own"),
            (not actor.can(PAY), "core.not_allowed"),
        )  # fmt: skip
        refund = paid.attempt.refund
        page = reverse("desk:refund", args=[refund.number])
        content = {"paid": paid, "refund": refund}
        return Case(
            self._row(paid), paid, "desk/approvals/hand.html", content, () if why_not else self.verbs, why_not, page,
            About(refund, refund.number, page), paid.recorded_by, refund.ticket_id, [refund.get_state_display()],
        )  # fmt: skip


class Differences:
    name, label, icon = "difference", gettext_lazy("Differences that you own"), "difference"
    verbs = (
        Verb("approve", gettext_lazy("Settle"), "task_alt", gettext_lazy("Settled."),
             lambda row, actor, words: differences.resolve(row, words, actor=actor), words=REQUIRED,
             words_label=gettext_lazy("How was it settled?"), key="a", primary=True),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        if not actor.can(PAY) or actor.user_id is None:
            return []
        mine = Difference.objects.filter(state=DifferenceState.OPEN, owner_id=actor.user_id)
        return [self._row(row) for row in mine[:MOST]]

    def _row(self, row: Difference) -> Row:
        amount = max((side for side in (row.ours, row.theirs) if side is not None), default=None)
        return Row(
            self.name, row.pk, row.number, row.get_kind_display(), row.get_channel_display(), amount, row.created_at,
            (row.pk,),
        )  # fmt: skip

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        row = Difference.objects.visible_to(actor).select_related("owner", "run", "resolved_by").filter(pk=pk).first()
        if row is None:
            return None
        why_not = _why_not(
            (row.state != DifferenceState.OPEN, "difference.settled"), (row.owner_id != actor.user_id, "core.not_allowed"),
        )  # fmt: skip
        page = reverse("admin:billing_difference_change", args=[row.pk])
        said = [row.get_state_display(), row.resolution]
        return Case(
            self._row(row), row, "desk/approvals/difference.html", {"row": row}, () if why_not else self.verbs, why_not,
            page, happened=[words for words in said if words],
        )  # fmt: skip


def _why_not(*reasons: tuple[bool, str]) -> str:
    """The words of the first that holds."""
    return next((DomainError(code).words for holds, code in reasons if holds), "")
