import threading
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import FieldError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.actors import CUSTOMER, Actor, system
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.crm.contacts import Contact
from apps.crm.models import Customer
from apps.crm.services import customers
from apps.journal.events import Ref
from apps.journal.models import Event
from tests.factories import UserFactory, actor_with, make_customer

pytestmark = pytest.mark.django_db
PHONE, EMAIL = "13812345678", "zs@example.com"


def match(actor: Actor = CUSTOMER, **contact: str) -> Customer:
    return customers.match_or_create(Contact(**contact), actor=actor)


def told(customer: Customer) -> list[Event]:
    return list(Event.objects.filter(subject_id=customer.pk).order_by("id"))


def stored(customer: Customer) -> Customer:
    return Customer.objects.get(pk=customer.pk)


@pytest.mark.req("ADM-04")
def test_personal_data_is_cipher_text_in_the_database():
    customer = match(name="张三丰", phone=PHONE, email=EMAIL, address="北京市朝阳区建国路 1 号")

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM crm_customer c WHERE id = %s", [customer.pk])
        row = cursor.fetchone()[0]

    for clear in ("张三丰", PHONE, EMAIL, "朝阳区建国路"):
        assert clear not in row
    fresh = stored(customer)
    assert (fresh.name, fresh.phone, fresh.email) == ("张三丰", f"+86{PHONE}", EMAIL)


@pytest.mark.req("INT-06")
def test_masked_columns_stand_beside():
    customer = stored(match(name="张三丰", phone=PHONE, email=EMAIL, address="北京市朝阳区建国路 1 号"))

    assert customer.name_masked == "张**"
    assert customer.phone_masked == "138****5678"
    assert customer.email_masked == "z***@example.com"
    assert customer.address_masked == "北京市朝阳区****"
    assert str(customer) == "张**"


def test_encrypted_fields_cannot_be_searched_by_mistake():
    with pytest.raises((TypeError, FieldError)):
        list(Customer.objects.filter(phone=PHONE))


@pytest.mark.req("INT-12")
def test_the_same_person_is_found_however_the_phone_is_written():
    first = match(name="张三", phone=PHONE)

    assert match(name="张小三", phone="+86 138-1234-5678") == first
    assert match(phone="１３８１２３４５６７８", email=EMAIL) == first
    assert Customer.objects.count() == 1


@pytest.mark.req("INT-12")
def test_without_a_known_phone_the_email_decides_and_the_phone_wins_over_it():
    by_email = match(email=EMAIL)
    assert match(phone=PHONE, email="ZS@Example.com") == by_email

    by_phone = match(phone="13900000000")
    assert match(phone="13900000000", email=EMAIL) == by_phone


@pytest.mark.req("LNK-04")
def test_the_customer_number_of_the_other_system_comes_first():
    numbered = match(actor=system("erp"), external_id="C-1", phone=PHONE)
    other = match(phone="13900000000")

    assert match(external_id="C-1", phone="13900000000") == numbered
    assert match(external_id="C-2", phone="13900000000") == other
    assert match(external_id="C-3").external_id == "C-3"


@pytest.mark.req("ADM-04")
def test_a_stranger_changes_nothing_of_a_known_customer():
    victim = match(name="张三", phone=PHONE)

    match(name="骗子", phone=PHONE, email="thief@example.com", preferred_channel="email")

    fresh = stored(victim)
    assert (fresh.name, fresh.email, fresh.preferred_channel) == ("张三", "", "sms")
    assert told(victim) == []


def test_staff_fill_in_what_was_empty_and_never_what_was_known():
    customer = match(phone=PHONE)
    other = match(email="taken@example.com")
    staff = actor_with("service_staff")

    match(actor=staff, name="张三", phone=PHONE, email="taken@example.com")
    match(actor=staff, name="李四", phone=PHONE, region="北京")

    fresh = stored(customer)
    assert (fresh.name, fresh.email, fresh.region) == ("张三", "", "北京")
    assert stored(other).email == "taken@example.com"
    assert [e.data["fields"] for e in told(customer)] == [["name"], ["region"]]


