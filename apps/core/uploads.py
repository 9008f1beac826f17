"""Received files: checked by content, pictures written anew, stored under random names, never served as they came.

What is accepted: pictures (JPEG, PNG, WebP, GIF), PDF, MP4 / MOV, DOCX / XLSX without macros, plain text, and M4A / MP3 / AMR
recordings. The limits are `UPLOAD_MAX_BYTES`, `UPLOAD_MAX_FILES` and `UPLOAD_FORM_MAX_BYTES`.
"""

import hashlib
import re
import unicodedata
import uuid
import zipfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import IO, Any

import puremagic
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import FileResponse, Http404

from apps.core import clock, pictures
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload

FIELD = "files"
NAME_LIMIT = 120
UNUSED_FOR = timedelta(days=2)  # a file of a form that was never sent is dropped after this time
HEAD_BYTES = 8192

_OFFICE = "application/vnd.openxmlformats-officedocument."
_PICTURES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
_PICTURE_EXTENSIONS = {"jpg", "jpeg", "jfif", "png", "webp", "gif", ""}
_SUFFIX = {"jpeg": "jpg"}
_ISO_MEDIA = {".mp4", ".mov", ".m4a", ".3gp", ".3ga", ".m4v", ".f4a", ".qtvr"}
# By extension: the content type to serve, and what the content has to look like to puremagic.
_ACCEPTED: dict[str, tuple[str, set[str]]] = {
    "pdf": ("application/pdf", {".pdf"}),
    "mp4": ("video/mp4", _ISO_MEDIA),
    "mov": ("video/quicktime", _ISO_MEDIA),
    "m4a": ("audio/mp4", _ISO_MEDIA),
    "mp3": ("audio/mpeg", {".mp3", ".mpga"}),
    "amr": ("audio/amr", {".amr"}),
    "docx": (f"{_OFFICE}wordprocessingml.document", {".docx"}),
    "xlsx": (f"{_OFFICE}spreadsheetml.sheet", {".xlsx"}),
    "txt": ("text/plain", set()),
}
# For the `accept` attribute of file inputs. HEIC is left out on purpose: then iPhones send JPEG by themselves.
ACCEPT = ".jpg,.jpeg,.png,.webp,.gif,.pdf,.mp4,.mov,.m4a,.mp3,.amr,.docx,.xlsx,.txt,image/jpeg,image/png"

_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}
_OFFICE_PART = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
_MARKUP = re.compile(r"\ufeff?\s*(?:#!|<\?xml|<\?php|<!doctype|<html|<svg|<script|<head|<body|<iframe)", re.IGNORECASE)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Writes no more of a file, and of all files of a form, than could be accepted; the true size is still counted."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.written = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.written >= settings.UPLOAD_FORM_MAX_BYTES:
            self.file.beyond_form_limit = True  # type: ignore[attr-defined]
        elif start <= settings.UPLOAD_MAX_BYTES:
            self.file.write(raw_data)
            self.written += len(raw_data)


def store(files: Sequence[UploadedFile], *, actor: Actor) -> list[Upload]:
    """Check and keep all files, or none of them. Raises DomainErrors with every complaint on the field `files`.

    Codes: `upload.too_many`, `upload.too_large`, `upload.form_too_large`, `upload.empty`, `upload.type`,
    `upload.mismatch`, `upload.heic`, `upload.broken_picture`, `upload.too_many_pixels`, `upload.macros`.
    """
    uploads, errors = keep(files, actor=actor)
    if errors:
        discard(uploads)
        raise DomainErrors(errors)
    return uploads


def keep(files: Sequence[UploadedFile], *, actor: Actor, already: int = 0) -> tuple[list[Upload], list[DomainError]]:
    """Keep the files that can be accepted and say why for each of the others.

    `already` counts files that the form holds from an earlier attempt. Nothing typed is lost when a form is refused
    (INT-05): its good files are kept here and bound to the form again; unused ones go after `UNUSED_FOR`.
    """
    room = settings.UPLOAD_MAX_FILES - already
    uploads: list[Upload] = []
    errors: list[DomainError] = []
    if len(files) > room:
        errors.append(DomainError("upload.too_many", field=FIELD, limit=settings.UPLOAD_MAX_FILES))
    for file in files[: max(room, 0)]:
        try:
            uploads.append(_keep(file, actor))
        except DomainError as error:
            errors.append(error)
    return uploads, errors


