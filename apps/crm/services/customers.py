"""Customers: found again or made, changed, looked at in the clear. The only writer of `crm.Customer`."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from django.db import IntegrityError, connection, transaction

from apps.core import locks, masking
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.crm import events
from apps.crm.contacts import (
    PERSONAL_FIELDS,
    Contact,
    best_channel,
    display_phone,
    mask_phone,
    normalise,
    unreachable,
    validate_contact,
)
from apps.crm.models import Customer
from apps.journal.events import Ref, record

__all__ = [
    "Contact", "check_changes", "check_new", "create", "match_or_create", "not_known", "reveal", "update",
    "validate_contact",
]  # fmt: skip

MOST_REASON = 500  # characters of why somebody looked
FIELDS = (*(field.name for field in fields(Contact)), "note")
NOTE_LIMIT = 2_000

# The two statements of every intake, written out: building them by the ORM costs more than running them.
_COLUMNS = Customer._meta.concrete_fields
_PLAIN = [f for f in _COLUMNS if f.name not in (*PERSONAL_FIELDS, "note")]
_SELECT = f"SELECT {', '.join(str(f.column) for f in _PLAIN)} FROM {Customer._meta.db_table} WHERE "
_INSERT = (
    f"INSERT INTO {Customer._meta.db_table} ({', '.join(str(f.column) for f in _COLUMNS)})"
    f" VALUES ({', '.join(['%s'] * len(_COLUMNS))}) ON CONFLICT DO NOTHING RETURNING id"
)


def match_or_create(contact: Contact, *, actor: Actor) -> Customer:
    """The customer behind a contact: by customer number, else by phone, else by e-mail; otherwise a new one (INT-12).

    One SELECT for a known customer, one INSERT more for a new one, and never two customers for one person, however many
    come at once. What is known stays as it is: a stranger's form must not redirect anybody's answers. Only an actor who
    may change customers fills in what is still empty. The encrypted columns of a known customer are loaded when asked.
    Raises DomainErrors as `validate_contact` does.
    """
    contact = validate_contact(contact)
    for _ in range(3):
        found = _matches(contact)
        if found and found[0].restricted_at is not None:
            # Only the customer number still leads there: who comes back is a new person to us (LAW-05).
            contact = replace(contact, external_id="")
            found = _matches(contact)
        if found:
            return _complete(found[0], contact, found[1:], actor)
        customer = Customer(**_columns_of_contact(contact))
        if _insert(customer):
            customer.is_new = True
            return customer
        # Somebody inserted the same person meanwhile; their row is visible now.
    raise RuntimeError("a customer appeared and vanished again three times in a row")


def not_known(customer: Customer, contact: Contact) -> dict[str, str]:
    """What this contact gives that the customer's record does not say: kept with the ticket, never written over (ADM-04).

    No query and no decryption: phone and e-mail are compared by their index, the name by its mask.
    """
    contact = validate_contact(contact)
    known = {
        "name": masking.name(contact.name) == customer.name_masked,
        "phone": blind_index(contact.phone) == customer.phone_index,
        "email": blind_index(contact.email) == customer.email_index,
    }
    return {name: value for name in known if (value := getattr(contact, name)) and not known[name]}


def create(values: Mapping[str, str], *, actor: Actor) -> Customer:
    """A new customer from the fields of Contact and `note`.

    Raises DomainError `core.not_allowed`; DomainErrors as `check_changes` does.
    """
    if not actor.can("crm.add_customer"):
        raise DomainError("core.not_allowed")
    contact, note = check_new(values)
    customer = Customer(**_columns_of_contact(contact), note=note)
    with transaction.atomic():
        _save(customer, force_insert=True)
        given = sorted(name for name in PERSONAL_FIELDS if getattr(customer, name))
        record(events.CUSTOMER_CREATED, subject=customer, actor=actor, data={"fields": given})
    return customer


def update(customer: Customer, changes: Mapping[str, str], *, actor: Actor, reason: str = "") -> Customer:
    """Change fields of Contact or `note`; returns the fresh customer. The event names the fields, not their values.

    Raises DomainError `core.not_allowed`, `crm.restricted` (LAW-05); DomainErrors as `check_changes` does.
    """
    if not actor.can("crm.change_customer"):
        raise DomainError("core.not_allowed")
    with transaction.atomic():
        fresh = locks.row(Customer, customer.pk)
        if fresh.restricted_at is not None:
            raise DomainError("crm.restricted")
        values = check_changes(fresh, changes)
        changed = sorted(name for name, value in values.items() if (getattr(fresh, name) or "") != value)
        if not changed:
            return fresh
        columns: dict[str, Any] = {}
        for name in changed:
            columns |= _columns(name, values[name])
        for column, value in columns.items():
            setattr(fresh, column, value)
        _save(fresh, update_fields=list(columns))
        record(events.CUSTOMER_UPDATED, subject=fresh, actor=actor, reason=reason, data={"fields": changed})
    return fresh


def check_changes(customer: Customer, changes: Mapping[str, str]) -> dict[str, str]:
    """The changes in their stored form, without saving.

    Raises DomainErrors, each beside its field: those of `validate_contact`, `core.unknown_field`, `core.required`,
    `crm.phone_taken`, `crm.email_taken`, `crm.external_id_taken`.
    """
    errors: list[DomainError] = []
    values: dict[str, str] = {}
    for name, value in changes.items():
        try:
            values[name] = _normalised(name, value)
        except DomainError as error:
            errors.append(error)
    if not errors:
        errors += _consequences(customer, values)
    errors += _taken(values, customer)
    if errors:
        raise DomainErrors(errors)
    return values


def check_new(values: Mapping[str, str]) -> tuple[Contact, str]:
    """The contact and note of a customer to be made, in their stored form; raises as `check_changes` does."""
    errors: list[DomainError] = []
    rest, note, contact = dict(values), "", Contact()
    try:
        note = _normalised("note", rest.pop("note", ""))
    except DomainError as error:
        errors.append(error)
    try:
        contact = validate_contact(Contact(**rest))
    except DomainErrors as found:
        errors += found.errors
    errors += _taken({"phone": contact.phone, "email": contact.email, "external_id": contact.external_id}, None)
    if errors:
        raise DomainErrors(errors)
    return contact, note


def reveal(customer: Customer, field: str, *, actor: Actor, reason: str = "", about: Ref | None = None) -> str:
    """The clear value of `name`, `phone`, `email` or `address`; who looked, and why, is recorded (INT-06, ADM-04).

    `about` is what is being worked on, e.g. the ticket; without it a reason in words is asked for.
    Raises DomainError `core.not_allowed`, `core.unknown_field`, `crm.reason_missing`, `core.too_long`,
    `crm.nothing_to_reveal`, `crm.restricted` (LAW-05).
    """
    if not actor.can("crm.view_personal_data"):
        raise DomainError("core.not_allowed")
    if field not in PERSONAL_FIELDS:
        raise DomainError("core.unknown_field", field="field")
    if customer.restricted_at is not None:
        raise DomainError("crm.restricted")
    if about is None and not reason.strip():
        raise DomainError("crm.reason_missing", field="reason")
    if len(reason) > MOST_REASON:
        raise DomainError("core.too_long", field="reason", limit=MOST_REASON, length=len(reason))
    clear = str(getattr(customer, field))
    if not clear:
        raise DomainError("crm.nothing_to_reveal", field="field")
    work = {"type": about.type, "id": about.id} if about else None
    with transaction.atomic():
        record(
            events.PERSONAL_DATA_REVEALED,
            subject=customer,
            actor=actor,
            reason=reason.strip(),
            data={"field": field, "about": work},
        )
    return display_phone(clear) if field == "phone" else clear


def _matches(contact: Contact) -> list[Customer]:
    """All customers that share a key with the contact, the one it is first."""
    phone, email = blind_index(contact.phone), blind_index(contact.email)
    keys = [("external_id", contact.external_id), ("phone_index", phone), ("email_index", email)]
    given = [(column, value) for column, value in keys if value]
    if not given:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_SELECT + " OR ".join(f"{column} = %s" for column, _ in given), [value for _, value in given])
        names = [f.attname for f in _PLAIN]
        rows = [Customer.from_db(connection.alias, names, row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: [getattr(row, column) != value for column, value in given])


def _complete(customer: Customer, contact: Contact, rivals: list[Customer], actor: Actor) -> Customer:
    """Fill in what is not known yet, for an actor who may; a key that another customer holds is left alone."""
    empty = {
        "name": not customer.name_masked,
        "phone": not customer.phone_index and not any(r.phone_index == blind_index(contact.phone) for r in rivals),
        "email": not customer.email_index and not any(r.email_index == blind_index(contact.email) for r in rivals),
        "address": not customer.address_masked,
        "region": not customer.region,
        "external_id": not customer.external_id and not any(r.external_id == contact.external_id for r in rivals),
    }
    news = {name: value for name in empty if empty[name] and (value := getattr(contact, name))}
    if not news or not actor.can("crm.change_customer"):
        return customer
    try:
        return update(customer, news, actor=actor)
    except (DomainError, DomainErrors):  # the key was taken this very moment: the customer is found all the same
        return customer


def _insert(customer: Customer) -> bool:
    """Insert unless a customer with one of the keys exists, also one whose transaction is about to commit."""
    values = [f.get_db_prep_save(getattr(customer, f.attname), connection) for f in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        inserted = cursor.fetchone() is not None
    customer._state.adding, customer._state.db = not inserted, connection.alias
    return inserted


def _save(customer: Customer, **how: Any) -> None:
    try:
        with transaction.atomic():
            customer.save(**how)
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        for name in ("phone", "email", "external_id"):
            if name in constraint:
                raise DomainError(f"crm.{name}_taken", field=name) from error
        raise


def _normalised(name: str, value: str) -> str:
    if name not in FIELDS:
        raise DomainError("core.unknown_field", field=name)
    if name == "note":
        return _normalise_note(value)
    if name in ("tier", "language", "preferred_channel") and not value:
        raise DomainError("core.required", field=name)
    return normalise(name, value)


def _normalise_note(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if "\0" in text:
        raise DomainError("core.control_characters", field="note")
    if len(text) > NOTE_LIMIT:
        raise DomainError("core.too_long", field="note", limit=NOTE_LIMIT, length=len(text))
    return text


def _consequences(customer: Customer, values: Mapping[str, str]) -> list[DomainError]:
    """What would be wrong with the customer after these changes that isn't wrong already."""
    before = {key: getattr(customer, key) for key in ("preferred_channel", "phone", "email", "external_id")}
    after = {key: values.get(key, before[key]) for key in before}
    if not (after["phone"] or after["email"] or after["external_id"]):
        return [DomainError("crm.contact_missing", field="phone")]
    error = unreachable(after["preferred_channel"], after["phone"], after["email"])
    old = unreachable(before["preferred_channel"], before["phone"], before["email"])
    return [error] if error and (old is None or "preferred_channel" in values) else []


