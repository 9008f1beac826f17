"""Wiping what the doors keep of a customer (LAW-05, ARC-05)."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from apps.channels.models import Call, Chat, Conversation, Inbound, PayComplaint, PayStep
from apps.core.erasure import Wiped, wipe

_CALLER = ("caller", "caller_masked", "caller_index")


def erase_ticket(ticket_id: UUID) -> Wiped:
    """Inside the caller's transaction. A conversation forgets its ticket, so that its next words open a new one."""
    conversations = Conversation.objects.filter(ticket_id=ticket_id)
    for conversation in conversations:
        threads = Inbound.objects.filter(door_id=conversation.door_id, thread=conversation.thread)
        threads.filter(ticket=None).update(ticket_id=ticket_id)
    done = wipe(Call.objects.filter(ticket_id=ticket_id), blanks=_CALLER)
    done += wipe(Inbound.objects.filter(ticket_id=ticket_id), blanks=("payload", "thread"))
    done += wipe(conversations, blanks=("peer",))
    for conversation in conversations:  # the thread is a keyed index of the person; it is unique within a door
        Conversation.objects.filter(pk=conversation.pk).update(thread=f"erased-{conversation.pk}", ticket=None)
    done += wipe(Chat.objects.filter(ticket_id=ticket_id), blanks=("page",))
    complaints = PayComplaint.objects.filter(ticket_id=ticket_id)
    done += wipe(complaints, blanks=("transaction_id", "order_number"))
    done += wipe(PayStep.objects.filter(complaint__ticket_id=ticket_id), texts=("body",))
    return done


def erase_person(customer_id: UUID, indexes: Collection[str]) -> Wiped:
    """Calls of this customer or from these numbers (keyed indexes), also those that no ticket came of."""
    calls = Call.objects.filter(Q(customer_id=customer_id) | Q(caller_index__in=[i for i in indexes if i]))
    return wipe(calls, blanks=_CALLER)
