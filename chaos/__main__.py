"""`script/chaos broker|worker`: real worker, beat and broker processes, stopped and killed; exits 1 when anything is wrong.

Each run prints its seed and works in a database of its own, dropped at the end.
"""

import argparse
import importlib
import os
import random
import sys

from bench import scratch

RUNS = {
    "broker": "the broker is killed in the middle of intake and comes back: nothing lost, no intake slow or refused",
    "worker": "workers are killed with -9 in mid-delivery: each receiver's effect exactly once",
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__, epilog=str(RUNS))
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with scratch.database():
        os.environ["CHAOS_SEED"] = str(options.seed)
        wrong = importlib.import_module(f"chaos.{options.name}").run(options)
    for finding in wrong:
        print(f"WRONG: {finding}")
    print("1 failed" if wrong else "1 passed, 0 failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
