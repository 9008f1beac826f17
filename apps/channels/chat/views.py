"""The widget's addresses under `/chat/`. No cookies: a visitor is known by the key that the widget keeps (tokens.py).

The widget asks again every 2 to 10 seconds instead of holding a request open: a held request would occupy one of the
few threads of the web server for its whole time, an unchanged answer (304 by ETag) costs two small queries. After each
message the pace is 2 s, and it slows down by half as much again until 10 s; a page in the background asks every 30 s.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from apps.channels.chat import hours, options, reading, tokens
from apps.channels.models import Chat, Door, DoorKind
from apps.channels.services import chat as service
from apps.channels.services.chat import Opening
from apps.core import limits, uploads
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload

View = Callable[..., HttpResponse]
TEXT_LIMIT = 4_000


def spoken(view: View) -> View:
    """Answer in the language that the widget was shown in: `?lang=`, because its page belongs to another site."""

    @wraps(view)
    def wrapper(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        wanted = request.GET.get("lang", "").lower()
        known = dict(settings.LANGUAGES)
        language = next(
            (code for code in (wanted, translation.get_language()) if code in known), settings.LANGUAGE_CODE
        )
        with translation.override(language):
            response = view(request, *arguments, **options)
        response["Content-Language"] = language
        return response

    return wrapper


def answering(view: View) -> View:
    """JSON in and out; refusals as `{"errors": [{"field", "code", "words"}]}` with their status; nothing is stored."""

    @wraps(view)
    @csrf_exempt  # no cookie is looked at, so there is nothing that another site could borrow
    @spoken
    def wrapper(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        try:
            response = view(request, *arguments, **options)
        except (DomainError, DomainErrors) as found:
            errors = found.errors if isinstance(found, DomainErrors) else [found]
            rows = [{"field": e.field or "", "code": e.code, "words": e.words} for e in errors]
            response = JsonResponse({"errors": rows}, status=max(e.status for e in errors))
        add_never_cache_headers(response)
        return response

    return wrapper


def talking(view: View) -> View:
    """`Authorization: Chat <token>` names the chat. Raises `chat.unknown` for any other."""

    @wraps(view)
    def wrapper(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        chat = tokens.chat_by_token(token.strip()) if scheme == "Chat" else None
        if chat is None:
            raise DomainError("chat.unknown")
        return view(request, chat, *arguments, **options)

    return wrapper


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    """`/chat/widget.js`: the address stays, so that no site has to change its tag; browsers ask again after an hour."""
    path = "chat/widget.js"
    found = finders.find(path)
    if found:
        with open(found, "rb") as file:
            body = file.read()
    else:
        with staticfiles_storage.open(path) as file:
            body = file.read()
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    same = request.headers.get("If-None-Match") == etag
    response = HttpResponse(b"" if same else body, status=304 if same else 200, content_type="text/javascript")
    response["ETag"], response["Cache-Control"] = etag, "public, max-age=3600"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@spoken
def frame(request: HttpRequest, door_id: UUID) -> HttpResponse:
    """The page inside the iframe. Only the sites that the door names may frame it; all other pages keep their denial."""
    door = _door(door_id)
    wanted = options.of(door)
    office = hours.office(hours.department_id(wanted.department))
    context = {
        "door": door, "options": wanted, "text_limit": TEXT_LIMIT, "office": reading.office_words(office), "open": office.open,
        "accept": uploads.ACCEPT, "megabytes": settings.UPLOAD_MAX_BYTES // 1024**2,
    }  # fmt: skip
    response = render(request, "channels/chat/frame.html", context)
    ancestors = [*wanted.origins, *(["'self'"] if settings.CHAT_DEMO else [])]
    response._csp_replace = {
        "frame-ancestors": ancestors or ["'none'"],
        "style-src": ["'self'"],
    }
    response.xframe_options_exempt = True  # it knows no list of origins
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-cache"
    return response


@require_POST
@answering
def start(request: HttpRequest, door_id: UUID) -> HttpResponse:
    """The first message: `text`, `name`, `phone`, `email`, `consent`, `key`, `page`, `files`. 201 with the visitor's key."""
    try:
        door = _door(door_id)
    except Http404 as error:
        raise DomainError("chat.closed_door") from error
    _not_too_often("chat_open", limits.address(request))
    files = _files(request)
    opening = Opening(
        **{name: request.POST.get(name, "") for name in ("text", "key", "name", "phone", "email", "page")},
        consent=request.POST.get("consent") == "yes",
        language=translation.get_language() or settings.LANGUAGE_CODE,
        uploads=files,
    )
    try:
        chat = service.open_chat(door, opening)
    except BaseException:
        uploads.discard(files)
        raise
    return JsonResponse({"token": tokens.token_of(chat), **reading.state(chat)}, status=201)


@require_GET
@answering
@talking
def state(request: HttpRequest, chat: Chat) -> HttpResponse:
    """The whole chat, or 304; `?here=1` says that the visitor looks at it."""
    if request.GET.get("here") == "1":
        service.seen(chat)
    etag = reading.stamp(chat, translation.get_language() or "").etag
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    return JsonResponse(reading.state(chat), headers={"ETag": etag})


@require_POST
@answering
@talking
def say(request: HttpRequest, chat: Chat) -> HttpResponse:
    """`text`, `files` and a `key` per message, so that one sent twice is one."""
    _not_too_often("chat_message", chat.pk.hex)
    _not_too_often("chat_address", limits.address(request))
    files = _files(request)
    try:
        service.say(chat, request.POST.get("text", ""), key=request.POST.get("key", ""), uploads=files)
    except BaseException:
        uploads.discard(files)
        raise
    service.seen(chat)
    return JsonResponse(_anew(chat), status=201)


@require_POST
@answering
@talking
def reopen(request: HttpRequest, chat: Chat) -> HttpResponse:
    _not_too_often("chat_message", chat.pk.hex)
    service.reopen(chat, request.POST.get("text", ""))
    return JsonResponse(_anew(chat))


@require_GET
@answering
@talking
def file(request: HttpRequest, chat: Chat, attachment_id: UUID) -> HttpResponse:
    """A file of this chat; the widget fetches it with its key, so no address gives it away."""
    found = reading.attachment(chat, attachment_id)
    if found is None:
        raise DomainError("core.not_found")
    return uploads.response(found)  # type: ignore[return-value]


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """A page that embeds the widget as a customer's site would, where `CHAT_DEMO` is on."""
    if not settings.CHAT_DEMO:
        raise Http404
    door = Door.objects.filter(kind=DoorKind.CHAT, active=True).order_by("created_at").first()
    origin = request.build_absolute_uri("/").rstrip("/")
    return render(request, "channels/chat/demo.html", {"door": door, "origin": origin})


def _door(door_id: UUID) -> Door:
    door = Door.objects.filter(pk=door_id, kind=DoorKind.CHAT, active=True).first()
    if door is None:
        raise Http404
    return door


def _anew(chat: Chat) -> dict[str, Any]:
    return reading.state(Chat.objects.select_related("ticket").get(pk=chat.pk))


def _files(request: HttpRequest) -> list[Upload]:
    return uploads.store(request.FILES.getlist("files"), actor=CUSTOMER)


def _not_too_often(name: str, key: str) -> None:
    if minutes := limits.minutes_to_wait(name, key):
        raise DomainError("chat.too_often", minutes=minutes)
