"""Who may do what, as shipped (ADM-01). The database's groups lead once they exist; the admin prints them.

A role is a `Group` whose name is the code below. `MATRIX` names the rights of each; two roles follow a rule instead:
the auditor sees everything and changes nothing (ADM-02), the administrator may do everything. What nobody may do
(approve what they filed, change an event) is refused by services and the database, for administrators too.
"""

from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    SERVICE_STAFF = "service_staff", _("Service staff")
    SERVICE_LEAD = "service_lead", _("Service lead")
    DUTY_MANAGER = "duty_manager", _("Duty manager")
    DEPARTMENT_HANDLER = "department_handler", _("Department handler")
    DEPARTMENT_HEAD = "department_head", _("Department head")
    QUALITY = "quality", _("Quality staff")
    WAREHOUSE = "warehouse", _("Warehouse and logistics")
    FINANCE_OFFICER = "finance_officer", _("Finance officer")
    FINANCE_MANAGER = "finance_manager", _("Finance manager")
    MANAGEMENT = "management", _("Management")
    AUDITOR = "auditor", _("Auditor")
    INTEGRATION = "integration", _("Integration client")
    ADMINISTRATOR = "administrator", _("Administrator")


_SEE_CUSTOMERS = {
    "crm.view_customer", "crm.view_order", "crm.view_orderline", "crm.view_product", "crm.view_returnorder",
}  # fmt: skip
_CLEAR = {"crm.view_personal_data"}
_KNOWLEDGE = {"knowledge.view_article", "knowledge.view_topic", "knowledge.write_article"}
_EDITOR = _KNOWLEDGE | {"knowledge.publish_article", "knowledge.add_topic", "knowledge.change_topic"}
_SERVICE = {
    "feedback.view_ticket", "feedback.view_all_tickets", "feedback.create_ticket", "feedback.assign_ticket",
    "feedback.handle_ticket", "feedback.close_ticket", "feedback.follow_up_ticket", "feedback.view_incomingmail", "crm.add_customer",
    "sla.request_extension",
    "crm.change_customer", *_SEE_CUSTOMERS, *_CLEAR, *_KNOWLEDGE,
    "feedback.view_smsreply",
}  # fmt: skip
_SIGNS = {"casework.sign_investigation", "casework.share_macro", "casework.share_view", "casework.view_timeentry"}
# The desk's own rows: templates, guides, check-lists, what states demand, care rules.
_CASEWORK = _SIGNS | {
    f"casework.{verb}_{noun}"
    for verb in ("view", "add", "change", "delete")
    for noun in ("replytemplate", "toneguide", "checklisttemplate", "statedemand", "carerule")
}
_SERVICE_LEAD = _SERVICE | _EDITOR | _CASEWORK | {
    "feedback.run_drill", "feedback.view_drill", "feedback.view_drillscenario", "feedback.view_processfeedback",
    "feedback.merge_across_customers", "feedback.view_tag", "feedback.add_tag", "feedback.change_tag", "feedback.delete_tag",
    "feedback.reject_ticket", "feedback.approve_solution", "sla.approve_extension", "triage.change_keyword",
    "billing.view_datarequest", "billing.handle_data_request",  # LAW-05
    "notifications.view_outbox", "notifications.change_template", "notifications.change_outgoingmessage",
    "channels.view_door", "channels.view_inbound", "channels.change_inbound",
    "channels.view_extension", "channels.add_extension", "channels.change_extension", "channels.delete_extension",
}  # fmt: skip
_HANDLER = {
    "sla.request_extension",
    "feedback.view_ticket",
    "feedback.handle_ticket",
    *_SEE_CUSTOMERS,
    *_CLEAR,
    *_KNOWLEDGE,
}
_QUALITY = {
    "sla.request_extension",
    "feedback.view_ticket", "feedback.view_all_tickets", "feedback.handle_ticket", "feedback.assign_ticket",
    "triage.change_keyword", *_SEE_CUSTOMERS, *_EDITOR, *_SIGNS, "casework.view_checklisttemplate",
    "casework.add_checklisttemplate", "casework.change_checklisttemplate",
}  # fmt: skip
_MANAGEMENT = {
    "sla.view_extensionrequest", "sla.grant_long_extension",
    "feedback.view_ticket", "feedback.view_all_tickets", "feedback.approve_solution", "sla.approve_extension",
    "sla.change_policy", "journal.view_event", *_SEE_CUSTOMERS, "feedback.view_processfeedback", "feedback.view_drill",
    "knowledge.view_article", "casework.view_timeentry",
}  # fmt: skip

_PACKS = {"billing.view_evidencepack", "billing.download_evidencepack"}
_FINANCE = {
    "billing.view_invoice", "billing.add_invoice", "billing.view_voidrequest", "billing.view_refund", "billing.view_payment",
    "billing.request_void", "billing.approve_void_finance", "billing.verify_void", "billing.execute_void",
    "billing.request_refund", "billing.approve_refund_finance", "billing.pay_refund", "billing.view_voidrule",
    "billing.view_bankbatch", "billing.view_difference", "billing.view_statementrun", "billing.view_providerfloat",
    "billing.view_refundgate", "billing.view_returnrule", "billing.view_settlementcap", "billing.add_payment",
    "accounts.import_tables", *_PACKS, "billing.build_evidencepack", "billing.view_period",
}  # fmt: skip
_BILLING_BOSS = {
    "billing.view_invoice", "billing.view_voidrequest", "billing.view_refund", "billing.view_payment",
    "billing.approve_void_management", "billing.approve_refund_management", "billing.except_refund_gate",
    "billing.view_difference",
    *_PACKS, "billing.view_period", "billing.reopen_period",
    "billing.view_retentionclass", "billing.view_destructionlist", "billing.witness_destruction", "billing.view_legalhold",
    "billing.place_hold", "billing.view_erasure", "billing.view_auditsample", "billing.view_finding", "billing.view_redflag",
}  # fmt: skip
_ASKS_FOR_MONEY = {"billing.request_void", "billing.request_refund"}

