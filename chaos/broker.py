"""The broker dies in the middle of intake and comes back empty."""

import os
from argparse import Namespace

from chaos.effects import receive, wait_until_delivered, wrong
from chaos.processes import Broker, Celery

SLOWEST_SECONDS = 2.5  # the broker's time-out is two seconds, paid at most once in a while


def run(options: Namespace) -> list[str]:
    broker, before = Broker(), os.environ["REDIS_URL"]
    os.environ["REDIS_URL"] = broker.url  # for the worker and beat
    _point_django_at(broker.url)
    broker.start()
    crew = [Celery.worker(), Celery.beat()]
    third = options.tickets // 3
    try:
        times = [receive(n) for n in range(third)]
        broker.kill()
        times += [receive(n) for n in range(third, 2 * third)]
        print(f"broker dead: {third} intakes, slowest {max(times[third:]):.2f} s", flush=True)
        broker.start()
        times += [receive(n) for n in range(2 * third, options.tickets)]
        found = [] if wait_until_delivered(90) else ["not everything was delivered within 90 s of the broker's return"]
    finally:
        for process in crew:
            process.kill()
        broker.kill()
        os.environ["REDIS_URL"] = before
    if max(times) > SLOWEST_SECONDS:
        found.append(f"an intake took {max(times):.1f} s")
    return found + wrong(options.tickets)


def _point_django_at(url: str) -> None:
    """This process has read its settings already."""
    from celery import current_app
    from django.conf import settings
    from django.core.cache import caches

    settings.CELERY_BROKER_URL = url
    current_app.conf.broker_url = url
    settings.CACHES["default"]["LOCATION"] = url
    caches["default"]._servers = [url]
