from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.billing import events
from apps.billing.states import AttemptState, BatchState, Layout
from apps.core import clock
from apps.core.models import Noun

S = BatchState


class BankBatch(Noun):
    """Transfers that go to the bank in one file (REF-01): drawn up, released by a second person, downloaded once.

    The file is made anew from the rows at its download and never kept: it holds account numbers in the clear. Its
    SHA-256 is fixed at the release.
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=12, choices=S.choices, default=S.DRAWN_UP, protected=True)
    layout = models.CharField(_("layout"), max_length=12, choices=Layout)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, help_text=_("Yuan."))
    count = models.PositiveIntegerField(_("transfers"))
    drawn_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("drawn up by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("released by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    downloaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("downloaded by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    downloaded_at = models.DateTimeField(_("downloaded"), null=True, blank=True)
    digest = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True)
    result_digest = models.CharField(_("SHA-256 of the last result"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("bank batch")
        verbose_name_plural = _("bank batches")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="bank_batch_state_known"),
            models.CheckConstraint(
                condition=Q(released_by=None) | ~Q(released_by=models.F("drawn_up_by")), name="bank_batch_two_persons"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @transition(
        field=state, source=S.DRAWN_UP, target=S.RELEASED, permission="billing.pay_refund",
        custom={"event": events.BATCH_RELEASED, "label": _("Release")},
    )  # fmt: skip
    def release(self: Any, *, by: int | None, digest: str) -> dict[str, Any]:
        self.released_by_id, self.released_at, self.digest = by, clock.now(), digest
        return {"digest": digest, "total": self.total, "count": self.count}

    @transition(
        field=state, source=S.RELEASED, target=S.DOWNLOADED, permission="billing.pay_refund",
        custom={"event": events.BATCH_DOWNLOADED, "label": _("Download")},
    )  # fmt: skip
    def download(self: Any, *, by: int | None) -> dict[str, Any]:
        self.downloaded_by_id, self.downloaded_at = by, clock.now()
        return {"digest": self.digest}

    @transition(
        field=state, source=S.DOWNLOADED, target=S.DONE, permission="billing.pay_refund",
        custom={"event": events.BATCH_SETTLED, "label": _("All rows are settled")},
    )  # fmt: skip
    def finish(self: Any) -> None: ...

    @transition(
        field=state, source=[S.DRAWN_UP, S.RELEASED], target=S.CANCELLED, permission="billing.pay_refund",
        custom={"event": events.BATCH_CANCELLED, "label": _("Cancel")},
    )  # fmt: skip
    def cancel(self: Any) -> None: ...


class BankBatchRow(Noun):
    """One transfer of a batch. An attempt is in one living batch at a time."""

    batch = models.ForeignKey(BankBatch, on_delete=models.PROTECT, related_name="rows")
    attempt = models.ForeignKey("billing.RefundAttempt", on_delete=models.PROTECT, related_name="batch_rows")
    position = models.PositiveIntegerField(_("row"))
    alive = models.BooleanField(default=True, editable=False)  # False in a cancelled batch
    state = models.CharField(_("state"), max_length=12, choices=AttemptState, default=AttemptState.CREATED)
    failure = models.CharField(_("failure"), max_length=60, blank=True)
    bank_reference = models.CharField(_("bank's reference"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["batch", "position"]
        constraints = [
            models.UniqueConstraint(fields=["attempt"], condition=Q(alive=True), name="bank_batch_row_alive_once"),
            models.UniqueConstraint(fields=["batch", "position"], name="bank_batch_row_position"),
        ]


class HandPayment(Noun):
    """A person paid outside and proves it; another one confirms (REF-01)."""

    attempt = models.OneToOneField("billing.RefundAttempt", on_delete=models.PROTECT, related_name="hand_payment")
    reference = models.CharField(_("reference of the payment"), max_length=64)
    paid_at = models.DateTimeField(_("paid at"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    proof = models.ForeignKey("core.Upload", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("confirmed by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+",
    )  # fmt: skip
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment by hand")
        verbose_name_plural = _("payments by hand")
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=models.F("recorded_by")),
                name="hand_payment_two_persons",
            ),
        ]
