"""A person's second factor (ADM-03): the log-in's second step, setting it up, a new phone, recovery codes, keys."""

from collections.abc import Iterable

import segno
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from apps.accounts import second_look
from apps.accounts.models import ApiKey, SecondLook, User
from apps.accounts.scopes import SCOPES
from apps.accounts.second_look import CodeForm
from apps.accounts.services import api_keys, second_factor
from apps.core.errors import DomainError
from apps.desk.views.frame import framed

MINE = "desk/second_factor/mine.html"
# Before anything changes here: a code, or the password of who has no second factor yet.
OWN_LOOK = SecondLook(minutes=10, code_only=False)


def check(request: HttpRequest) -> HttpResponse:
    """After the password: the code. Goes on to where the person wanted to."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse("admin:index")
    if second_look.is_through(request):
        return redirect(target)
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.check(_user(request), form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", error.words)
            status = 429 if error.code == "second_factor.locked" else 200
        else:
            second_look.remember(request)
            return redirect(target)
    context = {**admin.site.each_context(request), "title": _("Second step"), "form": form, "next": target}
    request.current_app = admin.site.name
    answer = TemplateResponse(request, "desk/second_factor/check.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def mine(request: HttpRequest) -> HttpResponse:
    """What a person has, and everything they can do about it."""
    if request.method != "POST":
        return _show(request, CodeForm())
    act = ACTS.get(request.POST.get("do", ""))
    if act is None:
        return redirect("admin:second_factor")
    if act is not _confirm:
        may_skip = not _user(request).has_usable_password() and _user(request).second_factor_at is None
        asks = None if may_skip or second_look.fresh(request, OWN_LOOK.minutes) else OWN_LOOK
        if question := second_look.ask(request, asks):
            return question
    try:
        return act(request)
    except DomainError as error:
        messages.error(request, error.words)
        return redirect("admin:second_factor")


def _begin(request: HttpRequest) -> HttpResponse:
    second_factor.begin(_user(request))
    return redirect(f"{reverse('admin:second_factor')}?begun=1")


def _confirm(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            codes = second_factor.confirm(_user(request), form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", error.words)
        else:
            second_look.remember(request)
            return _codes(request, codes)
    return _show(request, form)


def _new_codes(request: HttpRequest) -> HttpResponse:
    return _codes(request, second_factor.new_codes(_user(request)))


def _remove(request: HttpRequest) -> HttpResponse:
    second_factor.remove(_user(request))
    messages.success(request, _("Your second factor is removed."))
    return redirect("admin:second_factor")


def _agree(request: HttpRequest) -> HttpResponse:
    return _answer_key(request, agree=True)


def _disagree(request: HttpRequest) -> HttpResponse:
    return _answer_key(request, agree=False)


def _answer_key(request: HttpRequest, *, agree: bool) -> HttpResponse:
    key = ApiKey.objects.filter(acts_for=_user(request), prefix=request.POST.get("key", "")).first()
    if key is None:
        raise DomainError("api_key.not_yours")
    api_keys.answer(key, _user(request), agree=agree)
    return redirect("admin:second_factor")


ACTS = {
    "begin": _begin, "confirm": _confirm, "codes": _new_codes, "remove": _remove, "agree": _agree, "disagree": _disagree,
}  # fmt: skip


def _show(request: HttpRequest, form: CodeForm) -> HttpResponse:
    user = _user(request)
    begun = "begun" in request.GET or form.is_bound
    secret = second_factor.begin(user) if begun else ""
    if begun:
        form.fields["code"].label = _("Verification code")  # there are no recovery codes before this is confirmed
    context = {
        "form": form, "since": user.second_factor_at, "left": second_factor.codes_left(user), "secret": _spaced(secret),
        "qr": _qr(second_factor.address(user, secret)) if secret else "", "due": second_factor.due(user),
        "keys": [(key, _in_words(key.scopes)) for key in user.keys_in_my_name.filter(revoked_at=None).order_by("name")],
    }  # fmt: skip
    answer = framed(request, MINE, _("Second factor"), context)
    answer["Cache-Control"] = "no-store"
    return answer


def _in_words(scopes: Iterable[str]) -> list[str]:
    """Who agrees must know to what: not `money:approve`."""
    return [str(SCOPES[scope][0]) if scope in SCOPES else scope for scope in scopes]


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    answer = framed(request, "desk/second_factor/codes.html", _("Recovery codes"), {"codes": codes})
    answer["Cache-Control"] = "no-store"
    return answer


def _spaced(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _qr(address: str) -> str:
    """A picture that is part of the page: black on white in the dark theme, too."""
    return segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff")


def _user(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]
