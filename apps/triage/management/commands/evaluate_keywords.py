"""Hold the keyword library against labelled texts, or see what it makes of unlabelled ones (CLS-02)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import DomainError
from apps.triage.services.measure import measure, read_csv


class Command(BaseCommand):
    help = (
        "Classify every text of a CSV file and print the figures as JSON. Columns: text; where present, category, "
        "risk and demand are what a person said, and accuracy, macro-F1, recall and precision are reported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="CSV, UTF-8 or GB18030, with a header line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = measure(read_csv(options["file"]))
        except DomainError as error:
            raise CommandError(error.words) from error
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
