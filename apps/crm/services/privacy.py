"""Restricting and erasing a customer's personal data (LAW-05). Who may, and when, is decided by the room above.

Restricted: everything but storage and protection stops. The keyed indexes are taken away, so no search, no intake and
no caller finds the person; lists leave them out; nothing is sent. `lift` works the indexes out again.
"""

from datetime import datetime

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.erasure import ERASED, Wiped, wipe
from apps.core.errors import DomainError
from apps.core.fields import blind_index
from apps.crm import events
from apps.crm.contacts import PERSONAL_FIELDS
from apps.crm.models import Customer
from apps.journal.events import record

_INDEXES = ("phone_index", "email_index")


def restrict(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """Stop everything but storage. Twice is once. Raises DomainError `crm.erased`."""
    with transaction.atomic():
        fresh = locks.row(Customer, customer.pk)
        if fresh.erased_at is not None:
            raise DomainError("crm.erased")
        if fresh.restricted_at is None:
            fresh.restricted_at = clock.now()
            fresh.phone_index = fresh.email_index = ""
            fresh.save(update_fields=["restricted_at", *_INDEXES])
            record(events.CUSTOMER_RESTRICTED, subject=fresh, actor=actor, reason=reason)
        return fresh


def lift(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """End a restriction: the customer is found again.

    Raises DomainError `crm.erased`, `crm.not_restricted`, and `crm.phone_taken`, `crm.email_taken` where the person came
    back meanwhile under a record of their own.
    """
    with transaction.atomic():
        fresh = locks.row(Customer, customer.pk)
        if fresh.erased_at is not None:
            raise DomainError("crm.erased")
        if fresh.restricted_at is None:
            raise DomainError("crm.not_restricted")
        for name in ("phone", "email"):
            index = blind_index(getattr(fresh, name) or "")
            taken = index and Customer.objects.filter(**{f"{name}_index": index}).exclude(pk=fresh.pk).exists()
            if taken:
                raise DomainError(f"crm.{name}_taken")
            setattr(fresh, f"{name}_index", index)
        fresh.restricted_at = None
        fresh.save(update_fields=["restricted_at", *_INDEXES])
        record(events.CUSTOMER_RELEASED, subject=fresh, actor=actor, reason=reason)
        return fresh


def indexes_of(customer: Customer) -> list[str]:
    """The keyed indexes of this person's phone and e-mail, also where the row holds them no more."""
    found = [blind_index(customer.phone or ""), blind_index(customer.email or "")]
    return [index for index in found if index]


def erase(customer: Customer, *, actor: Actor, reason: str, at: datetime | None = None) -> Wiped:
    """Wipe everything that names the person. The row stays, so that tickets and money stay somebody's. Twice is once.

    The caller holds the transaction and has wiped what other rooms keep.
    """
    fresh = locks.row(Customer, customer.pk)
    if fresh.erased_at is not None:
        return Wiped()
    masked = [f"{name}_masked" for name in PERSONAL_FIELDS]
    rows = Customer.objects.filter(pk=fresh.pk)
    done = wipe(rows, blanks=[*PERSONAL_FIELDS, "note", "region", *masked, *_INDEXES])
    done += wipe(rows, blanks=["external_id"], empty=None)
    moment = at or clock.now()
    rows.update(erased_at=moment, restricted_at=fresh.restricted_at or moment, name_masked=ERASED)
    record(events.CUSTOMER_ERASED, subject=fresh, actor=actor, reason=reason, data={"columns": sorted(done.counts)})
    return done
