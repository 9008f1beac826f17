"""The approval inbox under /desk/ (VOI-07): list left, case right; on a phone one case at a time."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.billing.models import Refund, VoidRequest
from apps.billing.services import together as signing
from apps.billing.to_sign import MOST
from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk import second_look
from apps.desk.approvals import BY_NAME, SOURCES, inbox
from apps.desk.approvals.base import Case, Row
from apps.desk.views.frame import framed, is_partial
from apps.feedback.models import Attachment
from apps.notifications.services import questions

TOGETHER_MOST = 50
TOGETHER = {"void": VoidRequest, "refund": Refund, "compensation": Refund}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The list with its first case open; `?only=` shows one kind."""
    actor, only = actor_for(request), _only(request)
    rows = inbox.waiting(actor, only)
    first = rows[0] if rows else None
    found = inbox.case(first.source, first.pk, actor) if first else None
    return _page(request, actor, rows, found, opened=False)


@require_GET
def case(request: HttpRequest, source: str, pk: UUID) -> HttpResponse:
    """One case at its own address; for htmx only the right side."""
    actor = actor_for(request)
    found = _case(source, pk, actor)
    if is_partial(request):
        return render(request, "desk/approvals/_case.html", _case_context(request, found))
    return _page(request, actor, inbox.waiting(actor, _only(request)), found)


@require_POST
def decide(request: HttpRequest, source: str, pk: UUID, verb: str) -> HttpResponse:
    """Take a decision. A refused one comes back with its words; one that came too late shows what happened (409)."""
    actor = actor_for(request)
    found = _case(source, pk, actor)
    words, token = request.POST.get("words", ""), request.POST.get("token", "")
    chosen = inbox.verb_of(found, verb)
    asked = chosen and second_look.before_decision(request, source, verb, found.subject, found.row.amount)
    if asked:
        return asked
    if chosen is None:
        if _was_mine(request, token):
            return _next(request, actor, _("This was done already."))
        return _refused(request, actor, found, found.why_not or _("This is not possible now."), 409, verb, words)
    try:
        said = inbox.decide(found, chosen, words, actor=actor, token=token)
    except DomainError as error:
        again = _case(source, pk, actor)
        return _refused(request, actor, again, error.words, 409 if again.why_not else 422, verb, words)
    _remember(request, token)
    return _next(request, actor, f"{found.row.number} {said}".strip())


@require_POST
def ask(request: HttpRequest, source: str, pk: UUID) -> HttpResponse:
    """Ask back: a note to whoever filed it; the case stays open."""
    actor = actor_for(request)
    found = _case(source, pk, actor)
    if found.about is None or found.why_not:
        return _refused(request, actor, found, found.why_not or _("This is not possible now."), 409)
    words, token = request.POST.get("words", ""), request.POST.get("token", "")
    if token and _was_mine(request, token):
        return _next(request, actor, _("This was done already."))
    try:
        questions.ask(found.about, words, of=found.filer, actor=actor)
    except DomainError as error:
        return _refused(request, actor, found, error.words, 422, "ask", words)
    _remember(request, token)
    said = _("%(who)s was asked; the case stays open.") % {"who": found.filer}
    return _shown_again(request, actor, _case(source, pk, actor), said)


@require_POST
def together(request: HttpRequest) -> HttpResponse:
    """Sign the ticked cases; each is checked anew against the rule that calls it small."""
    actor = actor_for(request)
    mine = {row.key: row for row in inbox.waiting(actor)}
    chosen = [mine[key] for key in request.POST.getlist("case") if key in mine and mine[key].source in TOGETHER]
    if not chosen:
        messages.warning(request, _("Tick the cases first; none of those ticked waits for you any more."))
        return redirect("desk:approvals")
    cases = [TOGETHER[row.source].objects.get(pk=row.pk) for row in chosen[:TOGETHER_MOST]]
    total = sum((row.amount or 0 for row in chosen), Decimal(0))
    if question := second_look.stop(request, second_look.Act.APPROVE, total):
        return question
    results = signing.sign(cases, actor=actor)
    inbox.forget_count(actor)
    good = [one for one in results if one.error is None]
    if good:
        words = ngettext("%(count)s case approved.", "%(count)s cases approved.", len(good))
        messages.success(request, words % {"count": len(good)})
    for one in results:
        if one.error is not None:
            messages.error(request, f"{one.case.number}: {one.error.words}")
    return redirect("desk:approvals")


