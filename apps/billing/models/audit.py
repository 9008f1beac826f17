"""The quarterly audit (ARC-04): what is drawn, what is asked of each case, what was found and what became of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import FSMField, transition

from apps.billing import audit_events as events
from apps.billing.audit_states import CaseKind, CheckAnswer, FindingState, Severity
from apps.billing.states import Act
from apps.core import clock
from apps.core.actors import Actor
from apps.core.models import Noun
from apps.journal.transitions import condition

STAFF = settings.AUTH_USER_MODEL
AUDITS = "billing.do_audit"


class AuditStratum(Noun):
    """A layer of the population and how many of it are drawn. A case belongs to the first layer that it fits."""

    position = models.PositiveSmallIntegerField(_("position"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    cases = models.CharField(_("cases"), max_length=8, choices=CaseKind)
    act = models.CharField(_("act"), max_length=10, choices=Act, blank=True, help_text=_("Of voids; empty: any."))
    department = models.ForeignKey(
        "accounts.Department", verbose_name=_("department of who filed it"), null=True, blank=True,
        on_delete=models.PROTECT, related_name="+", help_text=_("Empty: any."),
    )  # fmt: skip
    above = models.DecimalField(
        _("above"), max_digits=14, decimal_places=2, default=0, help_text=_("Yuan, not included.")
    )
    up_to = models.DecimalField(
        _("up to"), max_digits=14, decimal_places=2, null=True, blank=True,
        help_text=_("Yuan, included; empty: no limit."),
    )  # fmt: skip
    size = models.PositiveSmallIntegerField(_("how many are drawn"), help_text=_("All, where there are fewer."))
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("audit layer")
        verbose_name_plural = _("audit layers")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(up_to=None) | Q(up_to__gt=models.F("above")), name="audit_stratum_band"),
        ]

    def __str__(self) -> str:
        return self.name


class AuditCheckpoint(Noun):
    """A question that is asked of every drawn case."""

    position = models.PositiveSmallIntegerField(_("position"), unique=True)
    text = models.CharField(_("question"), max_length=200)
    cases = models.CharField(
        _("cases"), max_length=8, choices=CaseKind, blank=True, help_text=_("Empty: of all cases.")
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("audit question")
        verbose_name_plural = _("audit questions")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.text


@condition("audit.items_open")
def all_answered(sample: AuditSample) -> bool:
    return not AuditAnswer.objects.filter(item__sample=sample, answer=CheckAnswer.OPEN).exists()


class AuditSample(Noun):
    """A drawn sample. Seed, layers and the digest of the population let anybody draw it again, identically.

    A case's place is HMAC-SHA256(key = seed, message = layer number ":" case id); of each layer the cases with the
    smallest values are taken. Nothing in that depends on a programming language.
    """

    METHOD = "HMAC-SHA256 v1"

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(
        _("state"), max_length=8, protected=True, default="open",
        choices=[("open", _("In work")), ("closed", pgettext_lazy("audit", "Closed"))],
    )  # fmt: skip
    quarter = models.DateField(_("quarter from"), null=True, blank=True, help_text=_("Empty: drawn by hand."))
    first_day = models.DateField(_("cases from"))
    last_day = models.DateField(_("cases until"))
    seed = models.CharField(_("seed"), max_length=64)
    method = models.CharField(_("method"), max_length=30, default=METHOD)
    strata = models.JSONField(_("layers"), default=list)  # as they were: name, conditions, size, population, drawn
    frame = models.JSONField(default=list, editable=False)  # [[layer, case type, case id, number, amount]] as it was
    population = models.PositiveIntegerField(_("cases to draw from"))
    population_digest = models.CharField(_("SHA-256 of the population"), max_length=64)
    drawn_by = models.ForeignKey(
        STAFF, verbose_name=_("drawn by"), null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text=_("Empty: by the scheduled job."),
    )  # fmt: skip
    drawn_at = models.DateTimeField(_("drawn"), default=clock.now)
    summary = models.TextField(_("conclusion"), blank=True)
    closed_at = models.DateTimeField(pgettext_lazy("audit", "closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("audit sample")
        verbose_name_plural = _("audit samples")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("do_audit", "Can draw audit samples, answer check-lists and write findings")]
        constraints = [
            models.UniqueConstraint(fields=["quarter"], name="audit_sample_quarter"),
            models.CheckConstraint(condition=Q(state__in=["open", "closed"]), name="audit_sample_state_known"),
            models.CheckConstraint(condition=Q(last_day__gte=models.F("first_day")), name="audit_sample_span"),
        ]

    def __str__(self) -> str:
        return self.number

    @transition(
        field=state, source="open", target="closed", conditions=[all_answered], permission=AUDITS,
        custom={"event": events.SAMPLE_CLOSED, "label": _("Close the audit")},
    )  # fmt: skip
    def close(self: Any, *, summary: str) -> dict[str, Any]:
        self.summary, self.closed_at = summary, clock.now()
        return {"population": self.population, "findings": self.findings.count()}


class AuditItem(Noun):
    """A case that was drawn."""

    sample = models.ForeignKey(AuditSample, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField(_("row"))
    stratum = models.PositiveSmallIntegerField(_("layer"))  # its place in AuditSample.strata, from 0
    case_type = models.CharField(max_length=40)  # as in journal.events.Ref
    case_id = models.UUIDField()
    number = models.CharField(_("case"), max_length=20)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    mark = models.CharField(_("drawn by"), max_length=64)  # the HMAC that decided

    class Meta:
        verbose_name = _("drawn case")
        verbose_name_plural = _("drawn cases")
        ordering = ["sample", "position"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["sample", "case_id"], name="audit_item_once"),
            models.UniqueConstraint(fields=["sample", "position"], name="audit_item_position"),
        ]
        indexes = [models.Index(fields=["case_id"], name="audit_item_case")]

    def __str__(self) -> str:
        return self.number


class AuditAnswer(Noun):
    """A question of a drawn case, with the auditor's answer and where the evidence is."""

    item = models.ForeignKey(AuditItem, on_delete=models.PROTECT, related_name="answers")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(_("question"), max_length=200)  # as it was asked
    answer = models.CharField(_("answer"), max_length=12, choices=CheckAnswer, default=CheckAnswer.OPEN)
    note = models.TextField(_("what was seen"), blank=True)
    link = models.CharField(_("evidence"), max_length=300, blank=True)
    by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"), null=True, blank=True)

    class Meta:
        verbose_name = _("audit answer")
        verbose_name_plural = _("audit answers")
        ordering = ["item", "position"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["item", "position"], name="audit_answer_position")]


