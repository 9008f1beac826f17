"""Workers are killed with -9 while they deliver, again and again, while intake goes on."""

import random
import time
from argparse import Namespace

from chaos.effects import receive, wait_until_delivered, wrong
from chaos.processes import Celery


def run(options: Namespace) -> list[str]:
    dice = random.Random(options.seed)
    beat, worker = Celery.beat(), Celery.worker()
    done = 0
    try:
        for kill in range(options.kills):
            upto = options.tickets * (kill + 1) // options.kills
            for n in range(done, upto):
                receive(n)
            done = upto
            time.sleep(dice.uniform(1.5, 4.0))
            worker.kill()
            worker = Celery.worker()
        # a killed worker's message lease runs out after two minutes
        found = [] if wait_until_delivered(300) else ["not everything was delivered within 300 s of the last kill"]
    finally:
        worker.kill()
        beat.kill()
    print(f"{options.kills} kills", flush=True)
    return found + wrong(options.tickets)
