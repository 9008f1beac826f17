"""Makers for the tests of retention and personal data rights."""

from datetime import datetime
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import connection

from apps.accounts.roles import Role
from apps.billing.models import Refund
from apps.billing.services import refunds
from apps.billing.states import PayChannel
from apps.core import clock
from apps.core.models import Upload
from apps.feedback.models import Attachment, Ticket
from apps.feedback.services import closure, conversation
from tests import money
from tests.factories import staff_actor, ticket_in

NAME, PHONE, EMAIL, ACCOUNT = "欧阳若兰", "13912345678", "ouyang.ruolan@example.com", "6222020200112233445"
SECRETS = (NAME, PHONE, EMAIL, ACCOUNT, "若兰")


def years_later(moment: datetime, years: int) -> datetime:
    return moment.replace(year=moment.year + years, month=7, day=1)


def closed_ticket(**fields: object) -> Ticket:
    """A closed ticket of one named person who wrote, sent a file, asked again and was answered."""
    fields = {"name": NAME, "phone": PHONE, "email": EMAIL, **fields}
    ticket = ticket_in("closed", text=f"我是{NAME}，电话{PHONE}，净化器坏了。", **fields)
    closure.reopen(ticket, actor=staff_actor(Role.ADMINISTRATOR), reason=f"{NAME}来电说还没好")
    ticket = Ticket.objects.get(pk=ticket.pk)
    actor = staff_actor(Role.ADMINISTRATOR)
    conversation.customer_says(ticket, f"{NAME}补充：请打{PHONE}", actor=actor, channel="online")
    Attachment.objects.create(ticket=ticket, upload=a_file(f"{NAME}.jpg", f"{NAME} {PHONE}".encode()))
    return ticket


def close_again(ticket: Ticket) -> Ticket:
    from tests import factories

    actor = staff_actor(Role.ADMINISTRATOR)
    for step in (factories.accept, factories.resolve, factories.call_back, factories.answer(5)):
        step(Ticket.objects.get(pk=ticket.pk), actor)
    return Ticket.objects.get(pk=ticket.pk)


def a_file(name: str, content: bytes) -> Upload:
    upload = Upload(name=name, content_type="image/jpeg", size=len(content), sha256="ab" * 32)
    upload.file.save(uuid4().hex, ContentFile(content), save=False)
    upload.save(force_insert=True)
    return upload


def rejected_refund(ticket: Ticket) -> Refund:
    """A refund to a named account that was rejected: over, and full of personal data."""
    refund = money.refund(
        money.payment(customer=ticket.customer, payer_name=NAME),
        ticket=ticket,
        channel=PayChannel.BANK,
        payee=refunds.Payee(NAME, ACCOUNT, "工商银行上海分行"),
    )
    return refunds.decide(refund, actor=money.finance(), approve=False, reason=f"{NAME}账户不符")


def leaks(*needles: str) -> list[str]:
    """Every text, JSON and array column of the database that holds one of these words in the clear."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND (data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY') OR udt_name = 'tsvector')"
        )
        for table, column in cursor.fetchall():
            for needle in needles:
                cursor.execute(f'SELECT count(*) FROM "{table}" WHERE position(%s in "{column}"::text) > 0', [needle])
                if cursor.fetchone()[0]:
                    found.append(f"{table}.{column}: {needle}")
    return found


def now() -> datetime:
    return clock.now()
