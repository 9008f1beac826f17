"""What destroying a record means, type by type: files and texts go; numbers, amounts, dates and states stay."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext

from apps.billing import audit_events as events
from apps.billing.models import (
    Approval,
    Cancellation,
    CancellationCheck,
    Erasure,
    EvidencePack,
    GateException,
    HandPayment,
    Invoice,
    InvoiceFact,
    InvoiceLookup,
    Payment,
    Refund,
    RefundAttempt,
    StatementRun,
    TaxOperation,
    VoidCheck,
    VoidRequest,
)
from apps.casework.services import erasure as casework
from apps.channels.services import erasure as channels
from apps.core import clock
from apps.core.actors import Actor
from apps.core.erasure import ERASED, Wiped, discard_files, forget_answers, wipe, wipe_uploads
from apps.crm.models import Customer, Order, OrderLine
from apps.feedback.models import Ticket
from apps.feedback.services import erasure as feedback
from apps.journal.erasure import erase_words
from apps.journal.events import record, ref
from apps.notifications.services import erasure as notifications

LABEL = 120


def ticket(row: Ticket, actor: Actor, why: str) -> Wiped:
    done = feedback.erase_ticket(row, actor=actor, reason=why)
    done += casework.erase_ticket(row.pk) + channels.erase_ticket(row.pk) + notifications.erase([row.pk])
    forget_answers([str(row.pk), row.number])
    return done


def void_request(row: VoidRequest, actor: Actor, why: str) -> Wiped:
    done = wipe(VoidRequest.objects.filter(pk=row.pk), texts=("words",))
    done += wipe(VoidCheck.objects.filter(request=row), texts=("detail",))
    operations = TaxOperation.objects.filter(request=row)
    done += wipe(operations, blanks=("answer", "by_hand"), empty={})
    done += wipe_uploads(operations.exclude(file=None).values_list("file_id", flat=True))
    return done + _case(row, EvidencePack.objects.filter(void_request=row))


def refund(row: Refund, actor: Actor, why: str) -> Wiped:
    done = wipe(
        Refund.objects.filter(pk=row.pk), texts=("words",),
        blanks=("payee_name", "payee_name_masked", "payee_account", "payee_account_masked", "payee_account_index",
                "payee_bank"),
    )  # fmt: skip
    attempts = RefundAttempt.objects.filter(refund=row)
    done += wipe(attempts, blanks=("answer",), empty={})
    by_hand = HandPayment.objects.filter(attempt__refund=row)
    done += wipe(by_hand, texts=("note",))
    done += wipe_uploads(by_hand.exclude(proof=None).values_list("proof_id", flat=True))
    done += wipe(GateException.objects.filter(refund=row), texts=("reason",))
    return done + _case(row, EvidencePack.objects.filter(refund=row))


def _case(row: VoidRequest | Refund, packs: "QuerySet[EvidencePack]") -> Wiped:
    done = wipe(Approval.objects.filter(case_id=row.pk), texts=("reason",))
    for pack in packs.exclude(upload=None):  # the row stays with its digest; the database lets only the file go
        done += wipe_uploads([pack.upload_id])
        packs.filter(pk=pack.pk).update(upload=None)
    return done + notifications.erase([row.pk])


def cancellation(row: Cancellation, actor: Actor, why: str) -> Wiped:
    done = wipe(Cancellation.objects.filter(pk=row.pk), texts=("words",))
    done += wipe(CancellationCheck.objects.filter(case=row), texts=("detail",))
    return done + wipe(Approval.objects.filter(case_id=row.pk), texts=("reason",)) + notifications.erase([row.pk])


def invoice(row: Invoice, actor: Actor, why: str) -> Wiped:
    done = wipe(Invoice.objects.filter(pk=row.pk), texts=("buyer_name",), blanks=("buyer_tax_number",))
    done += wipe(InvoiceFact.objects.filter(invoice=row), texts=("note",))
    lookups = InvoiceLookup.objects.filter(invoice=row)
    lookups.exclude(differences=[]).update(differences=[])
    return done


def payment(row: Payment, actor: Actor, why: str) -> Wiped:
    return wipe(Payment.objects.filter(pk=row.pk), blanks=("payer_name", "payer_name_masked"))


def order(row: Order, actor: Actor, why: str) -> Wiped:
    return wipe(OrderLine.objects.filter(order=row), blanks=("serial_number",))


def statement(row: StatementRun, actor: Actor, why: str) -> Wiped:
    return wipe(row.differences.all(), texts=("detail", "resolution"))


WIPES: dict[str, Callable[[Any, Actor, str], Wiped]] = {
    "feedback.ticket": ticket,
    "billing.voidrequest": void_request,
    "billing.refund": refund,
    "billing.cancellation": cancellation,
    "billing.invoice": invoice,
    "billing.payment": payment,
    "billing.statementrun": statement,
    "crm.order": order,
}


def destroy(row: Model, *, actor: Actor, why: str) -> Wiped:
    """Wipe one record with its words in the log, inside the caller's transaction. Twice is once."""
    done = WIPES[row._meta.label_lower](row, actor, why)
    forget_admin_log(row.pk)
    erase_words([ref(row)], actor=actor)
    return done


def forget_admin_log(pk: Any) -> None:
    """What the administration's own history says of a row: that it was changed stays, its name goes."""
    LogEntry.objects.filter(object_id=str(pk)).update(object_repr=ERASED, change_message="")


def label_of(row: Model) -> str:
    """How a record is named where nothing personal may stand: by its number; a customer by the end of the id."""
    if isinstance(row, Customer):
        return gettext("Customer …%(end)s") % {"end": row.pk.hex[-8:]}
    return str(row)[:LABEL]


def keep_record(row: Model, done: Wiped, *, actor: Actor, because: str, why: str) -> Erasure:
    """The counter-document, with an event in the log; the files go once the transaction is in."""
    about = ref(row)
    kept = Erasure.objects.create(
        subject_type=about.type, subject_id=about.id, label=label_of(row), because=because, why=why,
        counts=done.counts, digests=done.digests, files=done.files, at=clock.now(), by_label=actor.label,
        files_gone_at=None if done.files else clock.now(),
    )  # fmt: skip
    data = {
        "erasure": str(kept.pk),
        "because": because,
        "counts": done.counts,
        "files": [f["sha256"] for f in done.files],
    }
    record(events.RECORD_DESTROYED, subject=row, actor=actor, data=data)
    if done.files:
        transaction.on_commit(lambda: delete_files(kept.pk), robust=True)
    return kept


def delete_files(erasure_id: Any) -> None:
    """Delete the files that a committed record of destruction names. Once more does no harm."""
    kept = Erasure.objects.filter(pk=erasure_id, files_gone_at=None).first()
    if kept is not None:
        discard_files(kept.files)
        Erasure.objects.filter(pk=kept.pk).update(files_gone_at=clock.now())


def finish_files(limit: int = 500) -> int:
    """Delete what a worker that died in between left on the disk."""
    left = list(Erasure.objects.filter(files_gone_at=None).order_by("id").values_list("pk", flat=True)[:limit])
    for pk in left:
        delete_files(pk)
    return len(left)
