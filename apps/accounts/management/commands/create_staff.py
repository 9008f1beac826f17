"""Make a member of staff who can sign in."""

import secrets
import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.services import staff
from apps.core.actors import system
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = (
        "Make a member of staff with roles and a department. Asks for the password; without a terminal one is made and "
        "printed once, or read from standard input with --password-stdin."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", action="append", default=[], metavar="ROLE", help="may be given several times")
        parser.add_argument("--department", default="", metavar="CODE")
        parser.add_argument("--name", default="", help="as colleagues read it")
        parser.add_argument("--email", default="")
        parser.add_argument("--phone", default="")
        parser.add_argument("--staff-number", default=None)
        parser.add_argument("--superuser", action="store_true", help="has every right, whatever the roles say")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        password, made = self._password(options["password_stdin"])
        try:
            user = staff.create(
                options["username"],
                password=password,
                roles=options["role"],
                department=options["department"],
                superuser=options["superuser"],
                display_name=options["name"],
                email=options["email"],
                phone=options["phone"],
                staff_number=options["staff_number"],
                actor=system("create_staff"),
            )
        except DomainError as error:
            raise CommandError(error.words) from error
        self.stdout.write(f"{user.get_username()}: {', '.join(options['role']) or 'no role'}")
        if made:
            self.stdout.write(f"Password, shown only now: {password}")

    def _password(self, from_stdin: bool) -> tuple[str, bool]:
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n"), False
        if not sys.stdin.isatty():
            return secrets.token_urlsafe(12), True
        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise CommandError("The two passwords differ.")
        return password, False
