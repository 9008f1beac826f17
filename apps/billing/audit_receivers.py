"""Who hears of the audit's work, of lists that wait for witnesses, and of data requests (ARC-04 … ARC-06, LAW-05)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing import audit_events as events
from apps.billing.deadline_receivers import STAGES
from apps.billing.models import DataRequest, DestructionList, Finding
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox
from apps.sla import events as deadlines
from apps.sla import subjects
from apps.sla.states import Level, Metric

PAGES = {
    "billing.datarequest": "desk:data_request",
    "billing.finding": "desk:finding",
    "billing.destructionlist": "desk:destruction_list",
    "billing.auditsample": "desk:audit_sample",
    "billing.redflag": "desk:red_flag",
}


def page_of(subject_type: str, pk: UUID) -> str:
    """The desk's page of one of these rows; empty where the desk has none."""
    try:
        return reverse(PAGES[subject_type], args=[pk])
    except (KeyError, NoReverseMatch):
        return ""


def holders(permission: str) -> list[User]:
    """Active staff whose roles give this right; whoever is everything (a superuser) is not bothered."""
    app, _dot, code = permission.partition(".")
    right = Q(groups__permissions__content_type__app_label=app, groups__permissions__codename=code)
    people = User.objects.filter(right, is_active=True).exclude(groups__name=Role.ADMINISTRATOR)
    return list(people.distinct().order_by("pk"))


def _tell(people: Iterable[User], event: Event, number: str, task: str | Promise) -> None:
    link = page_of(event.subject_type, event.subject_id)
    outbox.notify_many(list(people), "audit_task", context={"number": number, "task": task}, event=event, link=link)


@on(events.FINDING_WRITTEN, events.FINDING_RETURNED, name="billing.finding_to_owner")
def finding_to_owner(event: Event) -> None:
    finding = Finding.objects.select_related("owner").get(pk=event.subject_id)
    task = (
        _("an audit finding for you to answer")
        if event.kind == events.FINDING_WRITTEN
        else _("an audit finding came back to you")
    )
    _tell([finding.owner], event, finding.number, task)


@on(events.FINDING_ANSWERED, name="billing.finding_to_auditor")
def finding_to_auditor(event: Event) -> None:
    finding = Finding.objects.select_related("written_by").get(pk=event.subject_id)
    _tell([finding.written_by], event, finding.number, _("the owner answered your finding"))


@on(events.FLAG_RAISED, name="billing.flag_to_auditors")
def flag_to_auditors(event: Event) -> None:
    number = ", ".join(event.data.get("cases", [])[:3])
    _tell(with_role(Role.AUDITOR), event, number, _("a red flag to look at"))


@on(events.SAMPLE_DRAWN, name="billing.sample_to_auditors")
def sample_to_auditors(event: Event) -> None:
    _tell(with_role(Role.AUDITOR), event, event.data["number"], _("the audit sample is drawn"))


@on(events.LIST_DRAWN_UP, name="billing.list_to_witnesses")
def list_to_witnesses(event: Event) -> None:
    drawn = DestructionList.objects.get(pk=event.subject_id)
    others = [user for user in holders("billing.witness_destruction") if user.pk != drawn.drawn_up_by_id]
    _tell(others, event, drawn.number, _("a destruction list waits for two witnesses"))


@on(events.REQUEST_RECEIVED, name="billing.request_to_handlers")
def request_to_handlers(event: Event) -> None:
    row = DataRequest.objects.get(pk=event.subject_id)
    _tell(holders("billing.handle_data_request"), event, row.number, _("a request about personal data"))


@on(deadlines.WARNED, deadlines.BREACHED, deadlines.ESCALATED, name="billing.tell_of_audit_deadline")
def tell_of_deadline(event: Event) -> None:
    """What was met late is told to nobody: nobody has to act any more."""
    if event.subject_type not in ("billing.datarequest", "billing.finding") or event.data.get("met"):
        return
    people: list[User]
    if event.subject_type == "billing.finding":
        finding = Finding.objects.select_related("owner", "written_by").get(pk=event.subject_id)
        number, people = finding.number, [finding.owner, finding.written_by]
    else:
        number, people = DataRequest.objects.get(pk=event.subject_id).number, holders("billing.handle_data_request")
    if event.data.get("level") == Level.MANAGEMENT:
        people = [*people, *with_role(Role.MANAGEMENT)]
    facts = {
        "number": number, "metric": str(Metric(event.data["metric"]).label), "stage": str(STAGES[event.kind]),
        "due_at": datetime.fromisoformat(event.data["due_at"]),
    }  # fmt: skip
    link = page_of(event.subject_type, event.subject_id)
    outbox.notify_many(
        list({u.pk: u for u in people}.values()), "money_deadline", context=facts, event=event, link=link
    )


def _named(model: type[DataRequest] | type[Finding], subject_type: str) -> None:
    def namer(ids: list[UUID]) -> dict[UUID, subjects.Named]:
        rows = model.objects.filter(pk__in=ids).values_list("pk", "number")
        return {pk: subjects.Named(number, page_of(subject_type, pk)) for pk, number in rows}

    subjects.register(subject_type, namer)


_named(DataRequest, "billing.datarequest")
_named(Finding, "billing.finding")
