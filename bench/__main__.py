"""`script/bench NAME`: figures as JSON lines on stdout, everything else on stderr.

Each run works in a database of its own and drops it at the end; the real one is not touched. Only what `fill` makes
stays, until `script/bench fill --drop`.
"""

import argparse
import importlib
import sys
from contextlib import nullcontext

from bench import scratch

BENCHES = {
    "intake": "POST /api/v1/tickets/ against a bare DRF view on a table of the same columns",
    "list": "a page of 50 with three filters, at 1,000 and 100,000 tickets, against a bare DRF view",
    "deliveries": "events brought to a receiver that writes a row",
    "classify": "reading texts by the keyword library",
    "sweep": "the SLA sweep over many open deadlines",
    "fill": "makes a database of many tickets, for `pages`",
    "pages": "the desk's pages at 10,000 and at 1,000,000 tickets",
}
OWN_DATABASES = ("fill", "pages")


def main(arguments: list[str]) -> int:
    words = "\n".join(f"  {name:11} {what}" for name, what in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description=__doc__,
        epilog=f"{words}\n\nEach has options of its own: script/bench NAME --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=arguments[:1] in ([], ["-h"], ["--help"]),
    )
    parser.add_argument("name", choices=BENCHES)
    options, rest = parser.parse_known_args(arguments)
    with nullcontext() if options.name in OWN_DATABASES else scratch.database():
        importlib.import_module(f"bench.{options.name}").main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
