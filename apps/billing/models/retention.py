"""How long records are kept, what holds them longer, and how they end (ARC-05, LAW-04, LAW-05)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from apps.billing import audit_events as events
from apps.billing.audit_states import (
    OPEN_REQUESTS,
    CountsFrom,
    ErasedFor,
    ListState,
    RecordKind,
    RequestKind,
    RequestOutcome,
    RequestState,
)
from apps.billing.models.rule import Dated
from apps.core import clock
from apps.core.actors import Actor
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.journal.transitions import condition

STAFF = settings.AUTH_USER_MODEL


class RetentionClass(Dated, Noun):
    """How long one kind of record is kept. The row in force today counts; of several the longest."""

    code = models.SlugField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=80)
    covers = models.CharField(_("what it covers"), max_length=12, choices=RecordKind)
    months = models.PositiveSmallIntegerField(_("months"), help_text=_("360 months are 30 years."))
    counts_from = models.CharField(_("counts from"), max_length=12, choices=CountsFrom, default=CountsFrom.END)
    holds_person = models.BooleanField(
        _("the person behind it stays stored as long"), default=True,
        help_text=_("While such a record is kept, its customer is restricted instead of erased."),
    )  # fmt: skip
    basis = models.CharField(_("regulation"), max_length=200)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("retention class")
        verbose_name_plural = _("retention classes")
        ordering = ["covers", "-effective_from"]
        constraints = [
            Dated.span("retention_class_span"),
            models.UniqueConstraint(fields=["code", "effective_from"], name="retention_class_version"),
            models.CheckConstraint(condition=Q(months__range=(1, 1200)), name="retention_class_months"),
            models.CheckConstraint(condition=Q(covers__in=RecordKind.values), name="retention_class_covers_known"),
        ]

    def __str__(self) -> str:
        return self.name


class LegalHold(Noun):
    """Somebody with the right says: this must not be destroyed, whatever its time (a lawsuit, an inspection)."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    label = models.CharField(_("record"), max_length=120)  # no personal data: a number or a masked name
    reason = models.TextField(_("reason"))
    placed_by = models.ForeignKey(STAFF, verbose_name=_("placed by"), on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(_("placed"), default=clock.now)
    lifted_by = models.ForeignKey(
        STAFF, verbose_name=_("lifted by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lift_reason = models.TextField(_("why it was lifted"), blank=True)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("place_hold", "Can place and lift legal holds")]
        indexes = [models.Index(fields=["subject_id"], name="legal_hold_alive", condition=Q(lifted_at=None))]

    def __str__(self) -> str:
        return self.label


class Erasure(Noun):
    """The counter-document of what was destroyed: which record, why, how much of what, digests; nothing of the contents.

    `files` are names in the store that are still to be deleted until `files_gone_at` is set: a crash between the
    database and the disk leaves them here, and the job goes on.
    """

    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    label = models.CharField(_("record"), max_length=120)
    because = models.CharField(_("because"), max_length=12, choices=ErasedFor)
    why = models.TextField(_("in words"))
    counts = models.JSONField(_("what was wiped"), default=dict)
    digests = models.JSONField(_("digests"), default=list)
    files = models.JSONField(_("files"), default=list)
    files_gone_at = models.DateTimeField(_("files deleted"), null=True, blank=True)
    at = models.DateTimeField(_("when"), default=clock.now)
    by_label = models.CharField(pgettext_lazy("audit", "by"), max_length=80)

    class Meta:
        verbose_name = _("record of destruction")
        verbose_name_plural = _("records of destruction")
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["subject_id"], name="erasure_subject"),
            models.Index(fields=["id"], name="erasure_files_left", condition=Q(files_gone_at=None)),
        ]

    def __str__(self) -> str:
        return self.label


@condition("destruction.witnesses_missing")
def two_witnesses(record: DestructionList) -> bool:
    return record.witnesses.count() >= DestructionList.WITNESSES


@condition("destruction.items_left")
def nothing_left(record: DestructionList) -> bool:
    return not record.items.filter(erasure=None, skipped="").exists()


class DestructionList(Noun):
    """What is due to be destroyed, drawn up by one, witnessed by two others, then carried out (会计档案管理办法 art. 18)."""

    WITNESSES = 2

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=12, choices=ListState.choices, default=ListState.DRAWN_UP, protected=True)
    covers = models.CharField(_("what it covers"), max_length=12, choices=RecordKind)
    count = models.PositiveIntegerField(_("records"))
    digest = models.CharField(_("SHA-256 of the list"), max_length=64)
    drawn_up_by = models.ForeignKey(
        STAFF, verbose_name=pgettext_lazy("audit", "drawn up by"), on_delete=models.PROTECT, related_name="+"
    )
    drawn_up_at = models.DateTimeField(_("drawn up"), default=clock.now)
    done_at = models.DateTimeField(_("destroyed"), null=True, blank=True)

    class Meta:
        verbose_name = _("destruction list")
        verbose_name_plural = _("destruction lists")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [
            ("destroy_records", "Can draw up destruction lists and carry them out"),
            ("witness_destruction", "Can witness destruction lists"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ListState.values), name="destruction_list_state_known")
        ]

    def __str__(self) -> str:
        return self.number

    @transition(
        field=state, source=ListState.DRAWN_UP, target=ListState.WITNESSED, conditions=[two_witnesses],
        permission="billing.witness_destruction", custom={"event": events.LIST_WITNESSED, "label": _("Witnessed")},
    )  # fmt: skip
    def settle_witnesses(self: Any) -> dict[str, Any]:
        return {"digest": self.digest, "count": self.count}

    @transition(
        field=state, source=ListState.WITNESSED, target=ListState.CARRIED_OUT, permission="billing.destroy_records",
        custom={"event": events.LIST_BEGUN, "label": _("Destroy")},
    )  # fmt: skip
    def begin(self: Any) -> dict[str, Any]:
        return {"digest": self.digest, "count": self.count}

    @transition(
        field=state, source=ListState.CARRIED_OUT, target=ListState.DONE, conditions=[nothing_left],
        permission="billing.destroy_records", custom={"event": events.LIST_DONE, "label": _("Destroyed")},
    )  # fmt: skip
    def finish(self: Any, *, digest: str, destroyed: int, skipped: int) -> dict[str, Any]:
        self.done_at = clock.now()
        return {"digest": digest, "destroyed": destroyed, "skipped": skipped}

    @transition(
        field=state, source=[ListState.DRAWN_UP, ListState.WITNESSED], target=ListState.CANCELLED,
        permission="billing.destroy_records", custom={"event": events.LIST_CANCELLED, "label": _("Cancel")},
    )  # fmt: skip
    def cancel(self: Any) -> None: ...


