"""The sidebar and the palette's search. Who may see a list is asked of the list's own admin class."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from apps.accounts.principals import actor_for
from apps.billing.to_sign import stands_in
from apps.core.actors import Actor
from apps.core.vocabulary import Channel
from apps.crm.selectors import find_customer
from apps.desk.approvals import inbox
from apps.feedback.models import Ticket
from apps.feedback.selectors import search as words

Item = dict[str, Any]
FOUND = 10
# Whoever holds one of these may find something in the approval inbox; others have an entry for it only while they stand
# in for somebody, or something is known to wait for them.
DECIDES = (
    "billing.approve_void_finance", "billing.approve_void_management", "billing.approve_refund_finance",
    "billing.approve_refund_management", "billing.pay_refund", "billing.execute_void", "feedback.approve_solution",
    "sla.approve_extension",
)  # fmt: skip

LISTS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "master",
        [
            ("knowledge.Article", "menu_book"), ("crm.Customer", "group"), ("crm.Order", "receipt_long"), ("crm.Product", "inventory_2"),
            ("crm.ReturnOrder", "assignment_return"),
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
            ("billing.VoidRule", "rule_settings"), ("billing.VoidReason", "label"), ("billing.ApprovalRule", "approval_delegation"),
            ("billing.RefundGate", "shield_lock"), ("billing.ReturnRule", "assignment_return"),
            ("billing.SettlementCap", "vertical_align_top"), ("billing.ProviderFloat", "savings"),
            ("billing.RetentionClass", "inventory"), ("billing.AuditStratum", "layers"), ("billing.AuditCheckpoint", "rule"),
            ("billing.RedFlagRule", "flag"),
            ("knowledge.Topic", "shelves"), ("feedback.DrillScenario", "theater_comedy"), ("feedback.DeskRules", "tune"),
        ],
    ),
    (
        "people",
        [
            ("accounts.User", "badge"), ("accounts.Department", "lan"), ("accounts.RoleGroup", "shield_person"),
            ("accounts.ApprovalLimit", "price_check"), ("accounts.ApiKey", "vpn_key"),
            ("accounts.Webhook", "webhook"), ("accounts.SecondLook", "encrypted"), ("accounts.EnrolmentDuty", "phonelink_lock"),
        ],
    ),
    (
        "evidence",
        [
            ("accounts.ImportSheet", "upload_file"), ("accounts.WebhookCall", "send"), ("billing.Invoice", "receipt"),
            ("billing.Payment", "payments"), ("billing.VoidRequest", "cancel_presentation"),
            ("billing.Refund", "currency_exchange"), ("billing.RedForm", "assignment_return"), ("billing.Delegation", "handshake"),
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


MOST_KNOWN = 200
_known_lists: dict[tuple[frozenset[str] | None, str | None], dict[str, list[Item]]] = {}


def sidebar(request: HttpRequest) -> list[Item]:
    """Groups of links; what one may not open isn't offered."""
    titles = {
        "master": _("Master data"),
        "rules": _("Rules"),
        "people": _("People and rights"),
        "evidence": _("Evidence"),
    }
    groups: list[Item] = [{"title": _("Work"), "items": _work(request)}]
    if money := _money(request, actor_for(request)):
        groups.append({"title": _("Money"), "collapsible": True, "items": money})
    if audit := _audit(request):
        groups.append({"title": _("Audit"), "collapsible": True, "items": audit})
    lists = _lists(request)
    for key, _labels in LISTS:
        items = lists[key].copy()
        if key == "people" and request.user.has_perm("accounts.view_rolegroup"):
            items.append({"title": _("Role matrix"), "icon": "table", "link": reverse("admin:accounts_role_matrix")})
        if key == "evidence":
            items = [*_archive(actor_for(request)), *items]
        if items:
            groups.append({"title": titles[key], "collapsible": True, "items": items})
    return groups


def _work(request: HttpRequest) -> list[Item]:
    actor = actor_for(request)
    items = [{"title": _("Dashboard"), "icon": "monitoring", "link": reverse("admin:index")}]
    if actor.can("feedback.view_ticket"):
        items.append({"title": _("Queue"), "icon": "inbox", "link": reverse("admin:desk_queue")})
    if _decides(actor):
        items.append(_approvals(request, actor))
    if actor.can("sla.approve_extension"):
        link = reverse("admin:sla_extensionrequest_changelist")
        items.append({"title": _("Extension requests"), "icon": "more_time", "link": link})
    if actor.can("feedback.create_ticket"):
        items += _intake(request)
        items.append({"title": _("Calls"), "icon": "phone_callback", "link": reverse("admin:desk_calls")})
    if actor.can("feedback.handle_ticket"):
        items.append({"title": _("My tasks"), "icon": "task_alt", "link": reverse("admin:desk_tasks")})
    if actor.can("feedback.view_drill"):
        items.append({"title": _("Drills"), "icon": "fitness_center", "link": reverse("admin:desk_drills")})
    items.append({"title": _("My notices"), "icon": "notifications", "link": reverse("notifications:notices")})
    return items


def _decides(actor: Actor) -> bool:
    """Costs a query only where no right of one's own answers."""
    return any(actor.can(right) for right in DECIDES) or bool(inbox.known_count(actor)) or stands_in(actor)


