"""Retention: classes, holds, destruction lists, customers whose time is up (ARC-05, LAW-04)."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.billing.audit_receivers import page_of
from apps.billing.audit_states import ListState
from apps.billing.models import DestructionItem, DestructionList, Erasure, LegalHold
from apps.billing.retention import destruction, holds, people, records, terms, wiping
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.crm.models import Customer
from apps.desk.forms.audit import ReasonForm
from apps.desk.views import audit_frame as frame
from apps.desk.views.frame import framed

SEES = ("billing.view_retentionclass", "billing.view_destructionlist")
LISTED = 30
MUCH = 50  # as many due records are counted on the overview; "50+" beyond


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """How long each kind is kept, what is due, which lists run, what is held."""
    actor = frame.reader(request, *SEES)
    in_force = terms.in_force()
    kinds = []
    for kind in destruction.KINDS:
        term = in_force.get(kind)
        found = len(destruction.due(kind, MUCH)) if term else 0
        kinds.append({"kind": kind.value, "label": kind.label, "term": term, "due": found, "more": found >= MUCH})
    context = {
        "kinds": kinds, "person": in_force.get("person"), "people_due": len(people.due_now(MUCH)), "much": MUCH,
        "lists": DestructionList.objects.select_related("drawn_up_by").prefetch_related("witnesses")[:LISTED],
        "holds": LegalHold.objects.filter(lifted_at=None).select_related("placed_by")[:LISTED],
        "erasures": Erasure.objects.all()[:LISTED], "may_draw": actor.can(destruction.DRAWS),
        "may_hold": actor.can(holds.RIGHT), "length": terms.length,
    }  # fmt: skip
    return framed(request, "desk/audit/retention.html", _("Retention"), context)


@require_POST
def draw_up(request: HttpRequest) -> HttpResponse:
    """List what is due of one kind."""
    actor, drawn = frame.reader(request, *SEES), []

    def act() -> None:
        drawn.append(destruction.draw_up(request.POST.get("covers", ""), actor=actor))

    frame.tried(request, act, _("The list is drawn up; two others are told that it waits for them."))
    return redirect("desk:destruction_list", drawn[0].pk) if drawn else redirect("desk:retention")


@require_http_methods(["GET", "HEAD", "POST"])
def one_list(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A destruction list: rows with why, witnesses, carrying out; afterwards the counter-document."""
    actor = frame.reader(request, *SEES)
    row: DestructionList = frame.known(DestructionList.objects.select_related("drawn_up_by"), pk)
    if request.method == "POST":
        _step(request, row, actor)
        return redirect("desk:destruction_list", pk)
    witnesses = list(row.witnesses.select_related("by"))
    after = _number(request.GET.get("after", "0"))
    items = list(row.items.filter(position__gt=after).select_related("erasure")[:201])
    context = {
        "list": row, "items": items[:200], "more": items[199].position if len(items) > 200 else None,
        "witnesses": witnesses, "rows_left": row.items.filter(erasure=None, skipped="").count(),
        "may_witness": actor.can(destruction.WITNESSES) and row.state == ListState.DRAWN_UP,
        "own": row.drawn_up_by_id == actor.user_id, "stood": any(w.by_id == actor.user_id for w in witnesses),
        "may_draw": actor.can(destruction.DRAWS), "states": ListState,
    }  # fmt: skip
    title = _("Destruction list %(number)s") % {"number": row.number}
    return framed(request, "desk/audit/destruction_list.html", title, context)


def _step(request: HttpRequest, row: DestructionList, actor: Actor) -> None:
    step, seen = request.POST.get("step", ""), request.POST.get("seen", "")
    if step == "witness":
        if request.POST.get("looked") != "yes":
            frame.tried(request, lambda: _refuse("destruction.not_looked"), "")
            return
        said = _("You stand for this list.")
        frame.tried(request, lambda: destruction.witness(row, actor=actor, seen=seen), said)
    elif step == "carry_out":
        if request.POST.get("sure") != "yes":
            frame.tried(request, lambda: _refuse("destruction.not_sure"), "")
            return
        said = _("It is being carried out; this page shows how far it is.")
        frame.tried(request, lambda: destruction.carry_out(row, actor=actor), said)
    elif step == "cancel":
        reason = request.POST.get("reason", "")
        frame.tried(request, lambda: destruction.cancel(row, actor=actor, reason=reason), _("The list is cancelled."))
    else:
        raise Http404


def _refuse(code: str) -> None:
    raise DomainError(code)


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 8 else 0


@require_http_methods(["GET", "HEAD", "POST"])
def due_people(request: HttpRequest) -> HttpResponse:
    """Customers whom the next run of the job anonymises, with why; or now, by who answers data requests."""
    actor = frame.reader(request, *SEES, people.RIGHT)
    if request.method == "POST":
        done: list[int] = []
        frame.tried(request, lambda: done.append(people.anonymise_due(actor=actor, limit=100)), _("Done."))
        return redirect("desk:due_people")
    rows = people.due_now(200)
    context = {"rows": rows, "may_run": actor.can(people.RIGHT), "label": wiping.label_of}
    context["said"] = ngettext("%(n)s customer is due.", "%(n)s customers are due.", len(rows)) % {"n": len(rows)}
    return framed(request, "desk/audit/due_people.html", _("Customers whose time is up"), context)


@require_GET
def erasure(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A record of destruction."""
    frame.reader(request, "billing.view_erasure", *SEES)
    row: Erasure = frame.known(Erasure.objects, pk)
    item = DestructionItem.objects.filter(erasure=row).select_related("list").first()
    context = {"erasure": row, "item": item, "counts": sorted(row.counts.items())}
    return framed(request, "desk/audit/erasure.html", _("Record of destruction"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """A record's retention and holds; placing one."""
    actor = frame.reader(request, holds.RIGHT, "billing.view_legalhold")
    row = _record(kind, pk, actor)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and frame.done(
        request, form, lambda given: holds.place(row, actor=actor, reason=given["reason"]), _("The hold is placed.")
    ):
        return redirect("desk:hold", kind, pk)
    context: dict[str, Any] = {
        "record": wiping.label_of(row), "form": form, "may_hold": actor.can(holds.RIGHT), "page": _page(row),
        "holds": LegalHold.objects.filter(subject_id=pk).select_related("placed_by", "lifted_by"), "here": request.path,
    }  # fmt: skip
    if isinstance(row, Customer):
        context["duties"] = people.duties(row)
    else:
        context["kept"], context["gone"] = records.kept(row), records.destroyed(row)
    return framed(request, "desk/audit/hold.html", _("Legal hold"), context, 422 if form.errors else 200)


@require_POST
def lift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a hold, with a reason."""
    actor = frame.reader(request, holds.RIGHT, "billing.view_legalhold")
    row: LegalHold = frame.known(LegalHold.objects, pk)
    reason = request.POST.get("reason", "")
    frame.tried(request, lambda: holds.lift(row, actor=actor, reason=reason), _("The hold is lifted."))
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("desk:retention")


HELD = (*records.SORTS, "crm.customer")


def _record(kind: str, pk: UUID, actor: Actor) -> Any:
    if kind not in HELD:
        raise Http404
    model = apps.get_model(kind)
    rows = model._default_manager.all()
    if hasattr(rows, "visible_to"):
        rows = rows.visible_to(actor)
    return frame.known(rows, pk)


def _page(row: Any) -> str:
    kind = row._meta.label_lower
    return frame.case_page(kind, getattr(row, "number", "")) or page_of(kind, row.pk)
