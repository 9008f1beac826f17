"""Personal data at rest: encrypted with a keyring of its own, found again through an HMAC index (ADM-04)."""

import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.signals import setting_changed
from django.db import models


@lru_cache(maxsize=1)
def _keyring() -> MultiFernet:
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise RuntimeError("FIELD_ENCRYPTION_KEYS is empty: personal data cannot be stored")
    return MultiFernet([Fernet(key) for key in settings.FIELD_ENCRYPTION_KEYS])


def _forget_keyring(*, setting: str, **_: Any) -> None:
    if setting == "FIELD_ENCRYPTION_KEYS":
        _keyring.cache_clear()


setting_changed.connect(_forget_keyring)


def blind_index(value: str) -> str:
    """A keyed digest of a normalised value: equal values match, nothing can be read back. Empty stays empty."""
    if not value:
        return ""
    if not settings.BLIND_INDEX_KEY:
        raise RuntimeError("BLIND_INDEX_KEY is empty: personal data cannot be looked up")
    return hmac.new(settings.BLIND_INDEX_KEY.encode(), value.encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(models.TextField[str, str]):
    """Text that is cipher text in the database. It cannot be filtered by: keep a `blind_index` column beside it."""

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        return _keyring().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        if value is None or value == "":
            return value
        return _keyring().decrypt(value.encode()).decode()

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("isnull",):
            raise TypeError(f"{self.name} is encrypted and cannot be looked up by {lookup_name}; use its index column")
        return super().get_lookup(lookup_name)
