"""The audit: overview, samples, drawn cases, separation of duties (ARC-04)."""

import csv
from collections import Counter
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.billing.archive import packs
from apps.billing.audit import duties, sampling, work
from apps.billing.audit_states import CheckAnswer, FindingState, FlagKind, ListState, RequestState
from apps.billing.models import (
    AuditAnswer,
    AuditItem,
    AuditSample,
    DataRequest,
    DestructionList,
    Finding,
    RedFlag,
)
from apps.core import clock, sheets
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.forms.audit import DrawForm, FindingForm, SpanForm, SummaryForm
from apps.desk.views import audit_frame as frame
from apps.desk.views.frame import framed
from apps.sla.models import Deadline
from apps.sla.states import Metric
from apps.sla.states import State as DeadlineState

SEES = "billing.view_auditsample"
LISTED = 40


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Where the audit stands: open flags, findings, the running sample, what waits elsewhere."""
    actor = frame.reader(request, SEES)
    late = Deadline.objects.filter(metric=Metric.AUDIT_FINDING, state=DeadlineState.OPEN, due_at__lte=clock.now())
    flags = dict(RedFlag.objects.filter(cleared_at=None).values_list("kind").annotate(n=Count("pk")))
    most = max(flags.values(), default=1)
    sample = AuditSample.objects.defer("frame").first()
    context = {
        "open_flags": sum(flags.values()),
        "bars": [
            {"kind": kind, "name": label, "count": flags.get(kind, 0), "width": round(100 * flags.get(kind, 0) / most)}
            for kind, label in FlagKind.choices
        ],
        "open_findings": Finding.objects.exclude(state=FindingState.CLOSED).count(),
        "late_findings": late.count(),
        "requests": DataRequest.objects.filter(state__in=[RequestState.RECEIVED, RequestState.CHECKED]).count(),
        "lists": DestructionList.objects.filter(state=ListState.DRAWN_UP).count(),
        "sample": sample,
        "progress": _progress(sample) if sample else None,
        "may": _rights(actor),
    }
    return framed(request, "desk/audit/overview.html", _("Audit"), context)


def _rights(actor: Actor) -> dict[str, bool]:
    return {
        "audit": actor.can(work.RIGHT),
        "requests": actor.can("billing.view_datarequest"),
        "lists": actor.can("billing.view_destructionlist"),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def samples(request: HttpRequest) -> HttpResponse:
    """All samples, and the form that draws one."""
    actor = frame.reader(request, SEES)
    first, last = sampling.last_quarter(clock.local(clock.now()).date())
    initial = {"first_day": first, "last_day": last}
    form = DrawForm(request.POST or None, initial=initial)
    drawn: list[AuditSample] = []

    def draw(given: dict[str, Any]) -> None:
        drawn.append(sampling.draw(given["first_day"], given["last_day"], actor=actor, seed=given["seed"]))

    if request.method == "POST" and frame.done(request, form, draw, _("The sample is drawn.")):
        return redirect("desk:audit_sample", drawn[0].pk)
    rows = AuditSample.objects.defer("frame", "strata").select_related("drawn_by")
    rows = rows.annotate(
        drawn=Count("items", distinct=True),
        questions=Count("items__answers"),
        open=Count("items__answers", filter=Q(items__answers__answer=CheckAnswer.OPEN)),
    )
    context = {"samples": rows[:LISTED], "form": form, "may_draw": actor.can(sampling.RIGHT)}
    return framed(request, "desk/audit/samples.html", _("Audit samples"), context, 422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def sample(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One sample: layers, cases with their progress, findings, seed; closing it."""
    actor = frame.reader(request, SEES)
    row: AuditSample = frame.known(AuditSample.objects.select_related("drawn_by"), pk)
    form = SummaryForm(request.POST or None)
    if request.method == "POST" and frame.done(
        request, form, lambda given: work.close(row, given["summary"], actor=actor), _("The audit is closed.")
    ):
        return redirect("desk:audit_sample", pk)
    answers = Count("answers")
    items = row.items.annotate(
        questions=answers,
        open=Count("answers", filter=Q(answers__answer=CheckAnswer.OPEN)),
        wrong=Count("answers", filter=Q(answers__answer=CheckAnswer.WRONG)),
    )
    context = {
        "sample": row, "items": items, "progress": _progress(row), "form": form, "may_audit": actor.can(work.RIGHT),
        "findings": row.findings.select_related("owner"), "differs": sampling.check(row),
    }  # fmt: skip
    title = _("Audit sample %(number)s") % {"number": row.number}
    return framed(request, "desk/audit/sample.html", title, context, 422 if form.errors else 200)


