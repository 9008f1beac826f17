"""Bank transfers in one file: drawn up, released by a second person, downloaded once, its result read back (REF-01)."""

import hashlib
import logging
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from apps.billing import events, makers
from apps.billing.adapters.base import Outcome, Proof
from apps.billing.bank import files, results
from apps.billing.models import BankBatch, BankBatchRow, Refund, RefundAttempt
from apps.billing.services import paying
from apps.billing.states import AttemptState, BatchState, Layout, PayChannel
from apps.core import locks, numbers
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.feedback.services import words
from apps.journal import events as journal
from apps.journal import transitions

logger = logging.getLogger(__name__)

MOST_ROWS = 1000
OVER = (AttemptState.SUCCEEDED, AttemptState.FAILED)


@dataclass(frozen=True, slots=True)
class Read:
    """How a result file fared: rows settled now, rows that still wait, and what was wrong with the others."""

    settled: int
    waiting: int
    errors: tuple[DomainError, ...]


def waiting() -> "list[RefundAttempt]":
    """Transfers that are sent to nobody yet: approved, begun, in no living batch. The oldest first."""
    attempts = RefundAttempt.objects.filter(channel=PayChannel.BANK, state__in=("processing", "unknown"))
    free = (
        attempts.exclude(batch_rows__alive=True)
        .select_related("refund")
        .defer("refund__payee_name", "refund__payee_account")
    )
    free = free.order_by("created_at")
    return list(free[:MOST_ROWS])


def draw_up(layout: str, *, actor: Actor, attempts: "list[RefundAttempt] | None" = None) -> BankBatch:
    """Collect what waits (or these attempts) into a batch.

    Raises DomainError `core.not_allowed`, `core.invalid_choice`, `batch.empty`, `batch.debtor_missing`.
    """
    _allowed(actor)
    if layout not in Layout.values:
        raise DomainError("core.invalid_choice", field="layout", value=layout)
    if layout == Layout.PAIN001 and not (settings.BANK_DEBTOR["account"] and settings.BANK_DEBTOR["bank"]):
        raise DomainError("batch.debtor_missing")
    chosen = {attempt.pk for attempt in attempts} if attempts is not None else None
    with transaction.atomic():
        ids = [attempt.pk for attempt in waiting() if chosen is None or attempt.pk in chosen]
        free = locks.claim(RefundAttempt.objects.filter(pk__in=ids).order_by("created_at"), MOST_ROWS)
        taken = set(BankBatchRow.objects.filter(attempt__in=free, alive=True).values_list("attempt_id", flat=True))
        rows = [attempt for attempt in free if attempt.pk not in taken]
        if not rows:
            raise DomainError("batch.empty")
        total = sum((attempt.amount for attempt in rows), Decimal(0))
        batch = BankBatch(layout=layout, total=total, count=len(rows), drawn_up_by_id=actor.user_id)
        data = {"total": total, "count": len(rows), "layout": layout}
        numbers.insert(batch, "bank_batch", mark="B")
        BankBatchRow.objects.bulk_create(
            BankBatchRow(batch=batch, attempt=attempt, position=n) for n, attempt in enumerate(rows, start=1)
        )
        journal.record(events.BATCH_DRAWN_UP, subject=batch, actor=actor, data=data)
    return batch


def is_own(batch: BankBatch, user_id: int | None) -> bool:
    """Whether this user's second approval would be no second one: nobody's, or that of who drew the batch up."""
    return user_id is None or user_id in {batch.drawn_up_by_id, *makers.of(batch)}


def release(batch: BankBatch, *, actor: Actor) -> BankBatch:
    """The second approval: by somebody else than who drew it up, administrators included. Fixes the file's digest.

    Raises DomainError `batch.own`, `core.not_allowed`, `transition.impossible`.
    """
    _allowed(actor)
    with transaction.atomic():
        fresh = locks.row(BankBatch, batch.pk)
        if is_own(fresh, actor.user_id):
            raise DomainError("batch.own")
        digest = hashlib.sha256(_content(fresh)).hexdigest()
        return transitions.apply(fresh, "release", actor=actor, by=actor.user_id, digest=digest)


def download(batch: BankBatch, *, actor: Actor) -> tuple[str, bytes]:
    """Name and content of the file, once: a second copy could pay twice.

    Raises DomainError `batch.taken`, `batch.changed`, `core.not_allowed`, `transition.impossible`.
    """
    _allowed(actor)
    with transaction.atomic():
        fresh = locks.row(BankBatch, batch.pk)
        if fresh.downloaded_at is not None:
            raise DomainError("batch.taken")
        content = _content(fresh)
        if fresh.digest and hashlib.sha256(content).hexdigest() != fresh.digest:
            raise DomainError("batch.changed")
        transitions.apply(fresh, "download", actor=actor, by=actor.user_id)
    return f"{fresh.number}.{'xml' if fresh.layout == Layout.PAIN001 else 'xlsx'}", content