@pytest.mark.usefixtures("rules_at_hand")
def test_a_known_customer_costs_one_select_and_a_new_one_one_insert_more():
    with CaptureQueriesContext(connection) as captured:
        match(name="张三", phone=PHONE, email=EMAIL)
    assert [q["sql"].split()[0] for q in captured] == ["SELECT", "INSERT"]

    with CaptureQueriesContext(connection) as captured:
        match(name="张三", phone=PHONE, email=EMAIL)
    assert [q["sql"].split()[0] for q in captured] == ["SELECT"]


def test_looking_somebody_up_uses_the_indexes():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM crm_customer WHERE external_id = 'x' OR phone_index = 'a' OR email_index = 'b'"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "customer_phone" in plan
    assert "customer_email" in plan
    assert "Seq Scan" not in plan


@pytest.mark.req("INT-05")
def test_nobody_without_any_contact():
    with pytest.raises(DomainErrors) as refused:
        match(name="张三")

    assert refused.value.errors[0].code == "crm.contact_missing"


def run_at_once(count: int, work) -> list:
    """Run `work(i)` in threads that start together, each with its own connection."""
    barrier, results = threading.Barrier(count), [None] * count

    def one(index: int) -> None:
        try:
            barrier.wait()
            results[index] = work(index)
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    return results


@pytest.mark.req("INT-12")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("contact", [{"phone": PHONE, "email": EMAIL}, {"email": EMAIL}, {"external_id": "C-1"}])
def test_many_at_once_make_one_customer(contact):
    def intake(index: int):
        with transaction.atomic():
            return match(name=f"张{index}", **contact).pk

    found = run_at_once(16, intake)

    assert set(found) == {Customer.objects.get().pk}


@pytest.mark.req("INT-12")
@pytest.mark.django_db(transaction=True)
def test_overlapping_contacts_at_once_never_fail():
    """Half come with phone and e-mail, half with the e-mail only or another phone: nobody sees an error."""
    both, other = {"phone": PHONE, "email": EMAIL}, {"phone": "13900000000", "email": EMAIL}
    contacts = [both, {"email": EMAIL}, {"phone": PHONE}, other]

    found = run_at_once(16, lambda index: match(**contacts[index % 4]).pk)

    assert not [one for one in found if isinstance(one, Exception)]
    rows = Customer.objects.all()
    assert len({row.phone_index for row in rows if row.phone_index}) == sum(1 for row in rows if row.phone_index)
    assert sum(1 for row in rows if row.email_index == blind_index(EMAIL)) == 1


def test_update_names_fields_and_never_values_in_the_journal():
    customer = make_customer(name="张三", phone=PHONE)
    staff = actor_with("service_staff")

    fresh = customers.update(
        customer,
        {"phone": "13900000000", "email": EMAIL, "tier": "vip", "name": "张三"},
        actor=staff,
        reason="来电更正",
    )

    assert (fresh.phone_masked, fresh.email_masked, fresh.tier) == ("139****0000", "z***@example.com", "vip")
    (event,) = told(customer)
    assert (event.kind, event.data, event.reason) == (
        "customer.updated", {"fields": ["email", "phone", "tier"]}, "来电更正"
    )  # fmt: skip
    assert match(phone="13900000000") == customer
    assert match(phone=PHONE) != customer


def test_an_update_that_changes_nothing_is_no_event():
    customer = make_customer(name="张三", phone=PHONE)

    customers.update(customer, {"name": " 张三 ", "phone": "+86 13812345678"}, actor=system("test"))

    assert told(customer) == []


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"phone": "13900000000"}, {("phone", "crm.phone_taken")}),
        ({"email": "Other@example.com"}, {("email", "crm.email_taken")}),
        ({"external_id": "C-2"}, {("external_id", "crm.external_id_taken")}),
        ({"phone": ""}, {("phone", "crm.contact_missing")}),
        ({"phone": "", "email": EMAIL}, {("phone", "crm.channel_needs_phone")}),
        ({"preferred_channel": "email"}, {("email", "crm.channel_needs_email")}),
        ({"tier": ""}, {("tier", "core.required")}),
        ({"note": "x" * 2001}, {("note", "core.too_long")}),
        ({"note": "a\0"}, {("note", "core.control_characters")}),
        ({"phone_index": "x"}, {("phone_index", "core.unknown_field")}),
        ({"phone": "1", "email": "2"}, {("phone", "crm.phone_invalid"), ("email", "crm.email_invalid")}),
    ],
)
def test_an_update_tells_every_broken_rule(changes, errors):
    make_customer(phone="13900000000", email="other@example.com", external_id="C-2")
    customer = make_customer(name="张三", phone=PHONE)

    with pytest.raises(DomainErrors) as refused:
        customers.update(customer, changes, actor=system("test"))

    assert {(error.field, error.code) for error in refused.value.errors} == errors
    assert stored(customer).phone == f"+86{PHONE}"


