"""Databases for tests: built once into a template, then copied, which takes a fraction of a second.

Two templates are kept between runs: the schema (named by a hash of all migrations) and, made from it, the shipped
defaults (named by a hash of the code that makes them). Every test process works in its own copy.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import ProgrammingError, connection, connections
from psycopg2.errors import InsufficientPrivilege

from feedback_system import embedded

MAIN = settings.DATABASES["default"]["NAME"]
APPS = Path(settings.BASE_DIR) / "apps"
NO_DATA = {".pyc", ".po", ".mo", ".new", ".html", ".md"}  # files that cannot change what `load_defaults` makes


@contextmanager
def _one_builder() -> Iterator[None]:
    """Several test runs may start at once: one builds, the others wait and copy."""
    with open(embedded.local_dir() / "test-template.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _use(name: str) -> None:
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def _admin(sql: str) -> list[tuple]:
    """Run one statement outside of any test database."""
    current = connection.settings_dict["NAME"]
    _use(MAIN)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        _use(current)


def _names() -> set[str]:
    return {row[0] for row in _admin("SELECT datname FROM pg_database")}


def _drop(name: str) -> None:
    """An autovacuum worker can't be sent away by us, but it ends by itself."""
    for _ in range(100):
        try:
            _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            return
        except ProgrammingError as error:
            if not isinstance(error.__cause__, InsufficientPrivilege):
                raise
            time.sleep(0.2)
    _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _hash(files: Iterable[Path], *more: str) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path.relative_to(APPS)).encode() + path.read_bytes())
    for text in more:
        digest.update(text.encode())
    return digest.hexdigest()[:12]


def _template(name: str, source: str, fill: Callable[[], object]) -> str:
    """The template `name`, made as a copy of `source` and filled if it isn't there; appears whole or not at all."""
    if name in _names():
        return name
    draft = f"{name}_draft"
    _drop(draft)
    _admin(f'CREATE DATABASE "{draft}" TEMPLATE "{source}"')
    _use(draft)
    try:
        fill()
    finally:
        _use(MAIN)
    _admin(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
    return name


def _migrate() -> None:
    # The app role's rights are default privileges, which belong to a database: give them before the first table.
    with connection.cursor() as cursor:
        cursor.execute("GRANT USAGE ON SCHEMA public TO feedback_app")
        for right in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
            cursor.execute(f"ALTER DEFAULT PRIVILEGES GRANT {right} TO feedback_app")
    call_command("migrate", verbosity=0)


def _load_defaults() -> None:
    if "load_defaults" in get_commands():
        call_command("load_defaults", verbosity=0)


def _ready_template() -> str:
    sources = [path for path in APPS.rglob("*.*") if path.suffix not in NO_DATA and path.is_file()]
    migrations = [path for path in sources if path.parent.name == "migrations"]
    requirements = (Path(settings.BASE_DIR) / "requirements.txt").read_text()
    schema = f"feedback_schema_{_hash(migrations, requirements)}"
    ready = f"feedback_template_{_hash(sources, requirements)}"
    if ready not in _names():
        _template(schema, "template0", _migrate)
        _template(ready, schema, _load_defaults)
    _drop_stale(keep={schema, ready})
    return ready


def _drop_stale(keep: set[str]) -> None:
    """Drop templates of other code, and databases of test processes that are gone."""
    for name in _names() - keep:
        process = re.fullmatch(r"test_feedback_(\d+)_\w+", name)
        if process:
            if not psutil.pid_exists(int(process[1])):
                _drop(name)
        elif re.fullmatch(r"feedback_(schema|template)_[0-9a-f]{12}(_draft)?", name):
            _drop(name)


def create(worker: str) -> str:
    """Make this process's own database and connect to it; its name."""
    name = f"test_feedback_{os.getpid()}_{worker}"
    with _one_builder():
        _copy(_ready_template(), name)
        # A copy of our own to renew from: other runs may drop the template when the code changes meanwhile.
        _copy(name, f"{name}_fresh")
    _use(name)
    return name


def renew(name: str) -> None:
    """Replace this process's database, changed by a test with real commits, by a fresh copy."""
    _copy(f"{name}_fresh", name)
    _use(name)


def _copy(template: str, name: str) -> None:
    _drop(name)
    _admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    # Only until the end of the tests, so nothing is lost with them; real synchronous commits are for the real data.
    _admin(f'ALTER DATABASE "{name}" SET synchronous_commit = off')


def drop(name: str) -> None:
    _use(MAIN)
    _drop(name)
    _drop(f"{name}_fresh")
    connections.close_all()