def _archive(actor: Actor) -> list[Item]:
    """Evidence packs and accounting months (ARC-01, ARC-07)."""
    items = []
    if actor.can("billing.view_evidencepack"):
        items.append({"title": _("Evidence packs"), "icon": "inventory", "link": reverse("desk:packs")})
    if actor.can("billing.view_period"):
        items.append({"title": _("Accounting months"), "icon": "calendar_month", "link": reverse("desk:months")})
    return items


# The audit's pages, who may open them (any of these rights), and their names.
AUDIT = (
    ("desk:audit", "policy", gettext_lazy("Audit overview"), ("billing.view_auditsample",)),
    ("desk:audit_samples", "casino", gettext_lazy("Audit samples"), ("billing.view_auditsample",)),
    ("desk:findings", "assignment_late", gettext_lazy("Audit findings"), ("billing.view_finding",)),
    ("desk:red_flags", "flag", gettext_lazy("Red flags"), ("billing.view_redflag",)),
    ("desk:duties", "groups", gettext_lazy("Separation of duties"), ("billing.view_auditsample",)),
    (
        "desk:retention",
        "auto_delete",
        gettext_lazy("Retention"),
        ("billing.view_retentionclass", "billing.view_destructionlist"),
    ),
    (
        "desk:data_requests",
        "person_search",
        gettext_lazy("Data requests"),
        ("billing.view_datarequest", "billing.handle_data_request"),
    ),
)


def _audit(request: HttpRequest) -> list[Item]:
    actor = actor_for(request)
    return [
        {"title": title, "icon": icon, "link": reverse(name), **_exactly(request, name)}
        for name, icon, title, rights in AUDIT
        if any(actor.can(right) for right in rights)
    ]


def _exactly(request: HttpRequest, name: str) -> Item:
    """The overview's address begins those of the other pages: it is the present one only on its own page."""
    return {"active": request.path == reverse(name)} if name == "desk:audit" else {}


def _intake(request: HttpRequest) -> list[Item]:
    """One page with two entries, which its address alone would mark both as the present one."""
    new = reverse("admin:desk_new")
    here, store = request.path == new, request.GET.get("channel") == Channel.STORE
    return [
        {"title": _("New ticket"), "icon": "add_call", "link": new, "active": here and not store},
        {
            "title": _("Register at the counter"), "icon": "storefront", "link": f"{new}?channel=store",
            "active": here and store,
        },
    ]  # fmt: skip


def _money(request: HttpRequest, actor: Actor) -> list[Item]:
    """Void requests, refunds and what stands around them."""
    pages = (
        ("desk:voids", "receipt_long", _("Void requests"), ("billing.view_voidrequest", "billing.request_void")),
        ("desk:refunds", "currency_yuan", _("Refunds"), ("billing.view_refund", "billing.request_refund")),
        (
            "desk:cancellations",
            "block",
            _("Vouchers and accounts"),
            ("billing.view_voidrequest", "billing.request_void"),
        ),
        ("desk:money_figures", "speed", _("From complaint to refund"), ("billing.view_refund",)),
        ("desk:money", "account_balance_wallet", _("Money at a glance"), ("billing.view_difference",)),
        ("desk:month_end", "event_upcoming", _("Month end"), ("billing.verify_void", "billing.execute_void")),
        ("desk:delegations", "group", _("Delegations"), (*DECIDES[:4], "accounts.change_user")),
    )
    return [
        {"title": title, "icon": icon, "link": reverse(name), "active": request.path.startswith(reverse(name))}
        for name, icon, title, rights in pages
        if any(actor.can(right) for right in rights)
    ]


def _approvals(request: HttpRequest, actor: Actor) -> Item:
    """With the number that is at hand; `static/desk/approvals_count.js` asks for it where there is none."""
    waiting = inbox.known_count(actor)
    return {
        "title": _("Approvals"), "icon": "approval", "link": reverse("desk:approvals"),
        "badge": str(waiting) if waiting else "",
        "active": request.path == reverse("desk:approvals") or request.path.startswith("/desk/case/"),
    }  # fmt: skip


def _lists(request: HttpRequest) -> dict[str, list[Item]]:
    """The lists one may open: some seventy models to ask for their rights, which are the same for the same rights."""
    user = request.user
    key = (None if user.is_superuser else frozenset(user.get_all_permissions()), get_language())
    known = _known_lists.get(key)
    if known is None:
        known = {
            group: [item for label, icon in labels if (item := _list(request, label, icon))] for group, labels in LISTS
        }
        if len(_known_lists) >= MOST_KNOWN:  # other threads read at the same time: nobody looks it up again
            _known_lists.clear()
        _known_lists[key] = known
    return known


def _list(request: HttpRequest, label: str, icon: str) -> Item | None:
    model = apps.get_model(label)
    model_admin = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
    if model_admin is None or not model_admin.has_view_or_change_permission(request):
        return None
    address = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return {"title": str(capfirst(model._meta.verbose_name_plural)), "icon": icon, "link": reverse(address)}


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """Tickets by the beginning of their number, of exactly this phone, e-mail, order or customer number, or by words."""
    actor, term = actor_for(request), term.strip()
    query = words.parse(term)
    if len(term) < 4 and not any(len(word) > 1 for word in query.words):
        return []
    seen = Ticket.objects.listed_for(actor)
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
