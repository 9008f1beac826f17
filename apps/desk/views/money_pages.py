"""Money at a glance, the month end, sheets of requests, delegations (VOI-02, VOI-08, VOI-11, VOI-13, REF-06, REF-10)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, Min, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import ApprovalLimit, User
from apps.accounts.principals import actor_for
from apps.billing import settlement
from apps.billing.models import BankBatch, Delegation, Difference, ProviderFloat, Refund, StatementRun
from apps.billing.services import approvals, bank_batches, floats, month_end, request_sheets
from apps.billing.states import BatchState, DifferenceState, RefundState
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.forms.base import DayInput, DeskForm, TextArea
from apps.desk.forms.steps import by_department
from apps.desk.second_look import Act, needs_second_factor
from apps.desk.views.frame import framed

SHEET_SECONDS = 1800  # how long an uploaded sheet waits for its second step
SHOWN = 200
STUCK = (RefundState.NEEDS_FALLBACK, RefundState.BOUNCED)


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """What has left without its red invoice, what is at the providers, differences, statements, batches."""
    actor = actor_for(request)
    if not actor.can("billing.view_difference"):
        raise Http404
    exposed = settlement.exposure(actor, SHOWN)
    open_ones = Difference.objects.filter(state=DifferenceState.OPEN)
    ages = open_ones.aggregate(
        n=Count("pk"), unowned=Count("pk", filter=Q(owner=None)), oldest=Min("created_at"),
        mine=Count("pk", filter=Q(owner_id=actor.user_id)),
    )  # fmt: skip
    waiting = bank_batches.waiting()
    rows = list(ProviderFloat.objects.order_by("channel"))
    for row in rows:
        row.queued = floats.queued(row.channel)
    context = {
        "exposed": exposed,
        "exposed_sum": sum((one.refund.amount for one in exposed), Decimal(0)),
        "differences": ages,
        "floats": rows,
        "runs": list(
            StatementRun.objects.annotate(open=Count("differences", filter=_OPEN)).order_by("-day", "channel")[:8]
        ),
        "batches": list(
            BankBatch.objects.exclude(state__in=(BatchState.DONE, BatchState.CANCELLED)).order_by("-id")[:10]
        ),
        "stuck": Refund.objects.visible_to(actor).filter(state__in=STUCK).aggregate(n=Count("pk"), total=Sum("amount")),
        "waiting_count": len(waiting),
        "waiting_sum": sum((attempt.amount for attempt in waiting), Decimal(0)),
        "sees": {name: actor.can(f"billing.view_{name}") for name in ("bankbatch", "statementrun", "providerfloat")},
    }
    return framed(request, "desk/money/overview.html", _("Money at a glance"), context)


_OPEN = Q(differences__state=DifferenceState.OPEN)


@require_GET
def turning(request: HttpRequest) -> HttpResponse:
    """What is a void this month and a red letter after it (VOI-11)."""
    actor = actor_for(request)
    if not actor.can("billing.view_voidrequest"):
        raise Http404
    found = month_end.turning()
    context = {
        "found": found[:SHOWN], "count": len(found), "until": month_end.next_month(clock.now()),
        "sum": sum((one.request.amount for one in found), Decimal(0)),
    }  # fmt: skip
    return framed(request, "desk/money/month_end.html", _("Voids that end with the month"), context)


# Sheets --------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def sheet(request: HttpRequest) -> HttpResponse:
    """Upload → what is in each row → file the good ones. The sheet waits half an hour for the second step."""
    actor = actor_for(request)
    if not actor.can("billing.request_void"):
        raise Http404
    if request.method == "GET":
        return _sheet(request)
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > request_sheets.MOST_BYTES:
        return _sheet(request, refused=_("Choose a sheet of at most 5 MB."), status=422)
    content = file.read()
    try:
        rows = request_sheets.preview(content)
    except DomainError as error:
        return _sheet(request, refused=error.words, status=422)
    key = uuid4().hex
    cache.set(_key(actor, key), (file.name or "", content), SHEET_SECONDS)
    return _sheet(request, rows=rows, key=key, name=file.name)


@require_POST
def file_sheet(request: HttpRequest) -> HttpResponse:
    actor = actor_for(request)
    name, content = _kept(request, actor)
    if not content:
        return _sheet(
            request, refused=_("The sheet has waited too long; upload it again. Nothing was filed twice."), status=409
        )
    try:
        filed = request_sheets.file(content, name, actor=actor)
    except DomainError as error:
        return _sheet(request, refused=error.words, status=422)
    return _sheet(request, filed=filed, rows=list(filed.wrong), key=request.POST["key"], name=name)


@require_POST
def sheet_errors(request: HttpRequest) -> HttpResponse:
    """The wrong rows as CSV, to be mended and uploaded again."""
    actor = actor_for(request)
    _name, content = _kept(request, actor)
    if not content:
        return _sheet(
            request, refused=_("The sheet has waited too long; upload it again. Nothing was filed twice."), status=409
        )
    text = request_sheets.errors_as_csv([row for row in request_sheets.preview(content) if row.error])
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="errors.csv"'
    return answer


def _sheet(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    rows = context.get("rows") or []
    facts = {
        "good": sum(1 for row in rows if row.error is None and row.filed is None),
        "wrong": sum(1 for row in rows if row.error is not None),
        "known": sum(1 for row in rows if row.filed is not None),
        "headings": [names[0] for names in request_sheets.HEADINGS.values()],
        "most": request_sheets.MOST_ROWS,
    }
    shown = [row for row in rows if row.error] + [row for row in rows if not row.error]
    return framed(
        request, "desk/money/sheet.html", _("Void requests from a sheet"),
        {**context, **facts, "rows": shown[:SHOWN], "more": max(0, len(shown) - SHOWN)}, status,
    )  # fmt: skip


def _key(actor: Actor, key: str) -> str:
    return f"desk.sheet.{actor.user_id}.{key[:40]}"


def _kept(request: HttpRequest, actor: Actor) -> tuple[str, bytes]:
    if not actor.can("billing.request_void"):
        raise Http404
    return cache.get(_key(actor, request.POST.get("key", "")[:40])) or ("", b"")


# Delegations ---------------------------------------------------------------------------------------------------------


class DelegationForm(DeskForm):
    name = "delegation"
    giver = forms.ModelChoiceField(label=gettext_lazy("Who is absent"), queryset=User.objects.none(), required=False)
    taker = forms.ModelChoiceField(
        label=gettext_lazy("Who signs instead"), queryset=User.objects.none(), required=False
    )
    subjects = forms.MultipleChoiceField(
        label=pgettext_lazy("delegation", "What"), widget=forms.CheckboxSelectMultiple, required=False,
        choices=[choice for choice in ApprovalLimit.Subject.choices if choice[0] in approvals.RIGHTS],
        initial=list(approvals.RIGHTS),
    )  # fmt: skip
    first_day = forms.DateField(label=gettext_lazy("First day"), widget=DayInput, required=False)
    last_day = forms.DateField(label=gettext_lazy("Last day"), widget=DayInput, required=False)
    reason = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=200, widget=TextArea(1))

    def prepare(self) -> None:
        people = User.objects.filter(is_active=True, department__active=True).select_related("department")
        for name in ("giver", "taker"):
            self.fields[name].queryset = people
            self.fields[name].choices = by_department(people)
        if not self.actor.can("accounts.change_user"):
            del self.fields["giver"]
        today = clock.local(clock.now()).date()
        self.fields["first_day"].initial, self.fields["last_day"].initial = today, today + timedelta(days=7)

    def save(self) -> None:
        """One row for each matter, all or none. Raises the errors of `approvals.delegate`, `core.required`."""
        data = self.cleaned_data
        giver = data.get("giver") or self.actor.user
        for name in ("taker", "subjects", "first_day", "last_day"):
            if not data.get(name):
                raise DomainError("core.required", field=name)
        for subject in data["subjects"]:
            row = Delegation(
                subject=subject, giver=giver, taker=data["taker"], first_day=data["first_day"],
                last_day=data["last_day"], reason=data["reason"],
            )  # fmt: skip
            approvals.delegate(row, actor=self.actor)


@require_http_methods(["GET", "POST"])
@needs_second_factor(Act.APPROVE)
def delegations(request: HttpRequest) -> HttpResponse:
    """Who signs for whom: mine, those given to me, and all for who manages people (VOI-02). To give the power to sign is
    looked at twice as signing is, whatever the amount."""
    actor = actor_for(request)
    form = DelegationForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                form.save()
        except DomainError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Noted. Who signs instead does so under their own name, for you."))
            return redirect("desk:delegations")
    today = clock.local(clock.now()).date()
    rows = Delegation.objects.select_related("giver", "taker").order_by("ended_at", "-last_day", "-id")
    if not actor.can("accounts.change_user"):
        rows = rows.filter(Q(giver_id=actor.user_id) | Q(taker_id=actor.user_id))
    listed = list(rows[:SHOWN])
    for row in listed:
        row.runs = row.ended_at is None and row.last_day >= today
        row.may_end = row.runs and (row.giver_id == actor.user_id or actor.can("accounts.change_user"))
    context = {"form": form, "rows": listed, "may_give": _may_give(actor)}
    return framed(request, "desk/money/delegations.html", _("Delegations"), context, 422 if form.errors else 200)


def _may_give(actor: Actor) -> bool:
    """Who has nothing to sign has nothing to give away."""
    rights = {right for pair in approvals.RIGHTS.values() for right in pair}
    return actor.can("accounts.change_user") or any(actor.can(right) for right in rights)


@require_POST
def end_delegation(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_for(request)
    row = Delegation.objects.filter(pk=pk).first()
    if row is None or not (row.giver_id == actor.user_id or actor.can("accounts.change_user")):
        raise Http404
    approvals.take_back(row, actor=actor)
    messages.success(request, _("Taken back."))
    return redirect("desk:delegations")
