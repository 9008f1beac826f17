"""The page “Provider simulator”: see its ledger, switch its faults, and watch a fallback happen."""

from typing import Any

import requests
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing.simulator.faults import Fault
from apps.billing.states import PayChannel

F = Fault
WORDS = {
    F.DROP: gettext_lazy("the connection breaks before it takes effect"),
    F.DROP_AFTER: gettext_lazy("it takes effect, then the connection breaks"),
    F.DELAY: gettext_lazy("the answer comes too late"),
    F.BAD_SIGNATURE: gettext_lazy("the answer is signed wrongly"),
    F.ERROR: gettext_lazy("an internal error, nothing takes effect"),
    F.NO_BALANCE: gettext_lazy("too little money at the provider"),
    F.ABNORMAL: gettext_lazy("WeChat Pay: the user's account takes no money"),
    F.CLOSED: gettext_lazy("WeChat Pay: the refund is closed"),
    F.BOUNCE: gettext_lazy("paid, and the money comes back later"),
    F.MISMATCH: gettext_lazy("the statement leaves it out"),
    F.WRONG_AMOUNT: gettext_lazy("the statement shows another amount"),
    F.CALLBACK_DROP: gettext_lazy("the callback is lost and comes again later"),
    F.CALLBACK_DUPLICATE: gettext_lazy("the callback comes three times"),
    F.CALLBACK_LATE: gettext_lazy("the callback comes after later ones"),
    F.CALLBACK_FORGED: gettext_lazy("a forged callback comes, too"),
    F.CALLBACK_OLD: gettext_lazy("a callback that is an hour old comes, too"),
}


def show(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """404 where no simulator is used, or the reader may not change the rules of the providers' money."""
    if not model_admin.has_simulate_permission(request):
        raise Http404
    if request.method == "POST":
        return _switch(request)
    try:
        state = _ask("GET", "/sim/state?limit=25").json()
    except requests.RequestException:
        state = None
    context = {
        **model_admin.admin_site.each_context(request), "title": _("Provider simulator"), "state": _readable(state),
        "faults": [(fault.value, words) for fault, words in WORDS.items()], "opts": model_admin.opts,
    }  # fmt: skip
    return TemplateResponse(request, "billing/simulator.html", context)


def _switch(request: HttpRequest) -> HttpResponse:
    wanted: dict[str, Any] = {}
    if request.POST.get("do") == "clear":
        wanted = {"clear": True}
    elif request.POST.get("fault") in {fault.value for fault in Fault}:
        wanted = {"next": [request.POST["fault"]]}
    try:
        if wanted:
            _ask("POST", "/sim/faults", wanted).raise_for_status()
            messages.success(request, _("The simulator will do so."))
    except requests.RequestException:
        messages.error(request, _("The simulator does not answer."))
    return redirect(request.path)


def _ask(method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
    return requests.request(method, f"{settings.PAYMENT_SIMULATOR_URL}{path}", json=body, timeout=5)


def _readable(state: dict[str, Any] | None) -> dict[str, Any] | None:
    """Fen as yuan, providers and faults by their names."""
    if state is None:
        return None
    names = dict(PayChannel.choices)
    for row in (*state["refunds"], *state["moves"]):
        row["yuan"] = f"{row['amount'] / 100:,.2f}"
        row["provider"] = names.get(row["provider"], row["provider"])
    balances = {names.get(name, name): f"{fen / 100:,.2f}" for name, fen in state["balances"].items()}
    words = {fault.value: str(told) for fault, told in WORDS.items()}
    waiting = [words.get(one, one) for one in state.get("next", [])]
    return state | {"balances": balances, "next": waiting}
