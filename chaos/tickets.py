"""Hundreds of random lives of tickets through the real services; after every step all that must hold is looked at."""

import traceback
from argparse import Namespace
from collections import Counter

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ticket_machine import LIKELY, MOVES, Tickets

STEPS = 40
A_LINE_EVERY = 50  # lives; the whole run takes half an hour and more


class Counted(Tickets):
    """The same, and what it lived through."""

    lives = 0
    states: Counter[str] = Counter()

    def teardown(self) -> None:
        Counted.lives += 1
        Counted.states.update(state for state, _version in getattr(self, "known", {}).values())
        if not Counted.lives % A_LINE_EVERY:
            print(f"{Counted.lives} lives, {Tickets.taken.total()} steps", flush=True)
        super().teardown()


def run(options: Namespace) -> list[str]:
    profile = settings(
        max_examples=options.runs,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    found = []
    try:
        run_state_machine_as_test(seed(options.seed)(Counted), settings=profile)
    except Exception:
        found.append(traceback.format_exc())
    taken = Tickets.taken
    print(
        f"{Counted.lives} lives of up to {STEPS} steps; {taken.total()} steps taken, {Tickets.refused.total()} refused"
    )
    print("ended in: " + ", ".join(f"{state} {n}" for state, n in sorted(Counted.states.items())))
    if not found:
        found += [f"never taken: {step}" for step in MOVES if not taken[step]]
        found += [f"no life ended in {state}" for state in LIKELY if not Counted.states[state]]
    return found
