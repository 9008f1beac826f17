"""Business errors carry codes; their words live in one catalogue, translated where they are shown.

Every app adds its part in its `errors.py`: `register({"ticket.number_missing": Problem(409, _("…"))})`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry of the catalogue: HTTP status and words, with `%(name)s` places for the error's data."""

    status: int
    words: str | Promise


_catalogue: dict[str, Problem] = {}


def register(entries: Mapping[str, Problem]) -> None:
    """Add an app's entries. Raises ValueError when a code is registered twice with other words."""
    for code, problem in entries.items():
        if code in _catalogue and _catalogue[code] is not problem:
            raise ValueError(f"error code {code} is registered twice")
        _catalogue[code] = problem


def catalogue() -> Mapping[str, Problem]:
    """All known codes (read only)."""
    return dict(_catalogue)


class DomainError(Exception):
    """A rule was broken. `field` names the form or JSON field it belongs to; `data` fills the words."""

    def __init__(self, code: str, *, field: str | None = None, **data: Any) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.data = data

    @property
    def status(self) -> int:
        return _catalogue[self.code].status if self.code in _catalogue else 400

    @property
    def words(self) -> str:
        """The message in the active language."""
        problem = _catalogue.get(self.code)
        return str(problem.words) % self.data if problem else self.code

    def __str__(self) -> str:
        return self.words


class DomainErrors(Exception):
    """Several broken rules at once, so that a form can show each beside its field."""

    def __init__(self, errors: list[DomainError]) -> None:
        super().__init__(", ".join(e.code for e in errors))
        self.errors = errors


register(
    {
        "core.not_allowed": Problem(403, _("You have no right to do this.")),
        "core.not_found": Problem(404, _("This record does not exist, or you may not see it.")),
        "core.stale": Problem(
            409, _("Somebody else changed this meanwhile. Your input is kept; please compare and save again.")
        ),
        "core.required": Problem(422, _("Please fill in this field.")),
        "core.too_long": Problem(422, _("At most %(limit)s characters; you entered %(length)s.")),
        "core.control_characters": Problem(422, _("The text contains characters that cannot be stored.")),
        "core.invalid": Problem(422, _("This value is not valid.")),
        "core.invalid_choice": Problem(422, _("“%(value)s” is not one of the choices.")),
        "core.unknown_field": Problem(422, _("Unknown field.")),
        "core.invalid_json": Problem(400, _("The request body is not valid JSON.")),
        "core.not_an_object": Problem(422, _("A JSON object is expected here.")),
        "core.body_too_large": Problem(413, _("The request body is larger than %(limit)s kB.")),
        "core.media_type": Problem(415, _("The request body must be application/json.")),
        "core.method": Problem(405, _("This address does not take this method.")),
        "core.not_signed_in": Problem(401, _("This needs an API key, in the header “Authorization: Bearer …”.")),
        "core.no_such_address": Problem(
            404, _("There is no such address. Every address ends with a slash; /api/docs/ lists them.")
        ),
        "core.rows": Problem(422, _("Send “rows”: a list of 1 to %(limit)s objects.")),
        "core.wrong_host": Problem(400, _("This server does not answer under this name (the Host header).")),
        "core.page_size": Problem(422, _("A page has between 1 and %(limit)s rows.")),
        "core.cursor": Problem(422, _("This cursor was not made here. Begin again without one.")),
        "core.server_error": Problem(500, _("Something went wrong on our side. It has been recorded.")),
        "core.idempotency_key_invalid": Problem(
            422, _("An Idempotency-Key has between 1 and %(limit)s printable ASCII characters.")
        ),
        "core.idempotency_mismatch": Problem(422, _("This Idempotency-Key was used before with another request.")),
        "core.idempotency_running": Problem(409, _("A request with this Idempotency-Key is still running.")),
        "core.too_many_requests": Problem(429, _("Too many requests. Please wait a moment and try again.")),
        "upload.too_large": Problem(422, _("“%(name)s” is larger than %(limit)s MB.")),
        "upload.too_many": Problem(422, _("At most %(limit)s files.")),
        "upload.empty": Problem(422, _("“%(name)s” is empty.")),
        "upload.type": Problem(422, _("“%(name)s” is a type of file that is not accepted here.")),
        "upload.broken_picture": Problem(422, _("“%(name)s” cannot be read as a picture.")),
        "upload.form_too_large": Problem(
            422, _("“%(name)s” does not fit any more: all files of a form together may have %(limit)s MB.")
        ),
        "upload.mismatch": Problem(422, _("“%(name)s” does not contain what its name says (.%(extension)s).")),
        "upload.heic": Problem(
            422,
            _(
                "“%(name)s” is a HEIC photo, which many screens cannot show. Please send it as JPEG, or a screenshot of it."
            ),
        ),
        "upload.too_many_pixels": Problem(
            422, _("“%(name)s” has more than %(limit)s million pixels. Please send a smaller version.")
        ),
        "upload.macros": Problem(422, _("“%(name)s” contains macros. Please save it without them.")),
    }
)
