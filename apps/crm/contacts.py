"""Who somebody is and how to reach them: one written form for every way people type it."""

import re
import unicodedata
from dataclasses import dataclass, fields, replace

import idna
import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from apps.core import masking
from apps.core.errors import DomainError, DomainErrors
from apps.core.vocabulary import ContactChannel, Language, Tier

NAME_LIMIT, ADDRESS_LIMIT, REGION_LIMIT, EXTERNAL_ID_LIMIT = 80, 300, 40, 60
FIELD_LABELS = {"name": _("full name"), "phone": _("phone"), "email": _("e-mail"), "address": _("address")}
PERSONAL_FIELDS = tuple(FIELD_LABELS)  # encrypted, shown masked, revealed on the record
_CHOICES = {"language": Language, "tier": Tier, "preferred_channel": ContactChannel}
_LIMITS = {
    "name": NAME_LIMIT, "address": ADDRESS_LIMIT, "region": REGION_LIMIT, "external_id": EXTERNAL_ID_LIMIT
}  # fmt: skip

_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})")
_WITH_EXTENSION = re.compile(r"(0[0-9]{2,3}-?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4})(?:-|转|分机)+([0-9]{1,6})")
_NORMAL_EMAIL = re.compile(r"[a-z0-9_+]+(?:[.-][a-z0-9_+]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)*\.[a-z]{2,20}")
_SEPARATORS = str.maketrans("", "", " -‐‑–—()\t　")
# Invisible marks that reorder or hide what stands beside them.
_INVISIBLE = dict.fromkeys([0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_check_email = EmailValidator()


@dataclass(frozen=True, slots=True)
class Contact:
    """What a sender told about themselves. An empty `preferred_channel` is chosen by what can be reached.

    `tier`, `region` and `external_id` are only for senders who know them: staff, an import, the API.
    """

    name: str = ""
    phone: str = ""
    email: str = ""
    external_id: str = ""
    address: str = ""
    language: str = Language.ZH_HANS
    preferred_channel: str = ""
    tier: str = Tier.NORMAL
    region: str = ""


def normalise_phone(text: str) -> str:
    """E.164 (`+8613812345678`; `;ext=12` for an extension) of a number as people write it; empty stays empty.

    Without a country code it is a mainland number. Raises DomainError `crm.phone_invalid`.
    """
    if len(text) > 60 or "\0" in text:
        raise DomainError("crm.phone_invalid", field="phone")
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    compact = plain.translate(_SEPARATORS)
    if not compact:
        return ""
    if mobile := _MOBILE.fullmatch(compact):  # nearly every number, and much faster than the general way
        return f"+86{mobile[1]}"
    if extension := _WITH_EXTENSION.fullmatch(plain.replace(" ", "")):
        compact = f"{extension[1]};ext={extension[2]}"
    international = f"+{compact[2:]}" if compact.startswith("00") else compact
    try:
        number = phonenumbers.parse(international, "CN")
    except phonenumbers.NumberParseException as error:
        raise DomainError("crm.phone_invalid", field="phone") from error
    if not phonenumbers.is_valid_number(number):
        raise DomainError("crm.phone_invalid", field="phone")
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


def display_phone(phone: str) -> str:
    """A normalised number as it is dialled here: `13812345678`, `01088886666 转 12`, `+85291234567`."""
    number, _sep, extension = phone.partition(";ext=")
    if number.startswith("+86"):
        national = number[3:]
        number = national if _MOBILE.fullmatch(national) or national.startswith(("400", "800")) else f"0{national}"
    return f"{number} 转 {extension}" if extension else number


def is_mobile(phone: str) -> bool:
    """Whether a normalised number can receive an SMS: mainland mobiles, and any number abroad (it may)."""
    return bool(phone) and (not phone.startswith("+86") or _MOBILE.fullmatch(phone) is not None)


def mask_phone(phone: str) -> str:
    """`138****5678` (INT-06)."""
    return masking.phone(display_phone(phone).partition(" ")[0])


def normalise_email(text: str) -> str:
    """Lower case, domain in its ASCII form; empty stays empty. Raises DomainError `crm.email_invalid`."""
    if len(text) > 320:
        raise DomainError("crm.email_invalid", field="email")
    email = unicodedata.normalize("NFKC", text).translate(_INVISIBLE).strip().lower()
    if not email or (len(email) <= 254 and _NORMAL_EMAIL.fullmatch(email)):
        return email
    local, _at, domain = email.rpartition("@")
    try:
        if not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode()
        email = f"{local}@{domain}"
        _check_email(email)
    except (idna.IDNAError, ValidationError) as error:
        raise DomainError("crm.email_invalid", field="email") from error
    if len(email) > 254:
        raise DomainError("crm.email_invalid", field="email")
    return email


def normalise_text(field: str, text: str) -> str:
    """One line without invisible marks. Raises DomainError `core.too_long`, `core.control_characters`."""
    text = " ".join(text.translate(_INVISIBLE).split())
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise DomainError("core.control_characters", field=field)
    if len(text) > _LIMITS[field]:
        raise DomainError("core.too_long", field=field, limit=_LIMITS[field], length=len(text))
    return text


def normalise(field: str, value: str) -> str:
    """The stored form of one field of a Contact. Raises DomainError that names the field."""
    if field == "phone":
        return normalise_phone(value)
    if field == "email":
        return normalise_email(value)
    if field in _CHOICES:
        if value and value not in _CHOICES[field].values:
            raise DomainError("core.invalid_choice", field=field, value=value)
        return str(value)
    return normalise_text(field, value)


def validate_contact(contact: Contact) -> Contact:
    """The contact in its stored form, checked (INT-05). Normalising it again changes nothing.

    Raises DomainErrors with every broken rule beside its field: `crm.phone_invalid`, `crm.email_invalid`,
    `crm.contact_missing` (on `phone`), `crm.channel_needs_email`, `crm.channel_needs_phone` (on the missing field),
    `core.too_long`, `core.control_characters`, `core.invalid_choice`.
    """
    errors: list[DomainError] = []
    values: dict[str, str] = {}
    for field in fields(contact):
        try:
            values[field.name] = normalise(field.name, getattr(contact, field.name))
        except DomainError as error:
            errors.append(error)
            values[field.name] = ""
    known = any(values[key] for key in ("phone", "email", "external_id"))
    if not known and not {"phone", "email"} & {error.field for error in errors}:
        errors.append(DomainError("crm.contact_missing", field="phone"))
    gap = unreachable(values["preferred_channel"], values["phone"], values["email"])
    if gap and gap.field not in {error.field for error in errors}:
        errors.append(gap)
    if errors:
        raise DomainErrors(errors)
    if not values["preferred_channel"]:
        values["preferred_channel"] = best_channel(values["phone"], values["email"])
    values["language"] = values["language"] or Language.ZH_HANS
    values["tier"] = values["tier"] or Tier.NORMAL
    return replace(contact, **values)


def best_channel(phone: str, email: str) -> str:
    """SMS where it can arrive, otherwise e-mail, otherwise a call (HND-07)."""
    if is_mobile(phone):
        return ContactChannel.SMS
    return ContactChannel.EMAIL if email else ContactChannel.PHONE


def unreachable(channel: str, phone: str, email: str) -> DomainError | None:
    """What is missing to answer through this channel, if anything."""
    if channel == ContactChannel.EMAIL and not email:
        return DomainError("crm.channel_needs_email", field="email")
    if channel in (ContactChannel.SMS, ContactChannel.PHONE) and not phone:
        return DomainError("crm.channel_needs_phone", field="phone")
    return None