def put_away(name: str, content: bytes, content_type: str) -> Upload:
    """Keep a file that the system made itself, beside those it received. Whoever hands it out checks who may have it."""
    upload = Upload(name=name, content_type=content_type, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    upload.file.save(uuid.uuid4().hex, ContentFile(content), save=False)
    try:
        upload.save(force_insert=True)
    except BaseException:
        upload.file.storage.delete(upload.file.name or "")
        raise
    return upload


def discard(uploads: Iterable[Upload]) -> None:
    """Remove uploads that nothing refers to, with their files."""
    for upload in uploads:
        upload.delete()
        transaction.on_commit(lambda file=upload.file: file.storage.delete(file.name))  # type: ignore[misc]


def discard_unused(limit: int = 1000) -> int:
    """Drop files of forms that were never sent: older than `UNUSED_FOR` and referred to by no other row."""
    unused = Upload.objects.filter(created_at__lt=clock.now() - UNUSED_FOR)
    for relation in Upload._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.is_relation and relation.related_model is not Upload:
            column = relation.field.name  # type: ignore[union-attr]
            users = relation.related_model._default_manager.filter(**{column: OuterRef("pk")})  # type: ignore[union-attr]
            unused = unused.filter(~Exists(users))
    found = list(unused[:limit])
    with transaction.atomic():
        discard(found)
    return len(found)


def is_picture(upload: Upload) -> bool:
    """Whether this is one of the pictures that were written anew: the only files that may be shown in a page."""
    return upload.content_type in _PICTURES.values()


def response(upload: Upload) -> FileResponse:
    """The file for a browser: pictures may be shown, everything else is a download; nothing in it can run.

    The caller has checked who may see it. Raises Http404 when the file is gone from the disk.
    """
    try:
        content = upload.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    answer = FileResponse(
        content, as_attachment=not is_picture(upload), filename=upload.name, content_type=upload.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, max-age=3600"
    answer["X-Robots-Tag"] = "noindex"
    return answer


def clean_name(name: str) -> str:
    """The file's own name: no path, no control, direction or invisible characters, at most 120 characters."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    name = " ".join(name.split()).strip(". ")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, ""
    suffix = f".{extension[:10]}" if extension else ""
    return (stem.strip() or "file")[: NAME_LIMIT - len(suffix)] + suffix


def _keep(file: UploadedFile, actor: Actor) -> Upload:
    name = clean_name(file.name or "")
    content, name, content_type = _checked(file, name)
    digest = hashlib.sha256()
    for chunk in content.chunks():
        digest.update(chunk)
    content.seek(0)
    upload = Upload(
        name=name, content_type=content_type, size=content.size, sha256=digest.hexdigest(), uploaded_by_id=actor.user_id
    )
    upload.file.save(uuid.uuid4().hex, content, save=False)
    try:
        upload.save(force_insert=True)
    except BaseException:
        upload.file.storage.delete(upload.file.name or "")
        raise
    return upload


def _checked(file: UploadedFile, name: str) -> "tuple[File[bytes], str, str]":
    """The content to store, its name and its content type. Raises DomainError."""
    size = file.size or 0
    if size > settings.UPLOAD_MAX_BYTES:
        raise _refusal("too_large", name, limit=settings.UPLOAD_MAX_BYTES // 1024**2)
    if getattr(file, "beyond_form_limit", False):
        raise _refusal("form_too_large", name, limit=settings.UPLOAD_FORM_MAX_BYTES // 1024**2)
    if size == 0:
        raise _refusal("empty", name)
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if extension in ("heic", "heif") or _brand(head) in _HEIF_BRANDS:
        raise _refusal("heic", name)
    if extension in _PICTURE_EXTENSIONS:
        return _picture(file, name)
    if extension not in _ACCEPTED:
        raise _refusal("type", name)
    content_type, signatures = _ACCEPTED[extension]
    agrees = _is_text(file) if extension == "txt" else bool(_signatures(head) & signatures)
    if not agrees or (extension in _OFFICE_PART and not _is_office(file, name, extension)):
        raise _refusal("mismatch", name, extension=extension)
    file.seek(0)
    return file, name, content_type


def _picture(file: UploadedFile, name: str) -> "tuple[File[bytes], str, str]":
    """Shops and chats often name a WebP `.jpg`: any picture name will do, and the stored one says what it is."""
    try:
        data, kind = pictures.rewrite(file)
    except pictures.TooManyPixels as error:
        raise _refusal("too_many_pixels", name, limit=pictures.MAX_PIXELS // 10**6) from error
    except pictures.Broken as error:
        raise _refusal("broken_picture" if PurePosixPath(name).suffix else "type", name) from error
    stem = PurePosixPath(name).stem if PurePosixPath(name).suffix else name
    return ContentFile(data), f"{stem}.{_SUFFIX.get(kind, kind)}", _PICTURES[kind]


def _signatures(head: bytes) -> set[str]:
    """The kinds that the beginning of a file matches. puremagic does not know all brands of MP4 and all MP3 frames."""
    try:
        found = {match.extension for match in puremagic.magic_string(head) if match.offset >= 0}
    except puremagic.PureError:
        found = set()
    if head[4:8] == b"ftyp" and _brand(head) not in _HEIF_BRANDS:
        found.add(".mp4")
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # MPEG audio frame sync, layer III
        found.add(".mp3")
    return found


def _brand(head: bytes) -> bytes:
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _is_office(file: IO[bytes], name: str, extension: str) -> bool:
    """A ZIP with the main part of its kind; raises DomainError `upload.macros` when it carries programs."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = {part.lower() for part in archive.namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False
    if any(part.endswith("vbaproject.bin") or "/activex/" in part for part in parts):
        raise _refusal("macros", name)
    return "[content_types].xml" in parts and _OFFICE_PART[extension] in parts


def _is_text(file: IO[bytes]) -> bool:
    """Readable text in a coding that is used here, and no script or markup under a text's name."""
    file.seek(0)
    data = file.read()
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not _NOT_TEXT.search(text) and not _MARKUP.match(text)
    return False


def _refusal(code: str, name: str, **data: Any) -> DomainError:
    return DomainError(f"upload.{code}", field=FIELD, name=name, **data)
