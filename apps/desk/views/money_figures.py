"""From complaint to refund: the month's figures and the rows behind them (LNK-05)."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.models import Department
from apps.accounts.principals import actor_for
from apps.billing import failures, figures
from apps.billing.figures import ERRORS, Span
from apps.desk import money_figures
from apps.desk.money_figures import Figures
from apps.desk.views.frame import framed

ROWS = 100


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """`?month=2026-11` and `?department=` choose; without them this month and everybody's tickets."""
    if not actor_for(request).can(money_figures.SEES):
        raise Http404
    departments = list(Department.objects.filter(active=True).order_by("code"))
    span = _span(request, departments)
    found = money_figures.of(span)
    context = {
        "span": span,
        "earlier": money_figures.address(Span(figures.months_on(span.month, -1), span.department)),
        "later": _later(span),
        "departments": departments,
        "figures": _strip(found),
        "title_of_stages": money_figures.finding(found.cycle),
        "note_of_stages": money_figures.counted(found.cycle),
        "stages": money_figures.stage_bars(found.cycle),
        "by_department": money_figures.row_bars(
            found.departments, lambda row: money_figures.address(Span(span.month, row.key))
        ),
        "by_month": money_figures.row_bars(
            found.months, lambda row: money_figures.address(Span(row.key, span.department))
        ),
        "error_kinds": [(ERRORS[kind], count) for kind, count in found.errors.kinds.items()],
        "differences": found.errors.differences,
        "rows": [(row, money_figures.words(row.whole)) for row in _rows(span)],
        "more": max(0, found.cycle.count - ROWS),
        "gone_wrong": _gone_wrong(span),
        "as_of": found.at,
    }
    return framed(request, "desk/money_figures.html", _("From complaint to refund"), context)


def _span(request: HttpRequest, departments: list[Department]) -> Span:
    """An address that says nonsense shows this month."""
    try:
        month = date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        month = money_figures.this_month()
    asked = request.GET.get("department", "")
    known = {str(department.pk) for department in departments}
    first, now = date(2000, 1, 1), money_figures.this_month()
    return Span(min(max(month, first), now), int(asked) if asked in known else None)


def _later(span: Span) -> str:
    if span.month >= money_figures.this_month():
        return ""
    return money_figures.address(Span(figures.months_on(span.month, 1), span.department))


def _strip(found: Figures) -> list[dict[str, Any]]:
    """Five figures with what they were the month before."""
    cycle, before, errors, mood = found.cycle, found.before, found.errors, found.mood
    share = f"{round(100 * cycle.in_goal / cycle.count)}%" if cycle.count else "—"
    wrong = "—" if errors.percent is None else f"{errors.percent:.1f}%"
    return [
        {"label": _("Complaint to refund, average"), "value": money_figures.words(cycle.mean),
         "note": _("the month before: %(value)s") % {"value": money_figures.words(before.mean)}},
        {"label": _("Nine of ten within"), "value": money_figures.words(cycle.p90),
         "note": _("the month before: %(value)s") % {"value": money_figures.words(before.p90)}},
        {"label": _("Within 12 hours"), "value": share,
         "note": _("%(hit)s of %(total)s") % {"hit": cycle.in_goal, "total": cycle.count}},
        {"label": _("Cases with an error"), "value": wrong,
         "note": _("%(hit)s, against %(total)s filed") % {"hit": errors.wrong, "total": errors.filed}},
        {"label": _("Satisfaction of those refunded"), "value": "—" if mood.mean is None else f"{mood.mean:.1f}",
         "note": _("%(count)s answers") % {"count": mood.answers}},
    ]  # fmt: skip


def _rows(span: Span) -> list[Any]:
    """The refunds behind the figures, the slowest first."""
    rows = figures.timed(figures.of_month(span)).select_related("ticket__department").order_by("-whole", "id")
    return list(rows.only("number", "amount", "settled_at", "ticket__number", "ticket__department__name")[:ROWS])


def _gone_wrong(span: Span) -> list[dict[str, Any]]:
    """What went wrong, with the page of its case."""
    return [
        {"at": event.at, "what": ERRORS[event.kind], "reason": event.reason or failures.told(event.data.get("code", "")),
         "void": event.subject_type == "billing.voidrequest", "case": event.subject_id}
        for event in figures.gone_wrong(span)
    ]  # fmt: skip
