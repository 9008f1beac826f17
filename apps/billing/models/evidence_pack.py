from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from apps.billing import events
from apps.billing.models.refund import Refund
from apps.billing.models.void_request import VoidRequest
from apps.billing.states import PackState, PackStep
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun

S = PackState
CLEAR = "crm.view_personal_data"


class EvidencePackQuerySet(models.QuerySet["EvidencePack"]):
    def visible_to(self, actor: Actor) -> EvidencePackQuerySet:
        """Who sees the case and may see packs sees its packs; clear ones only with the right to clear data (ADM-04)."""
        if not actor.can("billing.view_evidencepack"):
            return self.none()
        seen = self if actor.can(CLEAR) else self.filter(clear=False)
        if actor.can("billing.view_voidrequest") and actor.can("billing.view_refund"):
            return seen
        cases = Q(void_request__in=VoidRequest.objects.visible_to(actor))
        return seen.filter(cases | Q(refund__in=Refund.objects.visible_to(actor)))


class EvidencePack(Noun):
    """A closed case in one file that proves itself (ARC-01, ARC-03): a version each time it is built.

    What was built is never changed: the database refuses it. Destruction takes the file away and leaves the row with
    its digest (`upload` becomes empty).
    """

    void_request = models.ForeignKey(
        VoidRequest,
        verbose_name=_("void request"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="packs",
    )
    refund = models.ForeignKey(
        Refund, verbose_name=_("refund"), null=True, blank=True, on_delete=models.PROTECT, related_name="packs"
    )
    case_number = models.CharField(_("case"), max_length=20)
    pack_version = models.PositiveSmallIntegerField(_("version"))
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=10, choices=S.choices, default=S.WAITING, protected=True)
    clear = models.BooleanField(
        _("with clear personal data"),
        default=False,
        help_text=_("Otherwise names, telephones and accounts are masked."),
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked for by"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+", help_text=_("Empty: the system, when the case closed."),
    )  # fmt: skip
    requested_because = models.CharField(_("why"), max_length=300, blank=True)

    step = models.CharField(_("step"), max_length=10, choices=PackStep, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), null=True, blank=True, default=clock.now)
    failure = models.CharField(_("what went wrong"), max_length=300, blank=True)

    upload = models.ForeignKey("core.Upload", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    size = models.BigIntegerField(_("size"), default=0, help_text=_("bytes"))
    contents = models.JSONField(_("contents"), default=list, editable=False)  # [{name, size, sha256}]
    missing = models.JSONField(_("left out"), default=list, editable=False)  # [{name, why}]
    event_count = models.PositiveIntegerField(_("events"), default=0)
    head_size = models.PositiveBigIntegerField(_("size of the log"), default=0)
    key_fingerprint = models.CharField(_("signing key"), max_length=64, blank=True)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    built_at = models.DateTimeField(_("built"), null=True, blank=True)

    objects = EvidencePackQuerySet.as_manager()

    class Meta:
        verbose_name = _("evidence pack")
        verbose_name_plural = _("evidence packs")
        ordering = ["-id"]
        permissions = [
            ("build_evidencepack", _("Can have evidence packs built")),
            ("download_evidencepack", _("Can download evidence packs (each download is recorded)")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=S.values), name="evidence_pack_state_known"),
            models.CheckConstraint(
                condition=Q(void_request__isnull=True) ^ Q(refund__isnull=True), name="evidence_pack_one_case"
            ),
            models.UniqueConstraint(fields=["void_request", "pack_version"], name="evidence_pack_void_version"),
            models.UniqueConstraint(fields=["refund", "pack_version"], name="evidence_pack_refund_version"),
            models.CheckConstraint(
                condition=~Q(state=S.READY) | (~Q(sha256="") & Q(built_at__isnull=False)), name="evidence_pack_whole"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="evidence_pack_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["case_number"], name="evidence_pack_number"),
            models.Index(fields=["sha256"], name="evidence_pack_digest", condition=~Q(sha256="")),
        ]

    def __str__(self) -> str:
        return f"{self.case_number} v{self.pack_version}"

    @property
    def case(self) -> VoidRequest | Refund:
        return self.void_request or self.refund  # type: ignore[return-value]

    @property
    def file_name(self) -> str:
        return f"pack-{self.case_number}-v{self.pack_version}.zip"

    @transition(
        field=state, source=S.WAITING, target=S.READY, permission="billing.build_evidencepack",
        custom={"event": events.PACK_BUILT, "label": _("Built")},
    )  # fmt: skip
    def finish(self: Any, *, upload: models.Model, facts: dict[str, Any]) -> dict[str, Any]:
        """`facts`: sha256, size, contents, missing, event_count, head_size, key_fingerprint, pages."""
        for name, value in facts.items():
            setattr(self, name, value)
        self.upload, self.built_at, self.due_at, self.step, self.failure = upload, clock.now(), None, "", ""
        return {"case": self.case_number, "digest": self.sha256, "size": self.size, "pack_version": self.pack_version}

    @transition(
        field=state, source=S.WAITING, target=S.FAILED, permission="billing.build_evidencepack",
        custom={"event": events.PACK_FAILED, "label": _("Given up")},
    )  # fmt: skip
    def give_up(self: Any) -> dict[str, Any]:
        self.due_at, self.step = None, ""
        return {"case": self.case_number, "attempts": self.attempts}

    @transition(
        field=state, source=S.FAILED, target=S.WAITING, permission="billing.build_evidencepack",
        custom={"event": events.PACK_REQUESTED, "label": _("Try again")},
    )  # fmt: skip
    def try_again(self: Any) -> dict[str, Any]:
        self.due_at, self.attempts, self.failure = clock.now(), 0, ""
        return {"case": self.case_number, "pack_version": self.pack_version}