def _taken(values: Mapping[str, str], customer: Customer | None) -> list[DomainError]:
    """Which of these keys another customer holds; the database's constraints have the last word."""
    errors = []
    for name, column in (("phone", "phone_index"), ("email", "email_index"), ("external_id", "external_id")):
        if value := values.get(name):
            key = value if name == "external_id" else blind_index(value)
            others = Customer.objects.filter(**{column: key})
            if (others.exclude(pk=customer.pk) if customer else others).exists():
                errors.append(DomainError(f"crm.{name}_taken", field=name))
    return errors


def _columns_of_contact(contact: Contact) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for field in fields(contact):
        columns |= _columns(field.name, getattr(contact, field.name))
    columns["preferred_channel"] = contact.preferred_channel or best_channel(contact.phone, contact.email)
    return columns


def _columns(name: str, value: str) -> dict[str, Any]:
    """A normalised value with everything that is kept of it."""
    if name == "phone":
        return {"phone": value, "phone_index": blind_index(value), "phone_masked": mask_phone(value)}
    if name == "email":
        masked = masking.email(value) if value else ""
        return {"email": value, "email_index": blind_index(value), "email_masked": masked}
    if name == "name":
        return {"name": value, "name_masked": masking.name(value)}
    if name == "address":
        return {"address": value, "address_masked": masking.text(value)}
    if name == "external_id":
        return {"external_id": value or None}
    return {name: value}
