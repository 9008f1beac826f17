"""Make the models that the product ships (CLS-03, ADR 6). For developers: the texts it learns from are not shipped."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import DomainError
from apps.triage.learning import training
from apps.triage.learning.targets import Target
from apps.triage.services import measure, models
from apps.triage.services.training import judged


class Command(BaseCommand):
    help = "Train the shipped models and write them, with their figures, to apps/triage/defaults/models."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("labelled", help="CSV with text, category, risk, demand")
        parser.add_argument("reviews", help="CSV with source, row, product_group, positive, text")
        parser.add_argument("--labels", required=True, help="CSV with set, source, row and labels for texts of reviews")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = measure.read_csv(options["labelled"], ("text", "category", "risk", "demand"))
            reviews = measure.read_csv(options["reviews"], ("source", "row", "product_group", "positive", "text"))
            rows += measure.with_texts(measure.read_csv(options["labels"], ("source", "row")), reviews)
        except DomainError as error:
            raise CommandError(error.words) from error
        models.SHIPPED.mkdir(exist_ok=True)
        found = measure.cross_validated(rows)
        found[Target.CATEGORY.value]["demand"] = found["demand"]
        for target in Target.values:
            if target == Target.SENTIMENT:
                examples = measure.review_examples(reviews)
                model, answers = training.fit_tone(examples, training.parts(examples))
                found[target] = {**judged(target, examples, answers), "apart": measure.apart(reviews, answers)}
            else:
                examples = measure.examples(target, rows)
                model = training.fit(target, examples)
            raw = model.to_bytes()
            (models.SHIPPED / f"{target}.model").write_bytes(raw)
            figures = json.dumps(found[target], ensure_ascii=False, indent=1)
            (models.SHIPPED / f"{target}.json").write_text(figures + "\n", encoding="utf-8")
            self.stdout.write(
                f"{target}: {len(examples)} texts, {len(raw)} bytes, accuracy {found[target]['accuracy']}"
            )