class FindingQuerySet(models.QuerySet["Finding"]):
    def visible_to(self, actor: Actor) -> FindingQuerySet:
        """Auditors and who may look see all; the owner of a finding sees that one."""
        if actor.can("billing.view_finding"):
            return self
        return self.filter(owner_id=actor.user_id) if actor.user_id else self.none()


def is_owner(finding: Finding, actor: Actor) -> bool:
    return actor.user_id is not None and finding.owner_id == actor.user_id


def audits_others(finding: Finding, actor: Actor) -> bool:
    """Whoever audits, but nobody closes a finding about themselves, administrators included."""
    return actor.can(AUDITS) and actor.user_id is not None and finding.owner_id != actor.user_id


class Finding(Noun):
    """Something that was not in order, with an owner, a date and an end that somebody else confirms."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    state = FSMField(_("state"), max_length=10, choices=FindingState.choices, default=FindingState.OPEN, protected=True)
    sample = models.ForeignKey(
        AuditSample, verbose_name=_("audit"), null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    item = models.ForeignKey(
        AuditItem, verbose_name=_("case"), null=True, blank=True, on_delete=models.PROTECT, related_name="findings"
    )
    flag = models.ForeignKey(
        "billing.RedFlag", verbose_name=_("red flag"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="findings",
    )  # fmt: skip
    severity = models.CharField(_("severity"), max_length=8, choices=Severity, default=Severity.MINOR)
    text = models.TextField(pgettext_lazy("audit", "what was found"))
    owner = models.ForeignKey(STAFF, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="findings")
    written_by = models.ForeignKey(STAFF, verbose_name=_("written by"), on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(_("written"), default=clock.now)
    measures = models.TextField(_("what was done about it"), blank=True)
    answered_at = models.DateTimeField(pgettext_lazy("audit", "answered"), null=True, blank=True)
    verdict = models.TextField(_("what the auditor says"), blank=True)
    closed_by = models.ForeignKey(
        STAFF,
        verbose_name=pgettext_lazy("audit", "closed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    closed_at = models.DateTimeField(pgettext_lazy("audit", "closed"), null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = pgettext_lazy("audit", "findings")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(state__in=FindingState.values), name="finding_state_known"),
            models.CheckConstraint(
                condition=Q(closed_by=None) | ~Q(closed_by=models.F("owner")), name="finding_two_persons"
            ),
            models.CheckConstraint(condition=~Q(written_by=models.F("owner")), name="finding_about_another"),
        ]
        indexes = [models.Index(fields=["state", "id"], name="finding_state")]

    def __str__(self) -> str:
        return self.number

    @transition(
        field=state, source=FindingState.OPEN, target=FindingState.ANSWERED, permission=is_owner,
        custom={"event": events.FINDING_ANSWERED, "label": _("Give an answer")},
    )  # fmt: skip
    def answer(self: Any, *, measures: str) -> None:
        self.measures, self.answered_at = measures, clock.now()

    @transition(
        field=state, source=FindingState.ANSWERED, target=FindingState.OPEN, permission=audits_others,
        custom={"event": events.FINDING_RETURNED, "label": _("Not enough: back to the owner")},
    )  # fmt: skip
    def give_back(self: Any, *, verdict: str) -> None:
        self.verdict = verdict

    @transition(
        field=state, source=FindingState.ANSWERED, target=FindingState.CLOSED, permission=audits_others,
        custom={"event": events.FINDING_CLOSED, "label": _("Close")},
    )  # fmt: skip
    def close(self: Any, *, verdict: str, by: int) -> None:
        self.verdict, self.closed_by_id, self.closed_at = verdict, by, clock.now()
