"""Wiping texts and files out of rows that stay (LAW-05, ARC-05), and what a record of destruction keeps of them.

Rows are never deleted here: numbers, dates, amounts and states remain, so figures and the evidence log still hold.
Of long texts and files the record keeps SHA-256 digests; of names, phones and accounts only how many there were, since
a digest of a short value can be guessed back.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models.functions import Cast

from apps.core.models import IdempotencyRecord, Upload

ERASED = "〔已删除〕"  # stands where a text was; the evidence log knows it


@dataclass(slots=True)
class Wiped:
    """What was wiped: how many values by column, digests of texts, and stored files that are still to be deleted."""

    counts: dict[str, int] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)  # "app.model.column sha256"
    files: list[dict[str, Any]] = field(default_factory=list)  # {"name": in the store, "sha256", "size"}

    def __add__(self, other: "Wiped") -> "Wiped":
        counts = dict(self.counts)
        for name, count in other.counts.items():
            counts[name] = counts.get(name, 0) + count
        return Wiped(counts, self.digests + other.digests, self.files + other.files)

    @property
    def is_empty(self) -> bool:
        return not self.counts and not self.files


def wipe(
    rows: "models.QuerySet[Any]", *, texts: Sequence[str] = (), blanks: Sequence[str] = (), empty: Any = ""
) -> Wiped:
    """Put the mark into every `texts` column that holds something, and `empty` into `blanks`. Twice is once.

    Call inside a transaction; the caller has the right to. Columns that hold nothing are not counted.
    """
    done = Wiped()
    for row in rows.only("pk", *texts, *blanks):
        changed = []
        for name in (*texts, *blanks):
            value = getattr(row, name)
            mark = ERASED if name in texts else empty
            if value in ("", None, mark) or value == {}:
                continue
            column = f"{row._meta.label_lower}.{name}"
            done.counts[column] = done.counts.get(column, 0) + 1
            if name in texts:
                done.digests.append(f"{column} {hashlib.sha256(str(value).encode()).hexdigest()}")
            setattr(row, name, mark)
            changed.append(name)
        if changed:
            type(row)._base_manager.filter(pk=row.pk).update(**{name: getattr(row, name) for name in changed})
    return done


def wipe_uploads(ids: Iterable[Any]) -> Wiped:
    """Forget the names of these uploads and list their files, to be deleted after the commit by `discard_files`.

    The row stays with size and digest: that a file was there, and which, can still be shown.
    """
    done = Wiped()
    for upload in Upload.objects.filter(pk__in=list(ids)).exclude(file=""):
        done.files.append({"name": upload.file.name, "sha256": upload.sha256, "size": upload.size})
        done.counts["core.upload.file"] = done.counts.get("core.upload.file", 0) + 1
        Upload.objects.filter(pk=upload.pk).update(name=ERASED, file="")
    return done


def discard_files(files: Iterable[dict[str, Any]]) -> None:
    """Delete stored files by their names. One that is gone already is no error: this may be asked twice."""
    storage = Upload._meta.get_field("file").storage
    for entry in files:
        storage.delete(entry["name"])


def forget_answers(needles: Sequence[str]) -> None:
    """Drop stored answers to API requests that name one of these ids or numbers; they live for a day at most anyway."""
    for needle in needles:
        IdempotencyRecord.objects.annotate(text=Cast("body", models.TextField())).filter(text__contains=needle).delete()
