"""The desk's pages at two sizes of the same company: how long they take, and that they ask the database no more.

Each page is asked for again and again on one connection by `boss`, who may see everything, and by `clerk`, a handler of one
department. Databases that are missing are filled first (`script/bench fill`).
"""

import argparse
import json
import subprocess
import sys
from itertools import cycle
from urllib.parse import urlencode

from bench import kept, load, web
from bench.fill import LARGE, SMALL
from bench.report import line, say

GOAL_MS, FLAT_GOAL = 150, 1.5
READERS = ("boss", "clerk")
SAMPLE = 40  # different tickets and customers, in turn


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    parser.add_argument("--tickets", type=int, nargs="+", default=[SMALL, LARGE], help="the sizes, the smallest first")
    parser.add_argument("--seconds", type=float, default=4, help="per page and reader")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--csv", help="texts to fill with, see script/bench fill --help")
    options = parser.parse_args(arguments)
    if len(options.tickets) == 1:
        _measure(options.tickets[0], options.seconds, options.only)
        return
    found = {}
    for tickets in options.tickets:
        fill = ["fill", "--tickets", str(tickets), *(["--csv", options.csv] if options.csv else [])]
        subprocess.run([sys.executable, "-m", "bench", *fill], check=True)
        one = ["pages", "--tickets", str(tickets), "--seconds", str(options.seconds), "--only", options.only]
        answer = subprocess.run([sys.executable, "-m", "bench", *one], check=True, stdout=subprocess.PIPE, text=True)
        print(answer.stdout, end="", flush=True)
        found[tickets] = [json.loads(each) for each in answer.stdout.splitlines()]
    _compare(*(found[tickets] for tickets in options.tickets[:: len(options.tickets) - 1]))


def _compare(small: list[dict], large: list[dict]) -> None:
    """Of a list that is shorter in the small company, the ratio tells of its length; `rows` says so."""
    for few, many in zip(small, large, strict=True):
        line("pages", f"{many['name']}: flat", many["p95_ms"] / few["p95_ms"], "times the p95 of the small company",
             goal=FLAT_GOAL, reader=many["reader"], p95_ms=many["p95_ms"], by_cpu=round(many["cpu_ms"] / few["cpu_ms"], 2),
             rows=[few["rows"], many["rows"]], queries=[few["queries"], many["queries"]])  # fmt: skip


def _measure(tickets: int, seconds: float, only: str) -> None:
    name = kept.name_of(tickets)
    if not kept.exists(name):
        sys.exit(f"There is no database of {tickets:,} tickets: script/bench fill --tickets {tickets}")
    with kept.using(name):
        from django.core.management import call_command
        from django.test import Client

        from apps.accounts.models import User

        call_command("collectstatic", interactive=False, verbosity=0)
        with web.server() as server:
            for reader in READERS:
                user, client = User.objects.get(username=reader), Client()
                client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
                session = f"sessionid={client.cookies['sessionid'].value}"
                warm = load.request("GET", "/admin/queue/?tab=any", cookie=session)
                load.run(server, lambda warm=warm: warm, _well, 3.0)  # all workers know their templates
                for page, addresses in _pages(user).items():
                    if only in page:
                        _one(server, page, addresses, (reader, session, client), (tickets, seconds))


def _pages(user: object) -> dict[str, list[str]]:
    """The addresses behind each name."""
    from apps.core import actors
    from apps.feedback.models import Ticket
    from apps.feedback.selectors.queue import Tab
    from bench.filling import COMMON, ELSEWHERE, RARE

    seen = Ticket.objects.visible_to(actors.staff(user))
    sample = list(seen.open().order_by("-id")[: SAMPLE * 20 : 20]) or list(seen[:SAMPLE])

    def queue(**query: str) -> list[str]:
        return [f"/admin/queue/?{urlencode(query)}"]

    return {
        **{f"queue {tab.value}": queue(tab=tab.value) for tab in Tab},
        "queue by priority": queue(tab="all", sort="priority"),
        "search rare": queue(tab="any", q=RARE),
        "search common": queue(tab="any", q=COMMON),
        "search common, open": queue(tab="all", q=COMMON),
        "search common, best": queue(tab="any", q=COMMON, sort="best"),
        "search word of another department": queue(tab="any", q=ELSEWHERE),
        "search nothing": queue(tab="any", q="无此字词"),
        "customer": [f"/admin/crm/customer/{ticket.customer_id}/change/" for ticket in sample],
        "dashboard": ["/admin/"],
        "ticket": [f"/admin/tickets/{ticket.number}/" for ticket in sample],
    }


def _one(
    server: web.Server, page: str, addresses: list[str], who: tuple[str, str, object], how: tuple[int, float]
) -> None:
    (reader, session, client), (tickets, seconds) = who, how
    requests = cycle([load.request("GET", address, cookie=session) for address in addresses])
    load.run(server, lambda: next(requests), _well, 1.0, connections=1)  # warm
    result = load.run(server, lambda: next(requests), _well, seconds, connections=1)
    if result.bad:
        say(f"bad answer of {addresses[0]}: {result.first_bad}")
    line("pages", page, result.percentile(50), "ms", reader=reader, tickets=tickets, p95_ms=result.percentile(95),
         goal=GOAL_MS, cpu_ms=result.cpu_ms, **_once(client, addresses[0]), times=len(result.milliseconds),
         bad=result.bad)  # fmt: skip


def _once(client: object, address: str) -> dict[str, int]:
    """How many queries the page sends, and how many tickets it lists."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address, headers={"host": "127.0.0.1"})
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address, headers={"host": "127.0.0.1"})
    return {"queries": len(captured), "rows": answer.content.count(b"data-row>")}


def _well(status: int, body: bytes) -> bool:
    return status == 200 and b"</html>" in body
