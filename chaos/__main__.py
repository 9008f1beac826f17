"""`script/chaos broker|refunds|voids|worker|…`: real worker, beat and broker processes, stopped and killed; exits 1 when anything is wrong.

Each run prints its seed and works in a database of its own, dropped at the end.
"""

import argparse
import contextlib
import importlib
import os
import random
import sys

from bench import scratch

RUNS = {
    "approvals": "32 people sign each case at the same moment: one transition each (VOI-02)",
    "broker": "the broker is killed in the middle of intake and comes back: nothing lost, no intake slow or refused",
    "refunds": "worker, web, broker, database and providers are killed while those lie: each refund paid exactly once",
    "voids": "the same for void execution and the tax platform: no red letter twice, none lost",
    "worker": "workers are killed with -9 in mid-delivery: each receiver's effect exactly once",
    "tickets": "random steps on tickets through the real services: whatever happens, all that must hold does (HND-01)",
}

KILLS = {"refunds": 200, "voids": 100}  # runs with a database of their own, which is killed, too


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__, epilog=str(RUNS))
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--refunds", type=int, default=2000)
    parser.add_argument("--voids", type=int, default=600)
    parser.add_argument("--cases", type=int, default=200, help="of approvals")
    parser.add_argument("--kills", type=int, default=None, help=f"default {KILLS}, else 25")
    parser.add_argument(
        "--control", action="store_true", help="approvals, refunds, voids: with the guard off, which must be found"
    )
    parser.add_argument("--runs", type=int, default=500, help="of tickets: how many lives of 40 steps")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args(arguments)
    options.kills = options.kills or KILLS.get(options.name, 25)
    print(f"seed {options.seed}", flush=True)
    with contextlib.ExitStack() as stack:
        if options.name in KILLS:
            from chaos import database

            options.database = stack.enter_context(database.of_its_own())
        stack.enter_context(scratch.database())
        os.environ["CHAOS_SEED"] = str(options.seed)
        wrong = importlib.import_module(f"chaos.{options.name}").run(options)
    for finding in wrong:
        print(f"WRONG: {finding}")
    print("1 failed" if wrong else "1 passed, 0 failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