@pytest.mark.req("ADM-01")
def test_only_who_may_changes_or_makes_customers():
    customer = make_customer()

    for act in (
        lambda actor: customers.update(customer, {"name": "x"}, actor=actor),
        lambda actor: customers.create({"phone": "13700000000"}, actor=actor),
    ):
        for actor in (CUSTOMER, actor_with("auditor"), actor_with("department_handler")):
            with pytest.raises(DomainError) as refused:
                act(actor)
            assert refused.value.code == "core.not_allowed"


def test_create_tells_what_is_taken_and_records_the_fields():
    make_customer(phone=PHONE)

    with pytest.raises(DomainErrors) as refused:
        customers.create({"phone": PHONE, "note": "x" * 2001}, actor=system("test"))
    assert {e.code for e in refused.value.errors} == {"crm.phone_taken", "core.too_long"}

    made = customers.create({"name": "李四", "email": EMAIL, "note": "第一行\r\n第二行"}, actor=system("test"))
    assert stored(made).note == "第一行\n第二行"
    assert told(made)[0].data == {"fields": ["email", "name"]}


@pytest.mark.django_db(transaction=True)
def test_two_customers_updated_to_one_phone_at_once_one_is_told():
    rivals = [make_customer(), make_customer()]

    def change(index: int):
        return customers.update(rivals[index], {"phone": "13700000000"}, actor=system("test"))

    results = run_at_once(2, change)

    refused = [one for one in results if isinstance(one, DomainError | DomainErrors)]
    assert len(refused) == 1
    assert sum(1 for row in Customer.objects.all() if row.phone == "+8613700000000") == 1


@pytest.mark.req("INT-06", "ADM-04")
def test_a_look_at_the_clear_value_is_recorded():
    customer = make_customer(name="张三", phone=PHONE)
    staff = actor_with("service_staff", staff_number="K7")

    assert customers.reveal(customer, "phone", actor=staff, reason="回拨客户") == PHONE

    (event,) = told(customer)
    assert (event.subject_id, event.actor_label, event.reason) == (customer.pk, "K7", "回拨客户")
    assert event.data == {"field": "phone", "about": None}


@pytest.mark.req("INT-06")
def test_work_on_a_ticket_is_reason_enough():
    customer = make_customer(name="张三", phone=PHONE)
    about = Ref("feedback.ticket", uuid4())

    assert customers.reveal(customer, "name", actor=actor_with("service_staff"), about=about) == "张三"

    assert told(customer)[0].data["about"] == {"type": "feedback.ticket", "id": str(about.id)}


@pytest.mark.req("INT-06", "ADM-04")
@pytest.mark.parametrize(
    ("role", "field", "reason", "code"),
    [
        ("auditor", "phone", "审计", "core.not_allowed"),
        ("quality", "phone", "好奇", "core.not_allowed"),
        ("service_staff", "phone", "  ", "crm.reason_missing"),
        ("service_staff", "phone_index", "好奇", "core.unknown_field"),
        ("service_staff", "email", "写信", "crm.nothing_to_reveal"),
    ],
)
def test_what_is_not_revealed(role, field, reason, code):
    customer = make_customer(phone=PHONE)

    with pytest.raises(DomainError) as refused:
        customers.reveal(customer, field, actor=actor_with(role), reason=reason)

    assert refused.value.code == code
    assert told(customer) == []


@pytest.mark.req("ADM-01")
def test_customers_are_visible_to_who_may_see_them():
    make_customer()
    nobody = UserFactory()
    may = UserFactory()
    may.user_permissions.add(Permission.objects.get(codename="view_customer"))

    assert Customer.objects.visible_to(Actor("staff", "n", nobody)).count() == 0
    assert Customer.objects.visible_to(Actor("staff", "m", may)).count() == 1
    assert Customer.objects.visible_to(CUSTOMER).count() == 0
    client = Actor("api", "api:x", permissions=frozenset({"crm.view_customer"}))
    assert Customer.objects.visible_to(client).count() == 1
