"""What the pages of void requests and refunds do alike: show a case, take an act, list cases by state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.accounts.principals import actor_for
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.desk import second_look
from apps.desk.approvals import inbox
from apps.desk.money.acts import Act, run
from apps.desk.money.forms import MoneyForm
from apps.desk.views.frame import framed, is_partial

PER_PAGE = 50
DONE = "money_done"
ON_TOP = ("offers", "token", "rail", "check_offer", "check_bound")


@dataclass(frozen=True, slots=True)
class Kind:
    """What the two nouns differ in on their pages."""

    template: str  # without `.html`; `_<name>` is the part that changes
    find: Callable[[str, Actor], Any]
    content: Callable[[Any, Actor, Mapping[str, MoneyForm]], dict[str, Any]]
    acts: Mapping[str, Act]
    address: Callable[[Any], str]

    def one(self, request: HttpRequest, key: str) -> Any:
        found = self.find(key, actor_for(request))
        if found is None:
            raise Http404
        return found


def show(
    request: HttpRequest, kind: Kind, case: Any, *, bound: Mapping[str, MoneyForm] | None = None, **more: Any
) -> HttpResponse:
    """The page; for htmx its changing part."""
    status = more.pop("status", 200)
    content = kind.content(case, actor_for(request), bound or {})
    # Not all of it: a template's `request` is the browser's.
    context = {"case": content, "address": kind.address(case), **{name: content.get(name) for name in ON_TOP}, **more}
    if is_partial(request):
        return render(request, f"desk/money/_{kind.template}.html", context, status=status)
    return framed(request, f"desk/money/{kind.template}.html", case.number, context, status)


def act(request: HttpRequest, kind: Kind, key: str, name: str) -> HttpResponse:
    """Take an act. A refused form comes back with its errors and everything that was typed (422, 409)."""
    case, chosen = kind.one(request, key), kind.acts.get(name)
    actor, token = actor_for(request), request.POST.get("token", "")
    if chosen is None:
        raise Http404
    if _done_before(request, token, name):
        return _after(request, kind, case, _("This was done already."))
    if (why_not := chosen.why_not(case, actor)) != "":
        return show(request, kind, case, status=409, refused=why_not or _("This is not possible now."))
    if (question := second_look.before_act(request, name, case)) is not None:
        return question
    form = chosen.form(request.POST, request.FILES, case=case, actor=actor) if chosen.form else None
    try:
        if form is not None and not form.is_valid():
            return show(request, kind, kind.one(request, key), bound={name: form}, status=422)
        said = run(chosen, case, form.cleaned_data if form else {}, actor, token=token)
    except (DomainError, DomainErrors) as error:
        return _refused(request, kind, key, name, form, error)
    _remember(request, token, name)
    inbox.forget_count(actor)
    return _after(request, kind, case, said)


def _refused(
    request: HttpRequest, kind: Kind, key: str, name: str, form: MoneyForm | None, error: DomainError | DomainErrors
) -> HttpResponse:
    fresh = kind.one(request, key)
    if form is not None and kind.acts[name].why_not(fresh, actor_for(request)) == "":
        form.refuse(error)
        return show(request, kind, fresh, bound={name: form}, status=422)
    words = error.words if isinstance(error, DomainError) else " ".join(e.words for e in error.errors)
    return show(request, kind, fresh, status=409, refused=words)


def _after(request: HttpRequest, kind: Kind, case: Any, said: str) -> HttpResponse:
    fresh = kind.find(str(case.pk), actor_for(request))
    if fresh is None:
        messages.success(request, f"{case.number}: {said}")
        return redirect("desk:approvals")
    if is_partial(request):
        return show(request, kind, fresh, said=said)
    messages.success(request, said)
    return redirect(kind.address(fresh))


def _remember(request: HttpRequest, token: str, name: str) -> None:
    if token:
        request.session[DONE] = [*request.session.get(DONE, []), f"{token[:40]}.{name}"][-30:]


def _done_before(request: HttpRequest, token: str, name: str) -> bool:
    """The same form sent twice: its first copy has done the work."""
    return bool(token) and f"{token[:40]}.{name}" in request.session.get(DONE, [])


# Lists ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str | Promise
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, by key: `next` is the id after which the next page begins."""

    rows: list[Any]
    next: str
    tab: Tab
    tabs: list[tuple[Tab, int]]
    asked: str


def listed(
    request: HttpRequest, rows: "QuerySet[Any]", tabs: tuple[Tab, ...], search: Callable[[Any, str], Any]
) -> Listed:
    """Rows of a tab, the newest first; `?q=` searches in all states."""
    counts = dict(rows.order_by().values_list("state").annotate(n=Count("pk")))
    asked = request.GET.get("q", "").strip()[:60]
    tab = next((t for t in tabs if t.name == request.GET.get("tab")), tabs[0])
    chosen = search(rows, asked) if asked else rows.filter(state__in=tab.states)
    if after := _uuid(request.GET.get("after", "")):
        chosen = chosen.filter(pk__lt=after)
    found = list(chosen.order_by("-id")[: PER_PAGE + 1])
    more = str(found[PER_PAGE - 1].pk) if len(found) > PER_PAGE else ""
    numbers = [(t, sum(counts.get(state, 0) for state in t.states)) for t in tabs]
    return Listed(found[:PER_PAGE], more, tab, numbers, asked)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
