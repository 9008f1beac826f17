"""Drawing the quarterly sample (ARC-04): stratified, random, and drawn again identically from its seed.

The population are all void requests and refunds filed in the span; each belongs to the first layer that it fits. Of each
layer the cases with the smallest HMAC-SHA256(seed, "layer:id") are taken: no generator of any language is involved, so
anybody with seed and population gets the same cases (docs/auditors.md shows how in ten lines).
"""

import hashlib
import hmac
import secrets
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.billing import audit_events as events
from apps.billing.audit_states import CaseKind
from apps.billing.models import (
    AuditAnswer,
    AuditCheckpoint,
    AuditItem,
    AuditSample,
    AuditStratum,
    Refund,
    VoidRequest,
)
from apps.core import clock, numbers
from apps.core.actors import Actor, system
from apps.core.errors import DomainError
from apps.journal.events import record

RIGHT = "billing.do_audit"
LONGEST = timedelta(days=400)
TYPES = {CaseKind.VOID: "billing.voidrequest", CaseKind.REFUND: "billing.refund"}
Row = list[Any]  # layer, case type, case id, number, amount


def quarter_of(day: date) -> date:
    """The first day of the quarter that a day lies in."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def last_quarter(day: date) -> tuple[date, date]:
    """First and last day of the quarter before the one that `day` lies in."""
    end = quarter_of(day) - timedelta(days=1)
    return quarter_of(end), end


def draw(first: date, last: date, *, actor: Actor, seed: str = "", quarter: date | None = None) -> AuditSample:
    """Draw a sample of the cases filed from `first` to `last` (Shanghai, both included). An empty seed is made up.

    Raises DomainError `core.not_allowed`, `audit.span`, `audit.seed` (64 hexadecimal digits), `audit.no_layers`,
    `audit.no_cases`, `audit.drawn` (the quarter has its sample).
    """
    if not actor.can(RIGHT):
        raise DomainError("core.not_allowed")
    if last < first or last - first > LONGEST:
        raise DomainError("audit.span", field="last_day", days=LONGEST.days)
    seed = seed.strip().lower() or secrets.token_hex(32)
    if len(seed) != 64 or set(seed) - set("0123456789abcdef"):
        raise DomainError("audit.seed", field="seed")
    layers = list(AuditStratum.objects.filter(active=True))
    if not layers:
        raise DomainError("audit.no_layers")
    frame = population(first, last, layers)
    if not frame:
        raise DomainError("audit.no_cases", field="first_day")
    sample = AuditSample(
        quarter=quarter, first_day=first, last_day=last, seed=seed, frame=frame, population=len(frame),
        population_digest=digest_of(frame), drawn_by_id=actor.user_id, drawn_at=clock.now(),
        strata=_described(layers, frame),
    )  # fmt: skip
    try:
        with transaction.atomic():
            _insert(sample, actor)
    except IntegrityError as error:
        if "audit_sample_quarter" in str(error):
            raise DomainError("audit.drawn") from error
        raise
    return sample


def _insert(sample: AuditSample, actor: Actor) -> None:
    numbers.insert(sample, "audit", mark="A")
    items = [
        AuditItem(
            sample=sample, position=position, stratum=row[0], case_type=row[1], case_id=UUID(row[2]), number=row[3],
            amount=Decimal(row[4]), mark=mark,
        )
        for position, (mark, row) in enumerate(drawn(sample), start=1)
    ]  # fmt: skip
    AuditItem.objects.bulk_create(items)
    questions = list(AuditCheckpoint.objects.filter(active=True))
    AuditAnswer.objects.bulk_create(
        AuditAnswer(item=item, position=position, text=question.text)
        for item in items
        for position, question in enumerate(_fitting(questions, item.case_type), start=1)
    )
    data = {
        "number": sample.number, "seed": sample.seed, "method": sample.method, "population": sample.population,
        "digest": sample.population_digest, "drawn": len(items),
    }  # fmt: skip
    record(events.SAMPLE_DRAWN, subject=sample, actor=actor, data=data)


def _fitting(questions: list[AuditCheckpoint], case_type: str) -> list[AuditCheckpoint]:
    return [q for q in questions if not q.cases or TYPES[CaseKind(q.cases)] == case_type]


def population(first: date, last: date, layers: list[AuditStratum]) -> list[Row]:
    """The cases filed in the span with the layer each belongs to; what fits no layer is left out. In order of id."""
    begin = datetime.combine(first, time(), clock.SHANGHAI)
    end = datetime.combine(last + timedelta(days=1), time(), clock.SHANGHAI)
    span = {"created_at__gte": begin, "created_at__lt": end}
    voids = VoidRequest.objects.filter(**span).values_list(
        "id", "number", "amount", "act", "requested_by__department_id"
    )
    refunds = Refund.objects.filter(**span).values_list("id", "number", "amount", "requested_by__department_id")
    rows: list[Row] = []
    for pk, number, amount, act, department in voids.iterator():
        rows += _placed(layers, CaseKind.VOID, (pk, number, amount), act, department)
    for pk, number, amount, department in refunds.iterator():
        rows += _placed(layers, CaseKind.REFUND, (pk, number, amount), "", department)
    return sorted(rows, key=lambda row: row[2])


def _placed(
    layers: list[AuditStratum], kind: CaseKind, case: tuple[UUID, str, Decimal], act: str, department: int | None
) -> list[Row]:
    pk, number, amount = case
    for index, layer in enumerate(layers):
        fits = (
            layer.cases == kind
            and (not layer.act or layer.act == act)
            and (layer.department_id is None or layer.department_id == department)
            and amount > layer.above
            and (layer.up_to is None or amount <= layer.up_to)
        )
        if fits:
            return [[index, TYPES[kind], str(pk), number, str(amount)]]
    return []


def _described(layers: list[AuditStratum], frame: list[Row]) -> list[dict[str, Any]]:
    inside: dict[int, int] = defaultdict(int)
    for row in frame:
        inside[row[0]] += 1
    return [
        {
            "name": layer.name, "cases": layer.cases, "act": layer.act, "department": layer.department_id,
            "above": str(layer.above), "up_to": str(layer.up_to) if layer.up_to is not None else None,
            "size": layer.size, "population": inside[index], "drawn": min(layer.size, inside[index]),
        }
        for index, layer in enumerate(layers)
    ]  # fmt: skip


def digest_of(frame: list[Row]) -> str:
    """SHA-256 over the population: layer, type, id, number and amount of each case, one a line, in order of id."""
    return hashlib.sha256("\n".join(" ".join(str(cell) for cell in row) for row in frame).encode()).hexdigest()


def mark_of(seed: str, layer: int, case_id: str) -> str:
    """HMAC-SHA256 with the seed's bytes as key over "layer:id", hexadecimal."""
    return hmac.new(bytes.fromhex(seed), f"{layer}:{case_id}".encode(), hashlib.sha256).hexdigest()


