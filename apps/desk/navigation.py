"""The sidebar and the palette's search. Who may see a list is asked of the list's own admin class."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from apps.accounts.principals import actor_for
from apps.crm.selectors import find_customer
from apps.feedback.models import Ticket

Item = dict[str, Any]
FOUND = 10

LISTS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "master",
        [
            ("crm.Customer", "group"), ("crm.Order", "receipt_long"), ("crm.Product", "inventory_2"),
        ],
    ),
    (
        "rules",
        [
            ("sla.Policy", "timer"), ("sla.EscalationStep", "stairs"), ("sla.Calendar", "calendar_month"),
            ("sla.CalendarDay", "event"), ("triage.Category", "account_tree"), ("triage.Keyword", "key"),
            ("triage.RoutingRule", "alt_route"), ("triage.ScoreWeight", "balance"), ("triage.LibraryVersion", "manage_history"),
            ("notifications.Template", "description"), ("feedback.Mailbox", "mail"), ("feedback.VaguePhrase", "gavel"),
            ("feedback.DeskRules", "tune"),
        ],
    ),
    (
        "people",
        [
            ("accounts.User", "badge"), ("accounts.Department", "lan"), ("accounts.RoleGroup", "shield_person"),
            ("accounts.ApprovalLimit", "price_check"), ("accounts.ApiKey", "vpn_key"),
        ],
    ),
    (
        "evidence",
        [
            ("journal.Event", "history"), ("journal.Delivery", "move_to_inbox"), ("journal.Head", "verified"),
            ("sla.Deadline", "timer"), ("feedback.IncomingMail", "mark_email_read"),
            ("notifications.OutgoingMessage", "outbox"), ("notifications.Notice", "notifications"),
        ],
    ),
]  # fmt: skip


def sidebar(request: HttpRequest) -> list[Item]:
    """Groups of links; what one may not open isn't offered."""
    titles = {
        "master": _("Master data"),
        "rules": _("Rules"),
        "people": _("People and rights"),
        "evidence": _("Evidence"),
    }
    groups = [{"title": _("Work"), "items": _work(request)}]
    for key, labels in LISTS:
        items = [item for label, icon in labels if (item := _list(request, label, icon))]
        if key == "people" and request.user.has_perm("accounts.view_rolegroup"):
            items.append({"title": _("Role matrix"), "icon": "table", "link": reverse("admin:accounts_role_matrix")})
        if items:
            groups.append({"title": titles[key], "collapsible": True, "items": items})
    return groups


def _work(request: HttpRequest) -> list[Item]:
    actor = actor_for(request)
    items = [{"title": _("Dashboard"), "icon": "monitoring", "link": reverse("admin:index")}]
    if actor.can("feedback.view_ticket"):
        items.append({"title": _("Queue"), "icon": "inbox", "link": reverse("admin:desk_queue")})
    if actor.can("feedback.create_ticket"):
        items.append({"title": _("New ticket"), "icon": "add_call", "link": reverse("admin:desk_new")})
    items.append({"title": _("My notices"), "icon": "notifications", "link": reverse("notifications:notices")})
    return items


def _list(request: HttpRequest, label: str, icon: str) -> Item | None:
    model = apps.get_model(label)
    model_admin = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
    if model_admin is None or not model_admin.has_view_or_change_permission(request):
        return None
    address = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return {"title": capfirst(model._meta.verbose_name_plural), "icon": icon, "link": reverse(address)}


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Tickets by the beginning of their number, and the tickets of exactly this phone, e-mail, order or customer number."""
    actor, term = actor_for(request), term.strip()
    if len(term) < 4:
        return []
    found = list(Ticket.objects.visible_to(actor).filter(number__startswith=term).order_by("-id")[:FOUND])
    customer = find_customer(term, actor)
    if customer is not None:
        found += list(Ticket.objects.visible_to(actor).filter(customer=customer).order_by("-id")[:FOUND])
    return [
        SearchResult(
            title=f"{ticket.number} {ticket.title}",
            description=ticket.get_state_display(),
            link=reverse("admin:desk_ticket", args=[ticket.number]),
            icon="confirmation_number",
        )
        for ticket in found
    ]
