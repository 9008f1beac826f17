"""Bringing events to a receiver that writes one row: the mechanism that every receiver goes through."""

import argparse
import time

from django.db import transaction

from apps.core.actors import system
from apps.core.models import new_id
from apps.journal import deliveries, events, receivers
from apps.journal.models import Delivery, Event
from bench.bare_app.models import Note
from bench.report import line

GOAL = 1_300
CHUNK = 500
KIND = "bench.happened"


@receivers.on(KIND, name="bench.note")
def note(event: Event) -> None:
    Note.objects.create(event_id=event.pk, text=event.kind)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="script/bench deliveries", description=__doc__)
    parser.add_argument("--events", type=int, default=5_000, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    for number in range(options.rounds):
        _record(options.events)
        began = time.perf_counter()
        done = deliveries.drain(seconds=600)
        rate = done / (time.perf_counter() - began)
        bad = options.events * (number + 1) - Note.objects.values("event_id").distinct().count()
        line("deliveries", "drain", rate, "deliveries/s", round=number + 1, ratio=round(rate / GOAL, 3), goal=GOAL, bad=bad,
             left=Delivery.objects.filter(done_at=None).count())  # fmt: skip


def _record(count: int) -> None:
    actor = system("bench")
    for first in range(0, count, CHUNK):
        numbers = range(first, min(first + CHUNK, count))
        with transaction.atomic():
            events.record_many(
                [events.NewEvent(KIND, events.Ref("bench.note", new_id()), actor, {"n": n}) for n in numbers]
            )