def drawn(sample: AuditSample) -> list[tuple[str, Row]]:
    """The draw from what the sample keeps: in each layer the smallest marks, layer after layer."""
    by_layer: dict[int, list[tuple[str, Row]]] = defaultdict(list)
    for row in sample.frame:
        by_layer[row[0]].append((mark_of(sample.seed, row[0], row[2]), row))
    chosen: list[tuple[str, Row]] = []
    for index, layer in enumerate(sample.strata):
        chosen += sorted(by_layer[index], key=lambda pair: pair[0])[: layer["size"]]
    return chosen


def check(sample: AuditSample) -> list[str]:
    """Draw again and compare: what differs, as codes (`population`, `draw`); empty when all is as it was drawn."""
    found = []
    if digest_of(sample.frame) != sample.population_digest or len(sample.frame) != sample.population:
        found.append("population")
    kept = list(sample.items.order_by("position").values_list("mark", "case_id"))
    if [(mark, UUID(row[2])) for mark, row in drawn(sample)] != kept:
        found.append("draw")
    return found


def draw_due() -> AuditSample | None:
    """The sample of the quarter that is over, once (the scheduled job). None: it is drawn, or there was no case."""
    first, last = last_quarter(clock.local(clock.now()).date())
    if AuditSample.objects.filter(quarter=first).exists():
        return None
    try:
        return draw(first, last, actor=system("audit"), quarter=first)
    except DomainError as error:
        if error.code in ("audit.drawn", "audit.no_cases", "audit.no_layers"):
            return None
        raise
