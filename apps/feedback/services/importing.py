"""Feedback from a table, row by row through the same intake as everywhere. Running it again adds nothing (LNK-04)."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection, transaction

from apps.core import locks
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import new_id
from apps.crm.services.customers import Contact
from apps.feedback import csv_table, events
from apps.feedback.csv_table import Line
from apps.feedback.models import Ticket
from apps.feedback.services import intake
from apps.feedback.services.intake import Report
from apps.journal import events as journal
from apps.journal.events import Ref
from apps.triage import rulebook

CHUNK = 500
_CONTACT = ("name", "phone", "email", "external_id", "address", "tier", "language", "region")
_REPORT = (
    "text", "kind", "urgency", "channel", "language", "category", "product", "product_group", "serial_number", "order_number",
    "invoice_number", "place", "region", "demand",
)  # fmt: skip
_DATES = ("ship_date", "occurred_on")

OnError = Callable[[int, DomainError], None]
OnRow = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Job:
    """`batch` keeps the references of one table apart from others'; `channel` and `kind` are for rows without them."""

    batch: str
    channel: str
    kind: str
    check_only: bool = False


@dataclass(slots=True)
class Outcome:
    """Rows read, made into tickets, known from before, refused; `other` counts tickets no keyword spoke of."""

    rows: int = 0
    added: int = 0
    known: int = 0
    refused: int = 0
    other: int = 0
    seconds: float = 0.0
    fields: Counter[str] = field(default_factory=Counter)  # of the errors

    @property
    def per_second(self) -> float:
        return self.added / self.seconds if self.seconds else 0.0

    @property
    def share_of_other(self) -> float:
        return self.other / self.added if self.added else 0.0


def run(lines: Iterable[Line], job: Job, *, actor: Actor, on_error: OnError, on_row: OnRow) -> Outcome:
    """Take in every row that is not known yet; a bad row is reported to `on_error` and the rest goes on.

    Each row is a transaction of its own, so numbers have no gap and a kill at any moment leaves whole tickets; the
    commits don't wait for the disk one by one, because what a crash of the database might lose, the next run adds.
    Raises DomainError `import.running` when the same batch is being imported by another process.
    """
    outcome, began = Outcome(), time.monotonic()
    with locks.alone(f"import:{job.batch}") as free, _quick_commits():
        if not free:
            raise DomainError("import.running", batch=job.batch)
        work = _Import(job, actor, outcome, on_error, on_row)
        remaining = iter(lines)
        while chunk := list(islice(remaining, CHUNK)):
            work.take(chunk)
    outcome.seconds = time.monotonic() - began
    if outcome.added:
        _record(job, outcome, actor)  # committed in the usual way, which also brings all before it to the disk
    return outcome


class _Import:
    def __init__(self, job: Job, actor: Actor, outcome: Outcome, on_error: OnError, on_row: OnRow) -> None:
        self.job, self.actor, self.outcome, self.on_error, self.on_row = job, actor, outcome, on_error, on_row
        self.seen: dict[str, int] = {}  # reference: its line
        self.alike: Counter[str] = Counter()

    def take(self, chunk: list[Line]) -> None:
        references = {line.number: self._reference(line) for line in chunk}
        storable = [reference for reference in references.values() if "\0" not in reference]
        known = set(Ticket.objects.filter(external_ref__in=storable).values_list("external_ref", flat=True))
        for line in chunk:
            self.outcome.rows += 1
            try:
                self._row(line, references[line.number], known)
            except DomainErrors as found:
                self._refuse(line, found.errors)
            except DomainError as error:
                self._refuse(line, [error])
            self.on_row()

    def _row(self, line: Line, reference: str, known: set[str | None]) -> None:
        if line.error is not None:
            raise line.error
        if (earlier := self.seen.setdefault(reference, line.number)) != line.number:
            raise DomainError("import.same_reference", field="reference", line=earlier)
        if reference in known:
            self.outcome.known += 1
            return
        report = report_of(line, reference, self.job)
        if self.job.check_only:
            intake.validate(report)
            return
        ticket = intake.receive(report, actor=self.actor)
        if ticket.is_new:
            self.outcome.added += 1
            self.outcome.other += ticket.category_id == rulebook.current().branches.ids.get(rulebook.OTHER)
        else:
            self.outcome.known += 1

    def _refuse(self, line: Line, errors: list[DomainError]) -> None:
        self.outcome.refused += 1
        for error in errors:
            self.outcome.fields[error.field or ""] += 1
            self.on_error(line.number, error)

    def _reference(self, line: Line) -> str:
        """The row's own reference; without one, a digest of what it says, counted when several rows say the same."""
        values = line.values
        if own := values.get("reference", "").strip():
            return f"{self.job.batch}:{own}"
        if "row" in values:
            return f"{self.job.batch}:{_place(values)}"
        said = "\x1f".join(f"{name}={values[name]}" for name in sorted(values))
        digest = hashlib.sha256(said.encode()).hexdigest()[:24]
        self.alike[digest] += 1
        return f"{self.job.batch}:{digest}" + (f":{self.alike[digest]}" if self.alike[digest] > 1 else "")


def _place(values: dict[str, str]) -> str:
    return ":".join(filter(None, (values.get("source", "").strip(), values["row"].strip())))


def report_of(line: Line, reference: str, job: Job) -> Report:
    """The row as a report. Raises DomainErrors when a date or number can't be read, with all other errors of the row."""
    values = {
        name: csv_table.choice_of(name, text) if csv_table.is_choice(name) else text
        for name, text in line.values.items()
    }
    who = {name: values[name].strip() for name in _CONTACT if name in values}
    if "row" in values and not who.keys() & {"phone", "email", "external_id"}:
        who["external_id"] = _place(values)  # somebody known only on the platform the row comes from
    report = Report("", Contact(**who), job.channel, kind=job.kind, external_ref=reference)
    for name in _REPORT:
        if name in values:
            setattr(report, name, values[name] if name == "text" else values[name].strip())
    errors = []
    for name in (*_DATES, "received_at", "defect_quantity"):
        if name in values:
            try:
                setattr(report, name, _parsed(name, values[name]))
            except DomainError as error:
                errors.append(error)
    if errors:  # say what else is wrong at the same time
        try:
            intake.validate(report)
        except DomainErrors as found:
            errors += found.errors
        raise DomainErrors(errors)
    return report


def _parsed(name: str, text: str) -> object:
    if name == "defect_quantity":
        return csv_table.number_of(name, text)
    return csv_table.date_of(name, text) if name in _DATES else csv_table.moment_of(name, text)


@contextmanager
def _quick_commits() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET synchronous_commit")


def _record(job: Job, outcome: Outcome, actor: Actor) -> None:
    figures = {"rows": outcome.rows, "added": outcome.added, "known": outcome.known, "refused": outcome.refused}
    with transaction.atomic():
        journal.record(
            events.FEEDBACK_IMPORTED,
            subject=Ref("feedback.import", new_id()),
            actor=actor,
            data={"batch": job.batch, "channel": job.channel, **figures},
        )