def _progress(row: AuditSample) -> dict[str, int]:
    """Questions answered, of how many, and in percent."""
    found = Counter(AuditAnswer.objects.filter(item__sample=row).values_list("answer", flat=True))
    whole, left = sum(found.values()), found[CheckAnswer.OPEN]
    return {
        "whole": whole, "answered": whole - left, "wrong": found[CheckAnswer.WRONG],
        "percent": round(100 * (whole - left) / whole) if whole else 0,
    }  # fmt: skip


@require_GET
def export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole audit as CSV for the working papers: head, cases, answers, findings."""
    frame.reader(request, SEES)
    row: AuditSample = frame.known(AuditSample.objects, pk)
    buffer = StringIO()
    writer = csv.writer(buffer)
    head = (_("Audit sample"), _("Cases from"), _("Cases until"), _("Seed"), _("Method"), _("Population"), "SHA-256")
    values = (row.number, row.first_day, row.last_day, row.seed, row.method, row.population, row.population_digest)
    writer.writerows(zip(head, values, strict=True))
    writer.writerow([])
    writer.writerow([
        pgettext("audit", "Row"), pgettext("audit", "Case"), _("Layer"), pgettext("audit", "Amount"),
        pgettext("audit", "Question"), pgettext("audit", "Answer"), pgettext("audit", "Note"), pgettext("audit", "Evidence"),
        pgettext("audit", "By"), pgettext("audit", "When"),
    ])  # fmt: skip
    answers = (
        AuditAnswer.objects.filter(item__sample=row).select_related("item", "by").order_by("item__position", "position")
    )
    for each in answers:
        layer = row.strata[each.item.stratum]["name"]
        at = f"{clock.local(each.at):%Y-%m-%d %H:%M}" if each.at else ""
        cells = (
            each.item.position, each.item.number, layer, each.item.amount, each.text, each.get_answer_display(),
            each.note, each.link, each.by or "", at,
        )  # fmt: skip
        writer.writerow([sheets.defused(str(cell)) for cell in cells])
    writer.writerow([])
    writer.writerow([
        _("Finding"), _("Severity"), pgettext("audit", "State"), _("Owner"), pgettext("audit", "What was found"),
        _("What was done about it"),
    ])  # fmt: skip
    for finding in row.findings.select_related("owner"):
        cells = (
            finding.number, finding.get_severity_display(), finding.get_state_display(), finding.owner, finding.text,
            finding.measures,
        )  # fmt: skip
        writer.writerow([sheets.defused(str(cell)) for cell in cells])
    answer = HttpResponse("\ufeff" + buffer.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="audit-{row.number}.csv"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A drawn case: what it is, the questions with their answers, its findings."""
    actor = frame.reader(request, SEES)
    row: AuditItem = frame.known(AuditItem.objects.select_related("sample"), pk)
    answers = list(row.answers.select_related("by"))
    errors: dict[int, str] = {}
    if request.method == "POST":
        errors = _answered(request, answers, actor)
        if not errors:
            following = row.sample.items.filter(position__gt=row.position).order_by("position").first()
            return redirect("desk:audit_item", (following or row).pk)
    case = frame.case_of(row)
    lines = [
        {
            "answer": each, "error": errors.get(each.position, ""),
            "value": request.POST.get(f"answer-{each.position}", each.answer),
            "note": request.POST.get(f"note-{each.position}", each.note),
            "link": request.POST.get(f"link-{each.position}", each.link),
        }
        for each in answers
    ]  # fmt: skip
    context = {
        "item": row, "case": case, "case_link": frame.case_page(row.case_type, row.number), "lines": lines,
        "choices": CheckAnswer.choices, "layer": row.sample.strata[row.stratum], "pack": packs.latest_for(case) if case else None,
        "may_audit": actor.can(work.RIGHT) and row.sample.state == "open", "finding_form": FindingForm(),
        "may_find": actor.can(work.RIGHT), "findings": row.findings.select_related("owner"),
        "before": row.sample.items.filter(position__lt=row.position).order_by("-position").first(),
        "after": row.sample.items.filter(position__gt=row.position).order_by("position").first(),
    }  # fmt: skip
    title = _("Case %(number)s in the audit") % {"number": row.number}
    return framed(request, "desk/audit/item.html", title, context, 422 if errors else 200)


