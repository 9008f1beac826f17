"""Make a bearer key for another system and print it once (ADM-03)."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.scopes import SCOPES
from apps.accounts.services import api_keys
from apps.core import clock
from apps.core.actors import system
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Make an API key and print it once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the system that will use it")
        parser.add_argument("--scopes", required=True, help=f"comma-separated, of: {', '.join(SCOPES)}")
        parser.add_argument("--days", type=int, default=365, help="how long it lives, 0 for ever; default 365")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"]
        if not 0 <= days <= 36_500:
            raise CommandError("--days must be between 0 and 36500.")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            made = api_keys.create(
                options["name"],
                scopes,
                expires_at=clock.now() + timedelta(days=days) if days else None,
                actor=system("create_api_key"),
            )
        except DomainError as error:
            raise CommandError(error.words) from error
        until = f"until {clock.local(made.key.expires_at):%Y-%m-%d %H:%M}" if made.key.expires_at else "for ever"
        self.stderr.write(f"API key “{made.key.name}”, {', '.join(made.key.scopes)}, valid {until}. Shown only now:")
        self.stdout.write(made.clear)
