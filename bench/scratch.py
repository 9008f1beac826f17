"""A database for one run: made from the migrations and shipped defaults, dropped at the end whatever happens."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import redis
from environ import Env

from feedback_system import embedded

REDIS_DATABASE = "9"  # of the embedded server: broker and cache of a run, emptied at its end
GRANTS = """
GRANT USAGE ON SCHEMA public TO feedback_app;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO feedback_app;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO feedback_app;
"""


@contextmanager
def database() -> Iterator[str]:
    """Inside the block this process and its children work on a fresh database; Django is set up (`bench.settings`)."""
    with redis_of_its_own():
        main_url = os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
        name = f"bench_{os.getpid()}"
        _drop_abandoned(main_url)
        run(main_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            use(name)
            prepare()
            yield name
        finally:
            close()
            run(main_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def redis_of_its_own() -> Iterator[None]:
    """The embedded servers are up inside the block; broker and cache are a database of their own, empty at the end."""
    own = "REDIS_URL" not in os.environ
    embedded.prepare_environment()
    if own:
        url = os.environ["REDIS_URL"]
        os.environ["REDIS_URL"] = _with_path(url, url.rsplit("/", 1)[0], REDIS_DATABASE)
    try:
        yield
    finally:
        if own:
            with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
                client.flushdb()
        embedded.stop_if_unused()


def as_owner(sql: str) -> list[tuple[object, ...]]:
    """Run statements on the scratch database that the app's role may not, e.g. ANALYZE; what the last one returns."""
    return run(os.environ["DATABASE_OWNER_URL"], sql)


def use(name: str) -> None:
    """From now on the environment names this database."""
    os.environ.setdefault("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ[variable] = _with_path(os.environ[variable], os.environ[variable].rsplit("/", 1)[0], name)
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"


def _with_path(url: str, front: str, path: str) -> str:
    query = urlsplit(url).query
    return f"{front}/{path}" + (f"?{query}" if query else "")


def prepare() -> None:
    """Migrations and shipped defaults; Django is set up."""
    as_owner(GRANTS)
    migrate = [sys.executable, "manage.py", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(migrate, check=True, cwd=embedded.PROJECT_DIR)

    import django

    django.setup()
    from django.core.management import call_command

    call_command("load_defaults", verbosity=0)


def close() -> None:
    """Give back Django's connections."""
    if "django" in sys.modules:
        from django.db import connections

        connections.close_all()


def _drop_abandoned(url: str) -> None:
    """Databases of runs that were killed."""
    for (name,) in run(url, "SELECT datname FROM pg_database WHERE datname LIKE 'bench\\_%'"):
        process = re.fullmatch(r"bench_(\d+)", str(name))
        if process and not Path(f"/proc/{process[1]}").exists():
            run(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def run(url: str, sql: str) -> list[tuple[object, ...]]:
    """Run statements, each at once; what the last one returns."""
    parts = Env.db_url_config(url)  # the same reading of the address as in the settings
    where = {"dbname": parts["NAME"], "user": parts["USER"], "host": parts["HOST"], "port": parts["PORT"]}
    with closing(psycopg2.connect(**where, password=parts["PASSWORD"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
