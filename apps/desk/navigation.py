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
from apps.feedback.selectors import search as words

Item = dict[str, Any]
FOUND = 10

LISTS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "master",
        [
            ("knowledge.Article", "menu_book"), ("crm.Customer", "group"), ("crm.Order", "receipt_long"), ("crm.Product", "inventory_2"),
        ],
    ),
    (
        "rules",
        [
            ("sla.Policy", "timer"), ("sla.LegalRule", "balance"), ("sla.EscalationStep", "stairs"), ("sla.Calendar", "calendar_month"),
            ("sla.CalendarDay", "event"), ("triage.Category", "account_tree"), ("triage.Keyword", "key"),
            ("triage.KeywordSuggestion", "lightbulb"), ("triage.Replay", "history"), ("triage.LibraryReview", "event_repeat"),
            ("triage.ModelVersion", "neurology"), ("triage.RoutingRule", "alt_route"), ("triage.ScoreWeight", "balance"),
            ("triage.LibraryVersion", "manage_history"),
            ("notifications.Template", "description"), ("channels.Door", "hub"), ("channels.Extension", "dialer_sip"),
            ("feedback.Tag", "sell"), ("feedback.Mailbox", "mail"),
            ("feedback.VaguePhrase", "gavel"),
            ("casework.ReplyTemplate", "quick_phrases"), ("casework.Macro", "bolt"),
            ("casework.ChecklistTemplate", "checklist"), ("casework.StateDemand", "fact_check"),
            ("casework.CareRule", "volunteer_activism"), ("casework.ToneGuide", "sentiment_dissatisfied"),
            ("billing.RefundGate", "shield_lock"), ("billing.ProviderFloat", "savings"),
            ("knowledge.Topic", "shelves"), ("feedback.DrillScenario", "theater_comedy"), ("feedback.DeskRules", "tune"),
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
            ("billing.BankBatch", "account_balance"), ("billing.StatementRun", "rule"), ("billing.Difference", "difference"),
            ("journal.Event", "history"), ("journal.Delivery", "move_to_inbox"), ("journal.Head", "verified"),
            ("casework.TimeEntry", "hourglass"),
            ("sla.Deadline", "timer"), ("sla.ExtensionRequest", "more_time"),
            ("feedback.IncomingMail", "mark_email_read"), ("feedback.SmsReply", "sms"),
            ("feedback.ProcessFeedback", "rate_review"), ("channels.Inbound", "move_to_inbox"),
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
    if actor.can("sla.approve_extension"):
        link = reverse("admin:sla_extensionrequest_changelist")
        items.append({"title": _("Extension requests"), "icon": "more_time", "link": link})
    if actor.can("feedback.create_ticket"):
        items.append({"title": _("New ticket"), "icon": "add_call", "link": reverse("admin:desk_new")})
        counter = f"{reverse('admin:desk_new')}?channel=store"
        items.append({"title": _("Register at the counter"), "icon": "storefront", "link": counter})
        items.append({"title": _("Calls"), "icon": "phone_callback", "link": reverse("admin:desk_calls")})
    if actor.can("feedback.handle_ticket"):
        items.append({"title": _("My tasks"), "icon": "task_alt", "link": reverse("admin:desk_tasks")})
    if actor.can("feedback.view_drill"):
        items.append({"title": _("Drills"), "icon": "fitness_center", "link": reverse("admin:desk_drills")})
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
    """Tickets by the beginning of their number, of exactly this phone, e-mail, order or customer number, or by words."""
    actor, term = actor_for(request), term.strip()
    query = words.parse(term)
    if len(term) < 4 and not any(len(word) > 1 for word in query.words):
        return []
    seen = Ticket.objects.visible_to(actor)
    found = list(seen.filter(number__startswith=term).order_by("-id")[:FOUND]) if term[:1].isdigit() else []
    customer = find_customer(term, actor)
    if customer is not None:
        found += list(seen.filter(customer=customer).order_by("-id")[:FOUND])
    if not found:
        found = list(words.matching(seen, query, actor).order_by("-id")[:FOUND])
    return [
        SearchResult(
            title=f"{ticket.number} {ticket.title}",
            description=ticket.get_state_display(),
            link=reverse("admin:desk_ticket", args=[ticket.number]),
            icon="confirmation_number",
        )
        for ticket in found
    ]
