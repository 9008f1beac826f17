"""Files of a form: those that came with it now, and those kept from an attempt that was refused (INT-05)."""

from uuid import UUID

from django.http import HttpRequest

from apps.core import uploads
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.core.models import Upload
from apps.feedback.models import Attachment

FIELD = "files"
KEPT = "kept"


def collect(request: HttpRequest, actor: Actor) -> tuple[list[Upload], list[DomainError]]:
    """All good files of this form and what is wrong with the others."""
    kept = _kept(request.POST.getlist(KEPT), actor)
    new, errors = uploads.keep(request.FILES.getlist(FIELD), actor=actor, already=len(kept))
    return kept + new, errors


def _kept(ids: list[str], actor: Actor) -> list[Upload]:
    """The actor's own files that belong to nothing yet."""
    known = []
    for each in ids[:50]:
        try:
            known.append(UUID(each))
        except ValueError:
            continue
    if not known:
        return []
    found = Upload.objects.filter(pk__in=known, uploaded_by_id=actor.user_id)
    return list(found.exclude(pk__in=Attachment.objects.filter(upload__in=known).values("upload")))
