"""Files of a form. A refused form keeps its good ones: they are stored already and bound to it by a signed list."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.core import signing
from django.http import HttpRequest

from apps.core import uploads
from apps.core.actors import CUSTOMER
from apps.core.errors import DomainError
from apps.core.models import Upload

_SALT = "portal.files"
_KEEP = timedelta(days=1)  # less than `uploads.UNUSED_FOR`, so that nothing is bound which is about to go


@dataclass
class Files:
    """What a form holds, and what was wrong with the rest (on the field `files`)."""

    uploads: list[Upload] = field(default_factory=list)
    errors: list[DomainError] = field(default_factory=list)

    @property
    def signed(self) -> str:
        return signing.dumps([str(u.pk) for u in self.uploads], salt=_SALT) if self.uploads else ""


def of_form(request: HttpRequest) -> Files:
    """The files of a sent form: kept ones without those ticked for removal, and the newly chosen ones."""
    files = kept(request)
    new, errors = uploads.keep(request.FILES.getlist("files"), actor=CUSTOMER, already=len(files.uploads))
    return Files(files.uploads + new, files.errors + errors)


def kept(request: HttpRequest) -> Files:
    """Only the files kept from an earlier attempt."""
    signed = request.POST.get("kept", "")
    if not signed:
        return Files()
    try:
        ids = signing.loads(signed, salt=_SALT, max_age=_KEEP)
    except signing.BadSignature:
        return Files(errors=[DomainError("portal.files_gone", field="files")])
    found = Upload.objects.in_bulk(ids)
    removed = set(request.POST.getlist("remove"))
    return Files([upload for key, upload in ((str(k), u) for k, u in found.items()) if key not in removed])
