from celery import shared_task

from apps.billing.archive import building
from apps.billing.audit import red_flags, sampling
from apps.billing.retention import destruction, people
from apps.billing.services import (
    callbacks,
    floats,
    form_clock,
    imports,
    month_end,
    paying,
    reconciliation,
    tax_facts,
    tax_operations,
)
from apps.journal import doorbell


@shared_task(name="billing.begin")
def begin() -> None:
    """Approved refunds whose gates let them pass."""
    doorbell.answered("billing.begin")
    paying.begin_approved()


@shared_task(name="billing.pay")
def pay() -> None:
    """Send what waits, ask after what is open; the janitor of refunds."""
    doorbell.answered("billing.pay")
    paying.work_off()
    paying.look_again()


@shared_task(name="billing.import")
def go_on_with_imports() -> None:
    """Tables that colleagues uploaded: checked, then brought in."""
    doorbell.answered("billing.import")
    imports.work_off()


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
    tax_operations.work_off()
    tax_facts.renew_waiting()


@shared_task(name="billing.tax_forms")
def tax_forms() -> None:
    """Forms that wait for the other side: asked about, reminded of, entered anew."""
    form_clock.follow()


@shared_task(name="billing.packs", time_limit=280, soft_time_limit=260)  # proofs read the whole log
def packs() -> None:
    """Build the evidence packs that wait."""
    doorbell.answered("billing.packs")
    building.work_off()


@shared_task(name="billing.month_end")
def warn_of_month_end() -> None:
    month_end.warn()


@shared_task(name="billing.erase")
def erase() -> None:
    """Destruction lists that were begun, and files that a worker that died left on the disk."""
    doorbell.answered("billing.erase")
    destruction.work_off()


@shared_task(name="billing.anonymise")
def anonymise() -> None:
    """Customers whose time is up (ARC-05, LAW-05)."""
    people.anonymise_due()


@shared_task(name="billing.red_flags")
def raise_red_flags() -> None:
    red_flags.raise_due()


@shared_task(name="billing.audit_sample")
def draw_audit_sample() -> None:
    """The sample of the quarter that is over, once."""
    sampling.draw_due()
