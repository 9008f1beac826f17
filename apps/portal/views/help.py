"""Public help: topics, search, an article, whether it helped, and what may answer a text while it is typed (INT-11)."""

import logging

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core.errors import DomainError
from apps.core.vocabulary import Language
from apps.knowledge import selectors
from apps.knowledge.services import votes
from apps.portal import limits

logger = logging.getLogger(__name__)
QUERY = 200
SHORTEST = 4  # characters, from which on a text says enough to suggest something
SUGGESTED = 3


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All topics with their articles, or what was found."""
    asked = request.GET.get("q", "").replace("\x00", "").strip()[:QUERY]
    language = _language()
    context = {
        "asked": asked,
        "found": selectors.search(asked, language) if asked else None,
        "topics": selectors.help_topics(language),
    }
    return render(request, "portal/help.html", context)


@require_safe
def article(request: HttpRequest, key: str) -> HttpResponse:
    """One article in the reader's script; `?voted=` says thanks."""
    found = selectors.public_article(key)
    if found is None:
        raise Http404
    read = selectors.read(found, _language())
    return render(request, "portal/article.html", {"read": read, "voted": request.GET.get("voted", "")})


@require_POST
def vote(request: HttpRequest, key: str) -> HttpResponse:
    """Was it helpful? One voice per reader; a second one replaces the first."""
    found = selectors.public_article(key)
    if found is None:
        raise Http404
    useful = request.POST.get("useful") == "yes"
    try:
        limits.take("help", limits.address(request))
        reader = f"{limits.address(request)} {request.headers.get('User-Agent', '')[:300]}"
        votes.cast(found, reader=reader, useful=useful, words=request.POST.get("words", ""))
    except DomainError as error:
        context = {
            "read": selectors.read(found, _language()),
            "refused": error.words,
            "words": request.POST.get("words", ""),
        }
        return render(request, "portal/article.html", context, status=error.status)
    except ObjectDoesNotExist:
        raise Http404 from None
    return redirect(f"{reverse('portal:article', args=[key])}?voted={'yes' if useful else 'no'}#helpful")


@require_http_methods(["POST"])
def suggest(request: HttpRequest) -> HttpResponse:
    """Articles for what is being typed; an empty answer whenever there are none, or anything is wrong.

    By POST, because what people write about themselves belongs into no address and no log.
    """
    text = request.POST.get("text", "").replace("\x00", "").strip()
    try:
        limits.take("suggest", limits.address(request))
        found = selectors.suggest(text, _language(), limit=SUGGESTED) if len(text) >= SHORTEST else []
    except DomainError:
        found = []
    except Exception:  # comfort must not stand in the way of a complaint
        logger.exception("help articles could not be suggested")
        found = []
    return render(request, "portal/suggestions.html", {"found": found})


def _language() -> str:
    spoken = get_language() or ""
    return spoken if spoken in Language.values else Language.ZH_HANS