class DestructionItem(Noun):
    """One record of a list, with why its time is up. `skipped` says why it was left alone when the list was carried out."""

    list = models.ForeignKey(DestructionList, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField(_("row"))
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    label = models.CharField(_("record"), max_length=120)
    until = models.DateField(_("kept until"))
    why = models.TextField(_("why"))
    skipped = models.CharField(_("left alone because"), max_length=300, blank=True)
    erasure = models.OneToOneField(Erasure, null=True, blank=True, on_delete=models.PROTECT, related_name="item")

    class Meta:
        verbose_name = _("record to destroy")
        verbose_name_plural = _("records to destroy")
        ordering = ["list", "position"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["list", "subject_id"], name="destruction_item_once"),
            models.UniqueConstraint(fields=["list", "position"], name="destruction_item_position"),
        ]
        indexes = [models.Index(fields=["subject_id"], name="destruction_item_subject")]


class DestructionWitness(Noun):
    """Somebody who compared the list with the records and stands for it; never who drew it up."""

    list = models.ForeignKey(DestructionList, on_delete=models.PROTECT, related_name="witnesses")
    position = models.PositiveSmallIntegerField()
    by = models.ForeignKey(STAFF, verbose_name=_("witness"), on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"), default=clock.now)
    digest = models.CharField(max_length=64)  # of the list as this person saw it

    class Meta:
        verbose_name = _("witness")
        verbose_name_plural = _("witnesses")
        ordering = ["position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["list", "by"], name="destruction_witness_once"),
            models.UniqueConstraint(fields=["list", "position"], name="destruction_witness_position"),
            models.CheckConstraint(condition=Q(position__range=(1, 2)), name="destruction_witness_two"),
        ]


@condition("data_request.no_customer")
def knows_customer(request: DataRequest) -> bool:
    return request.customer_id is not None


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def visible_to(self, actor: Actor) -> DataRequestQuerySet:
        """Those who answer them, and those who look (auditors)."""
        sees = actor.can("billing.view_datarequest") or actor.can("billing.handle_data_request")
        return self if sees else self.none()


class DataRequest(Noun):
    """A person asks to see, copy, correct or delete what we hold about them (LAW-05)."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(
        _("state"), max_length=10, choices=RequestState.choices, default=RequestState.RECEIVED, protected=True
    )
    kind = models.CharField(_("what is asked for"), max_length=8, choices=RequestKind)
    customer = models.ForeignKey(
        "crm.Customer", verbose_name=_("customer"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="data_requests",
    )  # fmt: skip
    ticket = models.ForeignKey(
        "feedback.Ticket", verbose_name=_("ticket"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="data_requests",
    )  # fmt: skip
    by_customer = models.BooleanField(_("sent from the tracking page"), default=False)
    words = EncryptedTextField(_("what the person says"), blank=True)
    contact = EncryptedTextField(_("where to answer"), blank=True)
    received_at = models.DateTimeField(_("received"), default=clock.now)
    identity_note = EncryptedTextField(_("how the identity was checked"), blank=True)
    checked_by = models.ForeignKey(
        STAFF, verbose_name=_("identity checked by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_at = models.DateTimeField(_("identity checked"), null=True, blank=True)
    outcome = models.CharField(pgettext_lazy("audit", "outcome"), max_length=12, choices=RequestOutcome, blank=True)
    answer = EncryptedTextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        STAFF,
        verbose_name=pgettext_lazy("audit", "answered by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    answered_at = models.DateTimeField(pgettext_lazy("audit", "answered"), null=True, blank=True)
    reasons = models.JSONField(_("why it is kept"), default=list, blank=True)  # sentences without personal data

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("handle_data_request", "Can answer requests about personal data")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="data_request_state_known"),
            models.CheckConstraint(condition=Q(kind__in=RequestKind.values), name="data_request_kind_known"),
        ]
        indexes = [models.Index(fields=["state", "id"], name="data_request_state")]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_REQUESTS

    @transition(
        field=state, source=RequestState.RECEIVED, target=RequestState.CHECKED, conditions=[knows_customer],
        permission="billing.handle_data_request",
        custom={"event": events.REQUEST_CHECKED, "label": _("The identity is checked")},
    )  # fmt: skip
    def check_identity(self: Any, *, note: str, by: int | None) -> dict[str, Any]:
        self.identity_note, self.checked_by_id, self.checked_at = note, by, clock.now()
        return {}

    @transition(
        field=state, source=RequestState.CHECKED, target=RequestState.ANSWERED,
        permission="billing.handle_data_request", custom={"event": events.REQUEST_ANSWERED, "label": _("Give an answer")},
    )  # fmt: skip
    def settle(self: Any, *, outcome: str, answer: str, by: int | None, reasons: Any = ()) -> dict[str, Any]:
        self.outcome, self.answer, self.answered_by_id = outcome, answer, by
        self.answered_at, self.reasons = clock.now(), list(reasons)
        return {"outcome": outcome, "kind": self.kind, "reasons": list(reasons)}

    @transition(
        field=state, source=[RequestState.RECEIVED, RequestState.CHECKED], target=RequestState.REFUSED,
        permission="billing.handle_data_request", custom={"event": events.REQUEST_REFUSED, "label": _("Refuse")},
    )  # fmt: skip
    def refuse(self: Any, *, answer: str, by: int | None) -> None:
        self.answer, self.answered_by_id, self.answered_at = answer, by, clock.now()

    @transition(
        field=state, source=[RequestState.RECEIVED, RequestState.CHECKED], target=RequestState.WITHDRAWN,
        permission="billing.handle_data_request",
        custom={"event": events.REQUEST_WITHDRAWN, "label": _("The person takes it back")},
    )  # fmt: skip
    def withdraw(self: Any) -> None:
        self.answered_at = clock.now()
