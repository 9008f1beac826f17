"""What keeps a ticket, and what its customer asked about their data (ARC-05, LAW-05)."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from apps.billing.models import DataRequest
from apps.billing.retention import holds, people, records
from apps.core.actors import Actor
from apps.core.erasure import ERASED
from apps.desk.cards.base import Card
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket

SEES_HOLDS = ("billing.view_legalhold", holds.RIGHT)
SEES_REQUESTS = ("billing.view_datarequest", people.RIGHT)


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    held, asked = [], []
    sees_holds = any(actor.can(right) for right in SEES_HOLDS)
    if sees_holds:
        held = holds.on([ticket.pk, ticket.customer_id])
    if any(actor.can(right) for right in SEES_REQUESTS):
        asked = list(DataRequest.objects.filter(customer_id=ticket.customer_id).only("number", "kind", "state")[:3])
    if not (sees_holds or asked or ticket.customer.restricted_at or ticket.title == ERASED):
        return None
    link = reverse("desk:hold", args=["feedback.ticket", ticket.pk]) if sees_holds else ""
    theirs = reverse("desk:hold", args=["crm.customer", ticket.customer_id])
    gone = records.destroyed(ticket) if ticket.title == ERASED else None
    return {
        "gone": gone,
        "customer": ticket.customer,
        "holds": held,
        "requests": asked,
        "link": link,
        "customer_link": theirs,
    }


CARD = Card("privacy", "side", _build)
