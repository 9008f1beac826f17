"""Databases that stay after a run: filled with many tickets once, measured often. `script/bench fill --drop` ends them."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from bench import scratch
from feedback_system import embedded


def name_of(tickets: int) -> str:
    """The database filled with so many tickets under the present migrations."""
    files = sorted((embedded.PROJECT_DIR / "apps").glob("*/migrations/*.py"))
    return f"filled_{tickets}_{hashlib.sha256(b''.join(path.read_bytes() for path in files)).hexdigest()[:8]}"


def exists(name: str) -> bool:
    return name in _names()


@contextmanager
def making(name: str, tickets: int) -> Iterator[None]:
    """The block fills a fresh database (Django is set up on it); it gets its name when all went well, and not before.

    One of the same size under other migrations is dropped.
    """
    with scratch.redis_of_its_own():
        url, draft = _url(), f"{name}_draft"
        for old in _names():
            if old.startswith(f"filled_{tickets}_"):
                scratch.run(url, f'DROP DATABASE "{old}" WITH (FORCE)')
        scratch.run(url, f'CREATE DATABASE "{draft}" TEMPLATE template0')
        try:
            scratch.use(draft)
            scratch.prepare()
            yield
            scratch.close()
            scratch.run(url, f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
        except BaseException:
            scratch.close()
            scratch.run(url, f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)')
            raise


@contextmanager
def using(name: str) -> Iterator[None]:
    """Inside the block this process and its children work on a filled database."""
    with scratch.redis_of_its_own():
        scratch.use(name)
        import django

        django.setup()
        try:
            yield
        finally:
            scratch.close()


def drop_all() -> list[str]:
    """The names of what was dropped."""
    with scratch.redis_of_its_own():
        names = _names()
        for name in names:
            scratch.run(_url(), f'DROP DATABASE "{name}" WITH (FORCE)')
        return names


def _url() -> str:
    embedded.prepare_environment()
    return os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])


def _names() -> list[str]:
    rows = scratch.run(_url(), "SELECT datname FROM pg_database WHERE starts_with(datname, 'filled_')")
    return [str(row[0]) for row in rows]
