"""Hold keywords and learned models against labelled texts (CLS-02, CLS-03)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import DomainError
from apps.triage.services import measure


class Command(BaseCommand):
    help = (
        "Classify every text of a CSV file and print the figures as JSON. Columns: text; where present, category, "
        "risk and demand are what a person said, and accuracy, macro-F1, recall and precision are reported. "
        "With --cross-validate also by models that are trained now and never saw the text they answer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="CSV, UTF-8 or GB18030, with a header line")
        parser.add_argument(
            "--cross-validate", action="store_true", help="train and test by turns on fifths of the file"
        )
        parser.add_argument("--reviews", help="CSV with source, row, product_group, positive, text: measures the tone")
        parser.add_argument("--labels", help="CSV with set, source, row and labels for texts of --reviews")
        parser.add_argument(
            "--strangers", default=measure.STRANGERS, help="product group that the tone is not trained on"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._report(options)
        except DomainError as error:
            raise CommandError(error.words) from error
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))

    def _report(self, options: dict[str, Any]) -> dict[str, Any]:
        rows = measure.read_csv(options["file"])
        report = measure.measure(rows)
        columns = ("source", "row", "product_group", "positive", "text")
        reviews = measure.read_csv(options["reviews"], columns) if options["reviews"] else []
        labels = measure.read_csv(options["labels"], ("source", "row", "set")) if options["labels"] else []
        labelled = measure.with_texts(labels, reviews)
        if options["cross_validate"]:
            report["cross_validated"] = measure.cross_validated(rows, labelled)
            if labelled:
                report["labels_cross_validated"] = measure.cross_validated(labelled, rows)
        if reviews:
            answers = measure.tone_answers(reviews)
            report["tone"] = measure.tone_figures(reviews, options["strangers"], answers)
            report["tone"]["unseen_texts_by_group"] = measure.tone_by_group(reviews, answers)
        return report
