"""Evidence packs on the desk: found, built, verified, downloaded (ARC-01, ARC-03)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.principals import actor_for
from apps.billing.archive import packs
from apps.billing.archive.dossier import Case
from apps.billing.models import EvidencePack, Refund, VoidRequest
from apps.billing.models.evidence_pack import CLEAR
from apps.billing.states import PackState, PackStep
from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.views.frame import framed

LISTED = 40
SHORTEST_DIGEST = 8
STOP_ASKING = 286  # htmx: no more polling
KINDS: dict[str, type[Case]] = {"void": VoidRequest, "refund": Refund}


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All packs, the newest first; `?q=` a case, invoice or ticket number or a digest, `?state=`, `?after=` the last row seen."""
    actor = _reader(request)
    query = request.GET.get("q", "").replace("\x00", "").strip()[:64]
    state = request.GET.get("state", "")
    found = _found(EvidencePack.objects.visible_to(actor), query, state)
    if after := _id(request.GET.get("after", "")):
        found = found.filter(pk__lt=after)
    rows = list(found.select_related("requested_by").defer("contents", "missing").order_by("-pk")[: LISTED + 1])
    context = {
        "packs": rows[:LISTED], "q": query, "state": state if state in PackState.values else "", "states": PackState.choices,
        "after": rows[LISTED - 1].pk if len(rows) > LISTED else None, "searched": bool(query or state or after),
        "fingerprint": packs.fingerprint(),
    }  # fmt: skip
    return framed(request, "desk/packs/list.html", _("Evidence packs"), context)


@require_GET
def one(request: HttpRequest, pack_id: UUID) -> HttpResponse:
    return _page(request, _pack(request, pack_id))


@require_GET
def progress(request: HttpRequest, pack_id: UUID) -> HttpResponse:
    """How far the building is; asked by the open page until it has ended, which reloads it."""
    pack = _pack(request, pack_id)
    if pack.state == PackState.WAITING:
        return render(request, "desk/packs/_progress.html", {"pack": pack, "steps": _steps(pack)})
    answer = HttpResponse(status=STOP_ASKING)
    answer["HX-Refresh"] = "true"
    return answer


@require_POST
def download(request: HttpRequest, pack_id: UUID) -> HttpResponse:
    """The file, for who says why; each download is on record."""
    pack, reason = _pack(request, pack_id), request.POST.get("reason", "")
    try:
        upload = packs.hand_out(pack, actor=actor_for(request), reason=reason)
    except DomainError as error:
        return _page(request, pack, refused=error.words, reason=reason, status=error.status)
    answer = uploads.response(upload)
    answer["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]


@require_POST
def verify(request: HttpRequest, pack_id: UUID) -> HttpResponse:
    """The stand-alone verifier's word on the stored file."""
    pack = _pack(request, pack_id)
    try:
        verdict = packs.verify(pack)
    except DomainError as error:
        messages.error(request, error.words)
        return redirect("desk:pack", pack.pk)
    return _page(request, pack, verdict=verdict)


@require_POST
def again(request: HttpRequest, pack_id: UUID) -> HttpResponse:
    pack = _pack(request, pack_id)
    try:
        packs.try_again(pack, actor=actor_for(request))
    except DomainError as error:
        messages.error(request, error.words)
    return redirect("desk:pack", pack.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def build(request: HttpRequest, kind: str, number: str) -> HttpResponse:
    """Have a pack of this case built, with a reason."""
    actor = _reader(request)
    case = _case(kind, number, actor)
    if not actor.can("billing.build_evidencepack"):
        raise PermissionDenied
    reason, refused, clear = request.POST.get("reason", ""), "", bool(request.POST.get("clear"))
    if request.method == "POST":
        try:
            pack = packs.request(case, actor=actor, reason=reason, clear=clear)
        except DomainError as error:
            refused = error.words
        else:
            return redirect("desk:pack", pack.pk)
    context = {
        "case": case, "kind": kind, "reason": reason, "refused": refused, "clear": clear, "closed": packs.closed(packs.case_of(case)),
        "may_clear": actor.can(CLEAR), "versions": packs.versions_of(case, actor),
    }  # fmt: skip
    title = _("Build an evidence pack of %(case)s") % {"case": case.number}
    return framed(request, "desk/packs/build.html", title, context, 422 if refused else 200)


def _page(request: HttpRequest, pack: EvidencePack, status: int = 200, **more: Any) -> HttpResponse:
    actor = actor_for(request)
    kind = "void" if pack.void_request_id else "refund"
    context = {
        "pack": pack, "kind": kind, "case": pack.case, "versions": packs.versions_of(pack.case, actor), "steps": _steps(pack),
        "may_download": actor.can("billing.download_evidencepack"), "may_build": actor.can("billing.build_evidencepack"),
        **more,
    }  # fmt: skip
    return framed(request, "desk/packs/pack.html", _("Evidence pack %(pack)s") % {"pack": pack}, context, status)


def _steps(pack: EvidencePack) -> list[tuple[str, str]]:
    """The steps of building with done, now or open."""
    names = list(PackStep.values)
    now = names.index(pack.step) if pack.step in names else 0
    words = ["done" if place < now else "now" if place == now else "open" for place in range(len(names))]
    return [(str(label), word) for (_value, label), word in zip(PackStep.choices, words, strict=True)]


def _found(rows: "QuerySet[EvidencePack]", query: str, state: str) -> "QuerySet[EvidencePack]":
    if state in PackState.values:
        rows = rows.filter(state=state)
    if not query:
        return rows
    digest = query.lower()
    if len(digest) >= SHORTEST_DIGEST and all(c in "0123456789abcdef" for c in digest) and not digest.isdigit():
        return rows.filter(sha256__startswith=digest)
    same = (
        Q(case_number__startswith=query)
        | Q(void_request__invoice__number=query)
        | Q(void_request__red_invoice__number=query)
    )
    return rows.filter(same | Q(void_request__ticket__number=query) | Q(refund__ticket__number=query))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _reader(request: HttpRequest) -> Actor:
    actor = actor_for(request)
    if not actor.can("billing.view_evidencepack"):
        raise PermissionDenied
    return actor


def _pack(request: HttpRequest, pack_id: UUID) -> EvidencePack:
    rows = EvidencePack.objects.visible_to(actor_for(request))
    found = rows.select_related("requested_by", "void_request", "refund", "upload").filter(pk=pack_id).first()
    if found is None:
        raise Http404
    return found


def _case(kind: str, number: str, actor: Actor) -> Case:
    model = KINDS.get(kind)
    found = model.objects.visible_to(actor).filter(number=number).first() if model else None
    if found is None:
        raise Http404
    return found
