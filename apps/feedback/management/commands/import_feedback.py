"""Take in a table of feedback (docs/integrators.md)."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.core.actors import system
from apps.core.errors import DomainError
from apps.core.vocabulary import Channel, Kind
from apps.feedback import csv_table
from apps.feedback.csv_table import Table
from apps.feedback.services import importing
from apps.feedback.services.importing import Job, Outcome

BATCH_LENGTH = 60


class Command(BaseCommand):
    help = "Take in feedback from a CSV file through the same intake as the form. A second run adds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV in UTF-8 or GB18030; its first line names the columns")
        parser.add_argument("--channel", required=True, choices=Channel.values, help="for rows without a channel")
        parser.add_argument("--kind", default=Kind.COMPLAINT.value, choices=Kind.values, help="for rows without a kind")
        parser.add_argument("--batch", help="keeps references apart from other tables'; default: the file's name")
        parser.add_argument("--errors", type=Path, help="where to write what is wrong; default: FILE.errors.csv")
        parser.add_argument("--check", action="store_true", help="only look for errors; add nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        batch = options["batch"] or path.stem
        if len(batch) > BATCH_LENGTH:
            raise CommandError(
                f"The name of the batch has more than {BATCH_LENGTH} characters: choose one with --batch."
            )
        job = Job(batch, options["channel"], options["kind"], options["check"])
        errors = _ErrorFile(options["errors"] or path.with_name(f"{path.stem}.errors.csv"))
        try:
            table = csv_table.open_table(path)
            self._tell_columns(table)
            outcome = self._run(table, job, errors)
        except DomainError as error:
            raise CommandError(error.words) from error
        finally:
            errors.close()
        self._tell_outcome(outcome, job, errors)

    def _run(self, table: Table, job: Job, errors: "_ErrorFile") -> Outcome:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(table.path.name, total=sum(1 for _ in table))
            return importing.run(
                table, job, actor=system("import"), on_error=errors.write, on_row=lambda: progress.advance(task)
            )

    def _tell_columns(self, table: Table) -> None:
        used = ", ".join(field for field in table.columns if field)
        self.stderr.write(f"{table.path.name}: {table.encoding}, columns {used}")
        if table.unused:
            self.stderr.write(f"Not used: {', '.join(table.unused)}")

    def _tell_outcome(self, outcome: Outcome, job: Job, errors: "_ErrorFile") -> None:
        if job.check_only:
            self.stdout.write(f"{outcome.rows} rows checked, {outcome.known} known, {outcome.refused} with errors")
        else:
            self.stdout.write(
                f"{outcome.rows} rows: {outcome.added} added, {outcome.known} known, {outcome.refused} with errors"
                f" in {outcome.seconds:.1f} s ({outcome.per_second:.0f} tickets/s)"
            )
        if outcome.added:
            self.stdout.write(f"Category “other”: {outcome.other} ({outcome.share_of_other:.1%} of the added)")
        if outcome.refused:
            worst = ", ".join(f"{name or 'row'} {count}" for name, count in outcome.fields.most_common(5))
            self.stdout.write(f"Errors by field: {worst}. See {errors.path}")


class _ErrorFile:
    """One line per error: line of the file, field, message. Made at the first error; one of an earlier run goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: Any = None
        try:
            path.unlink(missing_ok=True)
        except OSError:
            pass  # a folder one may not write to: `_open` finds another place

    def write(self, line: int, error: DomainError) -> None:
        if self._handle is None:
            self._open()
        csv.writer(self._handle).writerow([line, error.field or "", error.words])

    def close(self) -> None:
        if self._handle is not None:
            self._handle.close()

    def _open(self) -> None:
        try:
            self._handle = self.path.open("w", encoding="utf-8-sig", newline="")
        except OSError:
            self.path = Path.cwd() / self.path.name
            self._handle = self.path.open("w", encoding="utf-8-sig", newline="")
        csv.writer(self._handle).writerow(["line", "field", "message"])
