"""The public form and the receipt (INT-05, INT-10, INT-11)."""

import hashlib
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError, DomainErrors
from apps.core.fields import blind_index
from apps.core.vocabulary import Channel
from apps.crm.contacts import Contact, validate_contact
from apps.feedback.services import intake, links
from apps.feedback.services.intake import Report
from apps.portal import attachments, limits, progress, selectors
from apps.portal.attachments import Files
from apps.portal.forms import FeedbackForm
from apps.portal.views.privacy import private, speak

_REPORTED = (
    "text", "kind", "urgency", "product", "serial_number", "order_number", "invoice_number", "ship_date",
    "defect_quantity", "occurred_on", "place", "demand",
)  # fmt: skip
_CONTACT = ("name", "phone", "email", "preferred_channel")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """The form. A refused one comes back with everything that was typed and chosen."""
    if request.method != "POST":
        return _page(request, FeedbackForm(initial={"token": uuid.uuid4().hex}), Files(), fresh=True)
    try:
        limits.take("form", limits.address(request))
    except DomainError as error:
        return _refused(request, FeedbackForm(request.POST), attachments.kept(request), [error])
    files = attachments.of_form(request)
    if "language" in request.POST:
        return _in_other_language(request, files)
    form = FeedbackForm(request.POST)
    complete = form.is_valid()
    report = _report(form.cleaned_data, files)
    errors = files.errors + _errors(report)
    if errors or not complete:
        return _refused(request, form, files, errors)
    try:
        _not_too_often(report)
        ticket = intake.receive(report, actor=CUSTOMER)
    except DomainErrors as found:
        return _refused(request, form, files, found.errors)
    except DomainError as error:
        return _refused(request, form, files, [error])
    return redirect("portal:sent", ticket.number, links.tracking_token(ticket))


@private
@require_safe
def sent(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """The receipt (受理单): number, what happens next and by when, the private link. Reloading it sends nothing."""
    ticket = selectors.ticket_by_link(number, token)
    speak(request, ticket.language)
    context = {
        "ticket": ticket,
        "address": selectors.news_go_to(ticket),
        "promises": progress.promises(selectors.open_deadlines(ticket)),
        "private_link": links.tracking_url(ticket),
        "token": token,
    }
    return render(request, "portal/sent.html", context)


def _report(data: dict[str, Any], files: Files) -> Report:
    """What intake gets. A field that could not be read keeps its default: its own error is shown already."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return Report(
        **{name: data[name] for name in _REPORTED if name in data},
        contact=Contact(**{name: data[name] for name in _CONTACT if name in data}, language=language),
        channel=Channel.ONLINE,
        language=language,
        external_ref=_reference(data, files),
        uploads=files.uploads,
    )


def _errors(report: Report) -> list[DomainError]:
    try:
        intake.validate(report)
    except DomainErrors as found:
        return found.errors
    return []


def _not_too_often(report: Report) -> None:
    """Raises DomainError when this phone number or address sent too much lately."""
    known = validate_contact(report.contact)
    limits.take("contact", blind_index(known.phone or known.email), field="text")


def _reference(data: dict[str, Any], files: Files) -> str:
    """The same form sent twice is one ticket; "back" and other words or files are another one."""
    typed = (str(data.get(name)) for name in (*_REPORTED, *_CONTACT))
    said = "\x1f".join([data["token"], *typed, *(upload.sha256 for upload in files.uploads)])
    return "form:" + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _refused(request: HttpRequest, form: FeedbackForm, files: Files, errors: list[DomainError]) -> HttpResponse:
    form.is_valid()
    form.refuse(errors, {"contact": "phone"})
    status = 429 if any(e.status == 429 for e in errors) else 422
    return _page(request, form, files, status=status)


def _in_other_language(request: HttpRequest, files: Files) -> HttpResponse:
    """Switching the language in mid-form keeps all that was typed, also without JavaScript."""
    language = request.POST["language"]
    if language in dict(settings.LANGUAGES):
        translation.activate(language)
    form = FeedbackForm(initial=request.POST.dict())
    response = _page(request, form, files)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        translation.get_language() or settings.LANGUAGE_CODE,
        max_age=365 * 86400,
        path=settings.LANGUAGE_COOKIE_PATH,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return response


def _page(
    request: HttpRequest, form: FeedbackForm, files: Files, *, fresh: bool = False, status: int = 200
) -> HttpResponse:
    context = {"form": form, "files": files, "fresh": fresh, "language_form": "feedback"}
    return render(request, "portal/form.html", context, status=status)
