"""Workers are killed with -9 while they deliver, again and again, while intake goes on."""

import random
import time
from argparse import Namespace

from apps.journal.models import Delivery
from chaos.effects import receive, wait_until_delivered, wrong
from chaos.processes import Celery

BURST = 40  # tickets received just before each kill


def run(options: Namespace) -> list[str]:
    dice = random.Random(options.seed)
    beat, worker = Celery.beat(), Celery.worker()
    done = in_the_middle = 0
    try:
        for _ in range(options.kills):
            time.sleep(dice.uniform(1.5, 4.0))
            for n in range(done, done + BURST):  # the bell rings, the worker is at it
                receive(n)
            done += BURST
            time.sleep(dice.uniform(0.0, 0.08))
            worker.kill()
            in_the_middle += 0 < Delivery.objects.filter(done_at=None).count() < BURST
            worker = Celery.worker()
        # a killed worker's message lease runs out after two minutes
        found = [] if wait_until_delivered(300) else ["not everything was delivered within 300 s of the last kill"]
    finally:
        worker.kill()
        beat.kill()
    print(f"{options.kills} kills, {in_the_middle} of them with a burst half delivered", flush=True)
    return found + wrong(done)
