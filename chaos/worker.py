"""Workers are killed with -9 while they deliver, again and again, while intake goes on."""

import random
import threading
import time
from argparse import Namespace

from django.db import connection

from apps.journal.models import Delivery
from chaos.effects import receive, wait_until_delivered, wrong
from chaos.processes import Celery

BURST = 60  # tickets that come in around each kill


def run(options: Namespace) -> list[str]:
    dice = random.Random(options.seed)
    beat, worker = Celery.beat(), Celery.worker()
    in_the_middle = 0
    try:
        for kill in range(options.kills):
            time.sleep(dice.uniform(2.5, 4.0))  # the worker is up
            before = Delivery.objects.filter(done_at=None).count()
            burst = threading.Thread(target=_receive, args=(range(kill * BURST, (kill + 1) * BURST),))
            burst.start()
            time.sleep(dice.uniform(0.05, 0.6))
            worker.kill()
            in_the_middle += Delivery.objects.filter(done_at=None).count() != before
            burst.join()
            worker = Celery.worker()
        # a killed worker's message lease runs out after two minutes
        found = [] if wait_until_delivered(300) else ["not everything was delivered within 300 s of the last kill"]
    finally:
        worker.kill()
        beat.kill()
    print(f"{options.kills} kills, {in_the_middle} of them with deliveries on their way", flush=True)
    return found + wrong(options.kills * BURST)


def _receive(numbers: range) -> None:
    for n in numbers:
        receive(n)
    connection.close()
