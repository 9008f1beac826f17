"""Ground tables: the base of every business noun, counters, heartbeats, uploads, idempotency records."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from apps.core import clock


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562): made before the insert and ordered by creation time, to the millisecond."""
    return uuid7()


class Noun(models.Model):
    """Base of every business object."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(_("created at"), default=clock.now, editable=False)

    class Meta:
        abstract = True


class Counter(models.Model):
    """The last number taken in a series (INT-02). Written only by `core.numbers`."""

    series = models.CharField(max_length=40, primary_key=True)
    last = models.BigIntegerField()


class Heartbeat(models.Model):
    """When a background process last ran; `/readyz` reads it."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()


class Upload(Noun):
    """A received file: checked, re-encoded where it is a picture, stored under its digest."""

    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64, db_index=True)
    file = models.FileField(upload_to="uploads/%Y/%m/")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """The first answer to a request that carried an `Idempotency-Key`; repeats get the same answer."""

    client = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="idempotency_client_key")]
        indexes = [models.Index(fields=["created_at"])]
