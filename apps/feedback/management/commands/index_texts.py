"""Make tickets findable by their words (HND-09)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.feedback.services import search_index


class Command(BaseCommand):
    help = (
        "Make the search index for tickets that are not in it yet, the newest first. It may be stopped and started again "
        "at any time. The background worker does the same by itself, a little every ten minutes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="make the whole index anew, not only what is missing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            search_index.forget()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("tickets", total=search_index.missing())
            done = search_index.catch_up(tell=lambda done: progress.update(task, completed=done))
        self.stdout.write(f"{done} tickets made findable.")
