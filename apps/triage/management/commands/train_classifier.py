"""Train the category model on this site's tickets now, instead of waiting for the nightly job (CLS-03)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.actors import system
from apps.core.errors import DomainError
from apps.triage.services import suggestions, training


class Command(BaseCommand):
    help = (
        "Learn from what people decided about tickets; the new model works at once if it is not worse than the one that "
        "works now. With too few decided tickets nothing changes. Then search for keywords to suggest."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = system("triage")
        try:
            version = training.train(training.from_tickets(), actor=actor)
        except DomainError as error:
            raise CommandError(error.words) from error
        compared = version.figures["compared"]
        self.stdout.write(
            f"Model {version.number}: {version.texts} texts ({version.corrections} decided by people), "
            f"accuracy {version.accuracy:.3f}, macro-F1 {version.macro_f1:.3f} on held-out texts; "
            f"what worked before: {compared['other']:.3f}, this one: {compared['own']:.3f} "
            f"on {compared['texts']} texts. {'It works now.' if version.active else 'It does not work yet.'}"
        )
        self.stdout.write(f"{suggestions.search(actor=actor)} keywords suggested.")
