"""Vouchers made void and accounts closed: the list and each one's page (VOI-09)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.principals import actor_for
from apps.billing.models import Cancellation
from apps.billing.states import OPEN_CANCELLATIONS
from apps.core.errors import DomainError, DomainErrors
from apps.desk import second_look
from apps.desk.money import cancellation_view as view
from apps.desk.money import filers
from apps.desk.views.frame import framed

LISTED = 100


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The newest hundred; what is open first."""
    actor = actor_for(request)
    if not (actor.can("billing.view_voidrequest") or actor.can("billing.request_void")):
        raise Http404
    rows = Cancellation.objects.visible_to(actor).select_related(*view.JOINED).defer(*view.HIDDEN)
    newest = sorted(rows.order_by("-id")[:LISTED], key=lambda row: row.state not in OPEN_CANCELLATIONS)
    filers.name(newest)
    return framed(request, "desk/money/cancellations.html", _("Vouchers and accounts"), {"rows": newest})


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    return _shown(request, _one(request, key))


@require_POST
def act(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """A refusal shows the page again with what was typed."""
    case, actor = _one(request, key), actor_for(request)
    if asked := second_look.before_act(request, name, case):
        return asked
    try:
        said = view.perform(name, case, request.POST, actor)
    except (DomainError, DomainErrors) as error:
        first = error.errors[0] if isinstance(error, DomainErrors) else error
        return _shown(request, _one(request, key), refused=first.words, status=first.status)
    messages.success(request, said)
    return redirect("desk:cancellation", key)


def _one(request: HttpRequest, key: str) -> Cancellation:
    rows = Cancellation.objects.visible_to(actor_for(request)).select_related(*view.JOINED).defer(*view.HIDDEN)
    case = rows.filter(number=key).first()
    if case is None:
        raise Http404
    return case


def _shown(request: HttpRequest, case: Cancellation, *, refused: str = "", status: int = 200) -> HttpResponse:
    content = {**view.gather(case, actor_for(request)), "refused": refused, "typed": request.POST}
    title = f"{case.get_kind_display()} {case.number}"
    return framed(request, "desk/money/cancellation.html", title, {"case": content}, status)