def cancel(batch: BankBatch, *, actor: Actor, reason: str) -> BankBatch:
    """Before it was downloaded; its transfers wait for another batch. Raises DomainError `reason.missing`, …"""
    reason = words.checked(reason, "reason", required="reason.missing")
    with transaction.atomic():
        ended = transitions.apply(batch, "cancel", actor=actor, reason=reason)
        BankBatchRow.objects.filter(batch=ended).update(alive=False)
    return ended


def read_result(batch: BankBatch, name: str, content: bytes, *, actor: Actor) -> Read:
    """Take the bank's answer in, row by row: good rows settle, each bad one is told. Reading it again changes nothing.

    Raises DomainError `batch.not_with_bank`, `batch.unreadable`, `core.not_allowed`.
    """
    _allowed(actor)
    fresh = BankBatch.objects.get(pk=batch.pk)
    if fresh.state not in (BatchState.DOWNLOADED, BatchState.DONE):
        raise DomainError("batch.not_with_bank")
    try:
        given = results.read(name, content)
    except results.Unreadable as error:
        raise DomainError("batch.unreadable", field="file", why=str(error)) from error
    rows = {row.attempt.number: row for row in BankBatchRow.objects.filter(batch=fresh).select_related("attempt")}
    settled, errors = 0, []
    contradicted = _contradicted(given)
    for line in given:
        try:
            if line.number in contradicted:
                raise DomainError("batch.row_twice", row=line.line, number=line.number)
            settled += _take(line, rows)
        except DomainError as error:
            errors.append(error)
    left = BankBatchRow.objects.filter(batch=fresh).exclude(state__in=OVER).count()
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        BankBatch.objects.filter(pk=fresh.pk).update(result_digest=digest)
        data = {"digest": digest, "settled": settled, "waiting": left, "errors": len(errors)}
        journal.record(events.BATCH_RESULT_READ, subject=fresh, actor=actor, data=data)
        if not left and fresh.state == BatchState.DOWNLOADED:
            transitions.apply(fresh, "finish", actor=actor)
    return Read(settled, left, tuple(errors))


def _contradicted(given: list[results.Row]) -> set[str]:
    """Transfers that one file calls both paid and failed: which of both is true a person must ask the bank."""
    said: dict[str, set[str]] = {}
    for line in given:
        said.setdefault(line.number, set()).add(line.verdict)
    return {number for number, verdicts in said.items() if {"yes", "no"} <= verdicts}


def _take(line: results.Row, rows: dict[str, BankBatchRow]) -> int:
    row = rows.get(line.number)
    if row is None:
        raise DomainError("batch.row_unknown", row=line.line, number=line.number)
    attempt = row.attempt
    if line.amount is not None and line.amount != attempt.amount:
        raise DomainError("batch.row_amount", row=line.line, given=line.amount, amount=attempt.amount)
    if line.verdict not in ("yes", "no", "wait"):
        raise DomainError("batch.row_state", row=line.line, given=line.word)
    if line.verdict == "wait":
        return 0
    wanted = AttemptState.SUCCEEDED if line.verdict == "yes" else AttemptState.FAILED
    if row.state in OVER:
        # A transfer that was booked may come back later; a failed one never becomes a success by itself.
        if row.state == wanted:
            return 0
        if wanted == AttemptState.SUCCEEDED:
            raise DomainError("batch.row_settled", row=line.line, number=line.number)
    proof = Proof.SUCCEEDED if line.verdict == "yes" else Proof.FAILED
    why = (line.why or line.word)[:60]
    paying.settle(attempt, Outcome(proof, line.reference[:64], why, {"bank": line.word, "why": why}))
    row.state, row.bank_reference = wanted, line.reference[:64]
    row.failure = why if proof == Proof.FAILED else ""
    row.save(update_fields=["state", "failure", "bank_reference"])
    return 1


def _content(batch: BankBatch) -> bytes:
    found = BankBatchRow.objects.filter(batch=batch).select_related("attempt").order_by("position")
    rows = [_transfer(row.attempt) for row in found]
    debtor = files.Debtor(**settings.BANK_DEBTOR)
    at = batch.created_at.replace(microsecond=0)
    if batch.layout == Layout.PAIN001:
        return files.pain001(batch.number, rows, debtor, at)
    return files.sheet(batch.layout, rows, debtor, at)


def _transfer(attempt: RefundAttempt) -> files.Transfer:
    refund = Refund.objects.get(pk=attempt.refund_id)
    return files.Transfer(
        attempt.number, refund.payee_name, refund.payee_account, refund.payee_bank, attempt.amount, refund.number
    )


def _allowed(actor: Actor) -> None:
    if not actor.can("billing.pay_refund"):
        raise DomainError("core.not_allowed")
