"""Vouchers and accounts that wait for a signature (VOI-09)."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy

from apps.billing import to_sign
from apps.billing.models import Cancellation
from apps.billing.services import cancellations
from apps.core.actors import Actor
from apps.desk.approvals.base import REQUIRED, Case, Row, Verb
from apps.desk.approvals.money import happened
from apps.desk.money import cancellation_view as view


def _decide(approve: bool) -> Any:
    return lambda case, actor, words: cancellations.decide(case, actor=actor, approve=approve, reason=words)


class Cancellations:
    name, label, icon = "cancellation", gettext_lazy("Vouchers and accounts"), "block"
    verbs = (
        Verb("approve", gettext_lazy("Approve"), "task_alt", gettext_lazy("Approved."), _decide(True),
             words_label=gettext_lazy("Remark (optional)"), key="a", primary=True),
        Verb("reject", gettext_lazy("Reject"), "block", gettext_lazy("Rejected; whoever filed it sees your reason."),
             _decide(False), words=REQUIRED, words_label=gettext_lazy("Reason for rejecting"), key="x"),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        return [self._row(item.case) for item in to_sign.cancellations(actor)]

    def _row(self, case: Cancellation) -> Row:
        title = f"{case.get_kind_display()} · {case.subject_number}"
        return Row(self.name, case.pk, case.number, title, str(case.customer), case.amount, case.created_at, (case.pk,))

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = Cancellation.objects.select_related(*view.JOINED).defer(*view.HIDDEN)
        one = rows.filter(pk=pk).first()
        if one is None:
            return None
        content = view.gather(one, actor)
        refused = content["why_not"]
        if refused and not Cancellation.objects.visible_to(actor).filter(pk=pk).exists():
            return None
        return Case(
            self._row(one), one, "desk/approvals/cancellation.html", content, () if refused else self.verbs, refused,
            view.address(one), None, one.requested_by, one.ticket_id, happened(content["history"], one),
        )  # fmt: skip
