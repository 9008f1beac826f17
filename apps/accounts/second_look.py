"""Before money moves the second factor is asked for again (ADM-03).

`needs_second_factor` goes around a view that posts. Where a look is due it answers with a page that holds everything that
was posted and asks for the code; that page posts to the same address, so nothing typed is lost and nothing is kept here.
Chosen files can't be held in a page: it asks for them again.

The session remembers one moment: when this person last proved, here, who they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import SecondLook, User
from apps.accounts.services import second_factor
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError

Act = SecondLook.Act
Amount = Callable[..., Decimal | None]
View = Callable[..., Any]
CODE, PASSWORD = "second_code", "second_password"
_AT, _WITH, _OF = "second_factor_at", "second_factor_with", "second_factor_of"


class CodeForm(forms.Form):
    """Six digits, or a recovery code."""

    code = forms.CharField(
        label=_("Code from your app, or a recovery code"), max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True, "spellcheck": "false"}
        ),
    )  # fmt: skip


# What the session remembers ---------------------------------------------------------------------------------------------


def remember(request: HttpRequest, *, code: bool = True) -> None:
    """This person has just proved who they are; with a code it is also the log-in's second step."""
    request.session[_AT] = clock.now().isoformat()
    request.session[_WITH] = _stamp(request.user)
    if code:
        request.session[_OF] = _stamp(request.user)


def end_session_marks(request: HttpRequest) -> None:
    """A log-in begins: what an earlier one proved doesn't count."""
    for name in (_AT, _WITH, _OF):
        request.session.pop(name, None)


def is_through(request: HttpRequest) -> bool:
    """Whether the log-in of somebody with a second factor is complete in this session. Asks the database nothing."""
    stamp = _stamp(request.user)
    return not stamp or request.session.get(_OF) == stamp


def fresh(request: HttpRequest, minutes: int) -> bool:
    """Whether the last proof in this session is at most so many minutes old, and of a phone that was not taken away since."""
    told = request.session.get(_AT)
    if not told or not is_through(request) or request.session.get(_WITH) != _stamp(request.user):
        return False
    return timedelta(0) <= clock.now() - datetime.fromisoformat(told) <= timedelta(minutes=minutes)


def _stamp(user: Any) -> str:
    """Changes with every phone that is set up, so that other sessions of this person are asked, too."""
    at = getattr(user, "second_factor_at", None)
    return at.isoformat() if at else ""


# Before an act ----------------------------------------------------------------------------------------------------------


def due(request: HttpRequest, act: str, amount: Decimal | None = None) -> SecondLook | None:
    """The rule that wants a look now; None where the act may go on."""
    if not settings.SECOND_LOOK:
        return None
    rule = second_factor.look_for(act, amount)
    return None if rule is None or fresh(request, rule.minutes) else rule


def require_for_api(request: Any, actor: Actor, act: str, amount: Decimal | None = None) -> None:
    """The same for the REST API. People need a fresh look in their session; a key never has one, so it may sign up to
    the rule's amount, and above it only with the scope for that. Raises DomainError `second_factor.needed`,
    `api_key.above`.
    """
    if actor.kind != "api":
        if due(request, act, amount) is not None:
            raise DomainError("second_factor.needed")
        return
    wanted = act == Act.APPROVE and not actor.can("accounts.sign_large_by_key")
    rule = second_factor.look_for(act, amount) if wanted else None
    if rule is not None:
        raise DomainError("api_key.above", limit=f"{rule.above:,.2f}")


def needs_second_factor(act: str, amount: Amount | None = None) -> Callable[[View], View]:
    """Around a view function or an admin action: `act` is a `SecondLook.Act`; `amount(request, …)` in yuan, with the view's
    own arguments (a method's without `self`), or None where every posting counts.
    """

    def around(view: View) -> View:
        @wraps(view)
        def look_first(*args: Any, **kwargs: Any) -> Any:
            request = next(arg for arg in args if isinstance(arg, HttpRequest))
            if request.method != "POST" or not settings.SECOND_LOOK:
                return view(*args, **kwargs)
            rest = args[args.index(request) + 1 :]
            answer = stop(request, act, amount(request, *rest, **kwargs) if amount else None)
            return answer or view(*args, **kwargs)

        return look_first

    return around


def stop(request: HttpRequest, act: str, amount: Decimal | None = None) -> HttpResponse | None:
    """The page that asks, or None where the posting may go on; a right code that came with it is taken out of it."""
    return ask(request, due(request, act, amount))


def ask(request: HttpRequest, rule: SecondLook | None) -> HttpResponse | None:
    """As `stop`, by a rule at hand; without one nothing is asked."""
    given = _take_out(request)
    if rule is None:
        return None
    user: User = request.user
    by_password = user.second_factor_at is None and not rule.code_only and user.has_usable_password()
    error = None
    if user.second_factor_at is None and not by_password:
        return _page(request, Ask(rule, must_enrol=True))
    if given:
        try:
            if by_password:
                second_factor.check_password(user, given)
            else:
                second_factor.check(user, given)
        except DomainError as refusal:
            error = refusal
        else:
            remember(request, code=not by_password)
            return None
    return _page(request, Ask(rule, by_password=by_password, error=error))


@dataclass(frozen=True, slots=True)
class Ask:
    """What the page says. `must_enrol`: there is nothing to ask for yet."""

    rule: SecondLook
    by_password: bool = False
    must_enrol: bool = False
    error: DomainError | None = None


def _take_out(request: HttpRequest) -> str:
    """The code of this posting; the view behind sees the form as it was."""
    posted = request.POST.copy()
    given = posted.pop(CODE, [""])[-1] or posted.pop(PASSWORD, [""])[-1]
    posted.pop(PASSWORD, None)
    posted._mutable = False
    request.POST = posted
    return str(given)


def _page(request: HttpRequest, ask: Ask) -> HttpResponse:
    held = [(name, value) for name, values in request.POST.lists() for value in values]
    title = _("One more look before money moves") if ask.rule.act else _("Second factor")
    context = {
        **admin.site.each_context(request), "title": title, "ask": ask,
        "held": [pair for pair in held if pair[0] != "csrfmiddlewaretoken"], "address": request.get_full_path(),
        "files": [(name, file.name) for name, files in request.FILES.lists() for file in files],
        "field": PASSWORD if ask.by_password else CODE, "enrol": reverse("admin:second_factor"),
    }  # fmt: skip
    request.current_app = admin.site.name
    status = 429 if ask.error is not None and ask.error.code == "second_factor.locked" else 200
    part = bool(getattr(request, "htmx", False))  # a part of a page was awaited: the page makes room for the question
    answer = TemplateResponse(
        request, f"desk/second_factor/{'_look' if part else 'look'}.html", context, status=200 if part else status
    )
    answer["Cache-Control"] = "no-store"
    if part:
        answer["HX-Retarget"], answer["HX-Reswap"] = "div.desk", "innerHTML show:window:top"
    return answer
