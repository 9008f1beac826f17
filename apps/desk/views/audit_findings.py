"""Findings and red flags: lists, one of each, and what becomes of them (ARC-04, ARC-06)."""

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.principals import actor_for
from apps.billing.audit import red_flags, work
from apps.billing.audit_states import FindingState, FlagKind
from apps.billing.models import Finding, RedFlag
from apps.core import clock
from apps.desk.forms.audit import ClearForm, FindingForm, MeasuresForm, VerdictForm
from apps.desk.views import audit_frame as frame
from apps.desk.views.frame import framed
from apps.sla.models import Deadline
from apps.sla.states import Metric

PAGE = 40


def _with_due(rows: "QuerySet[Finding]") -> "QuerySet[Finding]":
    clocks = Deadline.objects.filter(subject_id=OuterRef("pk"), metric=Metric.AUDIT_FINDING).order_by("-id")
    return rows.annotate(
        due_at=Subquery(clocks.values("due_at")[:1]), started_at=Subquery(clocks.values("started_at")[:1])
    )


@require_GET
def findings(request: HttpRequest) -> HttpResponse:
    """Findings this person may see: those to be answered first, the next due on top."""
    actor = actor_for(request)
    tab = request.GET.get("tab", "open")
    rows = _with_due(Finding.objects.visible_to(actor)).select_related("owner", "sample")
    if tab == "mine":
        rows = rows.filter(owner_id=actor.user_id).exclude(state=FindingState.CLOSED)
    elif tab == "closed":
        rows = rows.filter(state=FindingState.CLOSED)
    else:
        tab, rows = "open", rows.exclude(state=FindingState.CLOSED)
    rows = rows.order_by("due_at", "id") if tab != "closed" else rows.order_by("-id")
    tabs = [("open", _("Open")), ("mine", _("For me")), ("closed", _("Closed"))]
    context = {"findings": rows[:200], "tab": tab, "tabs": tabs, "now": clock.now()}
    return framed(request, "desk/audit/findings.html", _("Audit findings"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def finding(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One finding: its owner answers, the audit gives it back or closes it."""
    actor = actor_for(request)
    rows = _with_due(Finding.objects.visible_to(actor))
    row: Finding = frame.known(rows.select_related("owner", "written_by", "closed_by", "sample", "item", "flag"), pk)
    measures, verdict = MeasuresForm(initial={"measures": row.measures}), VerdictForm()
    refused = False
    if request.method == "POST":
        step = request.POST.get("step", "")
        if step == "respond":
            measures = MeasuresForm(request.POST)
            ok = frame.done(
                request, measures, lambda given: work.respond(row, given["measures"], actor=actor),
                _("Answered; the auditor looks at it."),
            )  # fmt: skip
        elif step in ("give_back", "end"):
            verdict = VerdictForm(request.POST)
            act = work.give_back if step == "give_back" else work.end
            said = _("It is back with its owner.") if step == "give_back" else _("The finding is closed.")
            ok = frame.done(request, verdict, lambda given: act(row, given["verdict"], actor=actor), said)
        else:
            raise Http404
        if ok:
            return redirect("desk:finding", pk)
        refused = True
    context = {
        "finding": row, "measures": measures, "verdict": verdict, "is_owner": row.owner_id == actor.user_id,
        "may_audit": actor.can(work.RIGHT) and row.owner_id != actor.user_id,
        "case_link": frame.case_page(row.item.case_type, row.item.number) if row.item else "",
    }  # fmt: skip
    title = _("Finding %(number)s") % {"number": row.number}
    return framed(request, "desk/audit/finding.html", title, context, 422 if refused else 200)


@require_GET
def flags(request: HttpRequest) -> HttpResponse:
    """Red flags by kind, newest first, in pages by key."""
    frame.reader(request, "billing.view_redflag")
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "open")
    rows = RedFlag.objects.select_related("cleared_by").order_by("-id")
    rows = rows.exclude(cleared_at=None) if state == "cleared" else rows.filter(cleared_at=None)
    if kind in FlagKind.values:
        rows = rows.filter(kind=kind)
    after = request.GET.get("after", "")
    try:
        rows = rows.filter(id__lt=UUID(after)) if after else rows
    except ValueError as error:
        raise Http404 from error
    found = list(rows[: PAGE + 1])
    more = found[PAGE - 1].pk if len(found) > PAGE else None
    people = frame.names(_people(found))
    context = {
        "rows": [(flag, frame.cases_of(flag)[:3], _words(flag, people)) for flag in found[:PAGE]], "more": more,
        "kinds": FlagKind.choices, "kind": kind, "state": "cleared" if state == "cleared" else "open",
    }  # fmt: skip
    return framed(request, "desk/audit/flags.html", _("Red flags"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def flag(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One flag: what was seen, the cases, clearing it or writing a finding."""
    actor = frame.reader(request, "billing.view_redflag")
    row: RedFlag = frame.known(RedFlag.objects.select_related("cleared_by"), pk)
    form = ClearForm(request.POST or None)
    if request.method == "POST" and frame.done(
        request,
        form,
        lambda given: red_flags.clear(row, actor=actor, reason=given["reason"]),
        _("The flag is cleared."),
    ):
        return redirect("desk:red_flags")
    context = {
        "flag": row, "cases": frame.cases_of(row), "words": _words(row, frame.names(_people([row]))), "form": form,
        "may_clear": actor.can(red_flags.RIGHT), "may_find": actor.can(work.RIGHT), "finding_form": FindingForm(),
        "findings": row.findings.select_related("owner"),
    }  # fmt: skip
    return framed(request, "desk/audit/flag.html", str(row.get_kind_display()), context, 422 if form.errors else 200)


def _people(found: list[RedFlag]) -> set[int]:
    return {flag.figures[key] for flag in found for key in ("requester", "approver") if flag.figures.get(key)}


def _words(flag: RedFlag, people: dict[int, str]) -> str:
    """The figures of a flag as a sentence."""
    f: dict[str, Any] = {
        **flag.figures,
        "requester": people.get(flag.figures.get("requester", 0), "?"),
        "approver": people.get(flag.figures.get("approver", 0), "?"),
    }
    return SENTENCES[FlagKind(flag.kind)]() % f


SENTENCES = {
    FlagKind.SPLIT: lambda: _("%(cases)s cases filed by %(requester)s, each up to ¥%(step)s, together ¥%(total)s."),
    FlagKind.PAIR: lambda: _("%(approver)s signed %(cases)s cases of %(requester)s: %(share)s %% of them."),
    FlagKind.NEW_PAYEE: lambda: _(
        "First refund of this customer to account %(account)s; other customers with it: %(others)s."
    ),
    FlagKind.ONE_PAYEE: lambda: _("%(cases)s refunds of %(customers)s customers went to account %(account)s."),
    FlagKind.AFTER_CLOSE: lambda: _("Issued in %(issued)s, undone on %(executed)s, %(months)s months later."),
    FlagKind.QUICK: lambda: _("%(approver)s signed %(seconds)s s after it lay there."),
    FlagKind.NIGHT: lambda: _("%(approver)s signed at %(at)s."),
}
