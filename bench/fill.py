"""A database of many tickets with everything that hangs on them, for `script/bench pages`.

Two tickets live their whole life through the services; every other one is a copy of their rows, with what differs between
tickets drawn anew in the proportions of a busy desk: two years, three in a hundred still open, the old ones closed.
"""

import argparse
import time

from django.db import connection

from bench import kept, scratch
from bench.report import line, say

SMALL, LARGE = 10_000, 1_000_000
DAYS = 730
CHUNK = 100_000


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench fill", description=__doc__)
    parser.add_argument("--tickets", type=int, default=LARGE)
    parser.add_argument("--csv", help="texts from the column `text` of a UTF-8 file, instead of made-up ones")
    parser.add_argument("--again", action="store_true", help="also where such a database is there")
    parser.add_argument(
        "--drop", action="store_true", help="drop all databases that this command made, and nothing else"
    )
    options = parser.parse_args(arguments)
    if options.drop:
        say("dropped: " + (", ".join(kept.drop_all()) or "nothing was there"))
        return
    name = kept.name_of(options.tickets)
    if kept.exists(name) and not options.again:
        say(f"{name} is there")
        return
    began = time.perf_counter()
    with kept.making(name, options.tickets):
        _fill(options.tickets, options.csv)
        size = scratch.as_owner("SELECT pg_database_size(current_database())")[0][0]
    line("fill", name, time.perf_counter() - began, "s", tickets=options.tickets, bytes=size)


def _fill(tickets: int, csv: str | None) -> None:
    from bench import filling, rows

    filling.people()
    given = filling.model_tickets()
    sizes = {"tickets": tickets, "days": DAYS, "customers": tickets // 4 + 1}
    filling.stage(tickets, csv)
    scratch.as_owner(rows.CUSTOMERS.format(**sizes))
    scratch.as_owner(rows.DRAW.format(**sizes))
    with rows.bare_tables():
        for table in rows.COPIES:
            began, statement = time.perf_counter(), rows.insert(table)
            for first in range(1, tickets + 1, CHUNK) if "%(first)s" in statement else [1]:
                with connection.cursor() as cursor:
                    cursor.execute(statement, {**given, "first": first, "last": min(tickets, first + CHUNK - 1)})
            say(f"{table}: {time.perf_counter() - began:.0f} s")
        say("making indexes")
    scratch.as_owner("DROP TABLE fill, fill_ticket, fill_message, fill_customer")
    say("vacuum analyze")
    scratch.as_owner("VACUUM ANALYZE")