@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """What came in since the page was opened, announced above the list; nothing moves by itself."""
    actor = actor_for(request)
    rows = inbox.waiting(actor, _only(request))
    known = set(request.GET.get("known", "").split(","))
    new = [row for row in rows if row.pk.hex[-12:] not in known]
    gone = len(known - {""}) - (len(rows) - len(new))
    context = {"new": len(new), "gone": max(0, gone), "query": f"?only={_only(request)}" if _only(request) else "?"}
    return render(request, "desk/approvals/_news.html", context)


@require_GET
def count(request: HttpRequest) -> HttpResponse:
    """The number beside the entry in the sidebar."""
    return JsonResponse({"count": inbox.count(actor_for(request))})


@require_GET
def evidence(request: HttpRequest, source: str, pk: UUID, attachment_id: UUID) -> HttpResponse:
    """A file of the case's ticket, for whoever has to decide on the case."""
    found = _case(source, pk, actor_for(request))
    if found.ticket_id is None:
        raise Http404
    rows = Attachment.objects.filter(ticket_id=found.ticket_id)
    rows = rows | Attachment.objects.filter(ticket__merged_into_id=found.ticket_id)
    file = rows.select_related("upload").filter(pk=attachment_id).first()
    if file is None:
        raise Http404
    return uploads.response(file.upload)  # type: ignore[return-value]


# Parts ---------------------------------------------------------------------------------------------------------------


def _only(request: HttpRequest) -> str:
    only = request.GET.get("only", "")
    return only if only in BY_NAME else ""


def _case(source: str, pk: UUID, actor: Actor) -> Case:
    found = inbox.case(source, pk, actor)
    if found is None:
        raise Http404
    return found


def _remember(request: HttpRequest, token: str) -> None:
    if token:
        done = request.session.get("approvals_done", [])
        request.session["approvals_done"] = [*done, token[:40]][-30:]


def _was_mine(request: HttpRequest, token: str) -> bool:
    """The same form sent twice: its first copy has done the work."""
    return bool(token) and token[:40] in request.session.get("approvals_done", [])


def _case_context(request: HttpRequest, found: Case | None, **more: Any) -> dict[str, Any]:
    return {
        "found": found,
        "case": found.content if found else {},
        "row": found.row if found else None,
        "token": uuid4().hex,
        "only": _only(request),
        **more,
    }


def _page(
    request: HttpRequest, actor: Actor, rows: list[Row], found: Case | None, *, opened: bool = True, status: int = 200,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    only = _only(request)
    everything = rows if not only else inbox.waiting(actor)
    counts = {source.name: sum(row.source == source.name for row in everything) for source in SOURCES}
    context = {
        **_case_context(request, found, **more),
        "rows": rows,
        "all_count": len(everything),
        "kinds": [(source, counts[source.name]) for source in SOURCES if counts[source.name] or source.name == only],
        "icons": {source.name: source.icon for source in SOURCES},
        "together": any(row.together for row in rows),
        "known": ",".join(row.pk.hex[-12:] for row in rows),
        "opened": opened,
        "many": len(rows) >= MOST,
    }
    return framed(request, "desk/approvals/page.html", _("Approvals"), context, status)


def _refused(
    request: HttpRequest, actor: Actor, found: Case, why: str, status: int, verb: str = "", words: str = ""
) -> HttpResponse:
    more = {"refused": why, "refused_verb": verb, "typed": words, "stale": status == 409}
    if is_partial(request):
        return render(request, "desk/approvals/_case.html", _case_context(request, found, **more), status=status)
    return _page(request, actor, inbox.waiting(actor, _only(request)), found, status=status, **more)


def _next(request: HttpRequest, actor: Actor, said: str) -> HttpResponse:
    """The list anew, with what is due next."""
    address = reverse("desk:approvals") + (f"?only={_only(request)}" if _only(request) else "")
    if not is_partial(request):
        messages.success(request, said)
        return redirect(address)
    rows = inbox.waiting(actor, _only(request))
    found = inbox.case(rows[0].source, rows[0].pk, actor) if rows else None
    return _part(request, actor, rows, found, said, address)


def _shown_again(request: HttpRequest, actor: Actor, found: Case, said: str) -> HttpResponse:
    address = reverse("desk:case", args=[found.row.source, found.row.pk])
    if not is_partial(request):
        messages.success(request, said)
        return redirect(address)
    return _part(request, actor, inbox.waiting(actor, _only(request)), found, said, address)


def _part(
    request: HttpRequest, actor: Actor, rows: list[Row], found: Case | None, said: str, address: str
) -> HttpResponse:
    page: Any = _page(request, actor, rows, found, said=said, opened=bool(found))
    response = render(request, "desk/approvals/_inbox.html", page.context_data)
    response["HX-Retarget"], response["HX-Reswap"] = "#inbox", "outerHTML show:none"
    response["HX-Replace-Url"] = address
    return response