# What an auditor may do beside seeing: nothing of it changes a case.
_AUDIT = {
    "journal.verify_evidence", "billing.download_evidencepack",
    # ARC-04 … ARC-06: the audit's own work, and standing witness when records are destroyed (会计档案管理办法 art. 18).
    "billing.do_audit", "billing.clear_redflag", "billing.witness_destruction",
}  # fmt: skip

MATRIX: dict[Role, frozenset[str]] = {
    Role.SERVICE_STAFF: frozenset(_SERVICE | _ASKS_FOR_MONEY),
    Role.SERVICE_LEAD: frozenset(_SERVICE_LEAD | _ASKS_FOR_MONEY | {"accounts.import_tables"}),  # customers, LNK-04
    Role.DUTY_MANAGER: frozenset(_SERVICE_LEAD | {"journal.view_event"}),
    Role.DEPARTMENT_HANDLER: frozenset(_HANDLER),
    Role.DEPARTMENT_HEAD: frozenset(
        _HANDLER
        | _SIGNS
        | {"feedback.assign_ticket", "feedback.approve_solution", "sla.approve_extension", "knowledge.publish_article"}
        | {"triage.view_keyword", "triage.view_libraryreview"}  # the monthly review (CLS-02)
    ),
    Role.QUALITY: frozenset(_QUALITY),
    Role.WAREHOUSE: frozenset(_HANDLER),  # needs the clear address to ship
    Role.FINANCE_OFFICER: frozenset(_HANDLER | _FINANCE),
    Role.FINANCE_MANAGER: frozenset(
        _HANDLER
        | _FINANCE
        | {
            "feedback.assign_ticket",
            "sla.approve_extension",
            "billing.change_voidrule",
            "billing.add_refundgate",
            "billing.change_refundgate",
            "billing.add_returnrule",
            "billing.change_returnrule",
            "billing.add_settlementcap",
            "billing.change_settlementcap",
            "billing.change_providerfloat",
            "billing.close_period",
            "billing.view_retentionclass",
            "billing.view_destructionlist",
            "billing.destroy_records",
            "billing.witness_destruction",
            "billing.view_legalhold",
            "billing.place_hold",
            "billing.view_erasure",
            "billing.reopen_period",
            "billing.except_refund_gate",
        }
    ),
    Role.MANAGEMENT: frozenset(_MANAGEMENT | _BILLING_BOSS),
    Role.INTEGRATION: frozenset(
        {"feedback.view_ticket", "feedback.view_all_tickets", "feedback.create_ticket", "crm.view_customer"}
    ),
}

_VERBS = {
    "view": _("See: %(things)s"),
    "add": _("Add: %(things)s"),
    "change": _("Change: %(things)s"),
    "delete": _("Delete: %(things)s"),
}
# Tables that nobody opens and that have no name of their own; a role's page lists the rights over them all the same.
_UNNAMED = {
    "billing.callbacknonce": _("used marks of callbacks"),
    "core.counter": _("number series"),
    "core.heartbeat": _("signs of life"),
    "core.idempotencyrecord": _("records of repeated requests"),
    "feedback.searchtext": _("search texts"),
    "sla.ruleversion": _("states of the time rules"),
}
# Tables of Django's own that nobody's role is about; groups and users have names of their own in accounts.
_NOT_OURS = ("sessions", "contenttypes", "auth")


def all_permissions() -> QuerySet[Permission]:
    """Every right there is, with `full` = "app.codename", ordered by app and model."""
    return (
        Permission.objects.exclude(content_type__app_label__in=_NOT_OURS)
        .select_related("content_type")
        .annotate(full=Concat(F("content_type__app_label"), Value("."), F("codename")))
        .order_by("content_type__app_label", "content_type__model", "codename")
    )


def shipped_permissions(role: str) -> QuerySet[Permission]:
    """The rights a role has when it is new; none for a role that the site made itself."""
    everything = all_permissions()
    if role == Role.ADMINISTRATOR:
        return everything
    if role == Role.AUDITOR:
        sees = Q(codename__startswith="view_") & ~Q(full="crm.view_personal_data")
        return everything.filter(sees | Q(full__in=_AUDIT))
    return everything.filter(full__in=MATRIX.get(role, frozenset()))  # type: ignore[call-overload]


def label(name: str) -> str:
    """A group's name as people read it: the role's words, or the name itself for a group the site made."""
    return str(Role(name).label) if name in Role.values else name


def words(permission: Permission) -> str:
    """A permission as people read it, in the active language."""
    model = permission.content_type.model_class()
    verb, _sep, what = permission.codename.partition("_")
    if model is None or what != model._meta.model_name or verb not in _VERBS:
        return gettext(permission.name)
    return _VERBS[verb] % {"things": _UNNAMED.get(model._meta.label_lower, model._meta.verbose_name_plural)}


def room(permission: Permission) -> str:
    """The name of the part of the system that a permission belongs to."""
    try:
        return str(apps.get_app_config(permission.content_type.app_label).verbose_name)
    except LookupError:  # of an app that is no longer installed
        return permission.content_type.app_label
