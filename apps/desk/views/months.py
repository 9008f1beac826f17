"""Accounting months: what is booked, what keeps a month from being closed, closing and opening again (ARC-07)."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.billing.models import Difference, Period, Posting, Refund, VoidRequest
from apps.billing.services import periods
from apps.billing.states import PeriodState, PostingKind
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.money.cases import told
from apps.desk.story import Line
from apps.desk.views.frame import framed

LISTED = 36
POSTINGS = 200


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The latest three years, each month with its sums and state."""
    _reader(request)
    sums = periods.figures()
    known = {
        row.month: row for row in Period.objects.select_related("closed_by", "reopened_by").order_by("-month")[:LISTED]
    }
    rows = [
        {"month": month, "period": known.get(month), "figures": sums.get(month, periods.NOTHING), "over": _over(month)}
        for month in periods.months()[:LISTED]
    ]
    context = {"rows": rows, "kinds": PostingKind.choices, "closed": PeriodState.CLOSED}
    return framed(request, "desk/months/list.html", _("Accounting months"), context)


@require_GET
def one(request: HttpRequest, month: str) -> HttpResponse:
    return _page(request, _month(month))


@require_POST
def close(request: HttpRequest, month: str) -> HttpResponse:
    first = _month(month)
    _reader(request)
    try:
        periods.close(first, actor=actor_for(request))
    except DomainError as error:
        return _page(request, first, refused=error.words, status=error.status)
    messages.success(
        request,
        _("%(month)s is closed. What becomes known of it later is booked in the open month.") % {"month": month},
    )
    return redirect("desk:month", month)


@require_POST
def reopen(request: HttpRequest, month: str) -> HttpResponse:
    first, reason = _month(month), request.POST.get("reason", "")
    _reader(request)
    try:
        periods.reopen(first, actor=actor_for(request), reason=reason)
    except DomainError as error:
        return _page(request, first, refused=error.words, reason=reason, status=error.status)
    messages.success(request, _("%(month)s is open again.") % {"month": month})
    return redirect("desk:month", month)


def _page(request: HttpRequest, month: date, status: int = 200, **more: Any) -> HttpResponse:
    actor = _reader(request)
    period = Period.objects.select_related("closed_by", "reopened_by").filter(month=month).first()
    is_closed = period is not None and period.state == PeriodState.CLOSED
    rows = Posting.objects.filter(posting_date__gte=month, posting_date__lt=periods.month_after(month))
    rows = rows.select_related("void_request", "refund").order_by("posting_date", "id")
    postings = list(rows[: POSTINGS + 1])
    context = {
        "month": month, "period": period, "is_closed": is_closed, "over": _over(month), "postings": postings[:POSTINGS],
        "more": len(postings) > POSTINGS, "figures": periods.figures().get(month, periods.NOTHING), "kinds": PostingKind.choices,
        "blocks": [] if is_closed else [(block, _link(block.subject)) for block in periods.blocks(month)],
        "may_close": actor.can("billing.close_period"), "may_reopen": actor.can("billing.reopen_period"),
        "own": period is not None and period.closed_by_id == actor.user_id, "story": _told(period), **more,
    }  # fmt: skip
    title = _("Accounting month %(month)s") % {"month": f"{month:%Y-%m}"}
    return framed(request, "desk/months/month.html", title, context, status)


def _told(period: Period | None) -> list[Line]:
    """When it was closed and opened again, by whom and why: a month closed anew no longer says so itself."""
    return told(period.pk) if period is not None and (period.closed_at or period.reopened_at) else []


def _link(subject: object) -> str:
    if isinstance(subject, VoidRequest):
        return reverse("desk:void_request", args=[subject.number])
    if isinstance(subject, Refund):
        return reverse("desk:refund", args=[subject.number])
    if isinstance(subject, Difference):
        return reverse("admin:billing_difference_change", args=[subject.pk])
    return ""


def _over(month: date) -> bool:
    return periods.month_after(month) <= clock.local(clock.now()).date()


def _month(text: str) -> date:
    """`2026-11` → its first day; 404 for anything else."""
    try:
        year, month = text.split("-")
        return date(int(year), int(month), 1)
    except ValueError as error:
        raise Http404 from error


def _reader(request: HttpRequest) -> Actor:
    actor = actor_for(request)
    if not actor.can("billing.view_period"):
        raise PermissionDenied
    return actor
