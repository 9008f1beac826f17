"""Take a lost second factor away, on the server, where no other administrator is left to do it (ADM-03)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import User
from apps.accounts.services import second_factor
from apps.core.actors import system
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Take somebody's second factor away; they log in with the password alone until they set it up anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="kept in the journal")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is nobody with the log-in name “{username}”.")
        if user.second_factor_at is None:
            raise CommandError(f"“{username}” has no second factor.")
        try:
            second_factor.reset(user, actor=system("reset_second_factor"), reason=reason)
        except DomainError as error:
            raise CommandError(error.words) from error
        self.stdout.write(f"The second factor of “{username}” is reset.")
