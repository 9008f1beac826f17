from celery import shared_task

from apps.billing.services import (
    callbacks,
    floats,
    form_clock,
    month_end,
    paying,
    reconciliation,
    tax_facts,
    tax_operations,
)
from apps.core import clock
from apps.core.models import Heartbeat
from apps.journal import doorbell


def _alive(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": clock.now()})


@shared_task(name="billing.begin")
def begin() -> None:
    """Approved refunds whose gates let them pass."""
    doorbell.answered("billing.begin")
    paying.begin_approved()
    _alive("billing.begin")


@shared_task(name="billing.pay")
def pay() -> None:
    """Send what waits, ask after what is open; the janitor of refunds."""
    doorbell.answered("billing.pay")
    paying.work_off()
    paying.look_again()
    _alive("billing.pay")


@shared_task(name="billing.float")
def watch_floats() -> None:
    floats.watch()


@shared_task(name="billing.reconcile")
def reconcile() -> None:
    """The statements of the last three days: what could not be had yesterday is made up for."""
    reconciliation.run_due()


@shared_task(name="billing.tidy")
def tidy() -> None:
    callbacks.forget_old()


@shared_task(name="billing.tax")
def tax() -> None:
    """Send what waits for the tax platform, ask after what is open; the janitor of voids and red letters."""
    doorbell.answered("billing.tax")
    tax_operations.sweep()
    tax_facts.renew_waiting()
    _alive("billing.tax")


@shared_task(name="billing.tax_forms")
def tax_forms() -> None:
    """Forms that wait for the other side: asked about, reminded of, entered anew."""
    form_clock.follow()
    _alive("billing.tax_forms")


@shared_task(name="billing.month_end")
def warn_of_month_end() -> None:
    month_end.warn()
    _alive("billing.month_end")
