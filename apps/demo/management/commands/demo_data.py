"""`manage.py demo_data`: ninety lively days of a small company. `--print-logins` only shows who may sign in."""

import gc
import time
from typing import Any
from urllib.parse import urlparse

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.test import override_settings
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from apps.accounts.models import User
from apps.demo.company import STAFF
from apps.demo.history import History
from apps.demo.logins import PASSWORD
from apps.feedback.models import Ticket

LOOPBACK = {"", "127.0.0.1", "localhost", "::1"}


class Command(BaseCommand):
    help = "Make the demo company: staff, customers, products, orders and tickets in every state over the last 90 days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tickets", type=int, default=180)
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--print-logins", action="store_true", help="only print the demo log-ins by role")

    def handle(self, *args: Any, tickets: int, days: int, print_logins: bool, **options: Any) -> None:
        if print_logins:
            self._print_logins()
            return
        self._refuse_if_it_could_harm()
        started = time.monotonic()
        with connection.cursor() as cursor:  # thousands of small commits; nobody mourns a demo lost in a power cut
            cursor.execute("SET synchronous_commit TO off")
        gc.set_threshold(50_000, 20, 50)  # thousands of short-lived rows: looking for cycles among them costs more
        columns = (
            TextColumn("demo company"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
        )
        stays_here = override_settings(
            SMS_GATEWAY_URL="", EMAIL_HOST="",  # old messages end in the local outbox
            PASSWORD_HASHERS=["apps.demo.logins.QuickHasher"],
        )  # fmt: skip
        with stays_here, Progress(*columns, disable=options["verbosity"] == 0) as bar:
            task = bar.add_task("", total=1.0)
            History(days=days, tickets=tickets).live(lambda share: bar.update(task, completed=share))
        self.stdout.write(f"{Ticket.objects.count()} tickets in {time.monotonic() - started:.0f} s")

    def _refuse_if_it_could_harm(self) -> None:
        """Demo people must not meet real ones, neither in the database nor by SMS."""
        if Ticket.objects.exists():
            raise CommandError("there are tickets already: the demo company is only made in an empty system")
        if settings.EMAIL_HOST not in LOOPBACK or (urlparse(settings.SMS_GATEWAY_URL).hostname or "") not in LOOPBACK:
            raise CommandError(
                "EMAIL_HOST or SMS_GATEWAY_URL leads out of this machine: the demo would write to strangers"
            )

    def _print_logins(self) -> None:
        there = set(User.objects.values_list("username", flat=True))
        for username, name, _, roles, _ in STAFF:
            if username in there:
                labels = " / ".join(str(role.label) for role in roles)
                self.stdout.write(f"  {username:<11} {PASSWORD}   {name}  {labels}")