def _answered(request: HttpRequest, answers: list[AuditAnswer], actor: Actor) -> dict[int, str]:
    """Save every question; the words of what could not be saved, by position."""
    errors = {}
    for each in answers:
        n = each.position
        said = work.Answered(
            request.POST.get(f"answer-{n}", each.answer), request.POST.get(f"note-{n}", ""),
            request.POST.get(f"link-{n}", ""),
        )  # fmt: skip
        try:
            work.answer(each, said, actor=actor)
        except DomainError as error:
            errors[n] = error.words
    return errors


@require_POST
def find(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write a finding about a drawn case."""
    actor = frame.reader(request, SEES)
    row: AuditItem = frame.known(AuditItem.objects.select_related("sample"), pk)
    return _write(request, actor, {"item": row}, "desk:audit_item", pk)


@require_POST
def find_by_flag(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write a finding about a red flag."""
    actor = frame.reader(request, "billing.view_redflag")
    row: RedFlag = frame.known(RedFlag.objects, pk)
    return _write(request, actor, {"flag": row}, "desk:red_flag", pk)


def _write(request: HttpRequest, actor: Actor, about: dict[str, Any], back: str, pk: UUID) -> HttpResponse:
    form, written = FindingForm(request.POST), []

    def write(given: dict[str, Any]) -> None:
        written.append(work.write(work.FindingDraft(**given, **about), actor=actor))

    if frame.done(request, form, write, _("The finding is written; its owner is told.")):
        return redirect("desk:finding", written[0].pk)
    context = {"form": form, "back": back, "back_pk": pk}
    return framed(request, "desk/audit/finding_new.html", _("New finding"), context, 422)


@require_GET
def separation(request: HttpRequest) -> HttpResponse:
    """Who did what on the same cases, and which rights meet on one person."""
    frame.reader(request, SEES)
    today = clock.local(clock.now()).date()
    given = {"first_day": today - timedelta(days=90), "last_day": today}
    form = SpanForm(request.GET if "first_day" in request.GET else None, initial=given)
    first, last = given["first_day"], given["last_day"]
    if form.is_bound and form.is_valid():
        first, last = form.cleaned_data["first_day"], form.cleaned_data["last_day"]
        if last < first or last - first > timedelta(days=400):
            form.refuse(DomainError("audit.span", field="last_day", days=400))
            first, last = given["first_day"], given["last_day"]
    report = duties.report(first, last)
    met = [{"row": each, "link": frame.case_page(each.case_type, each.number)} for each in report.met]
    most = report.pairs[0].cases if report.pairs else 1
    context = {
        "form": form, "report": report, "met": met, "acts": duties.ACTS,
        "pairs": [(pair, round(100 * pair.cases / most)) for pair in report.pairs],
    }  # fmt: skip
    return framed(request, "desk/audit/duties.html", _("Separation of duties"), context, 422 if form.errors else 200)
