from datetime import datetime

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.core import clock
from apps.feedback.selectors import rules

register = template.Library()


@register.simple_tag
def company() -> str:
    return settings.COMPANY_NAME


@register.simple_tag
def hotline() -> str:
    return rules().hotline


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """Codes and names; each language in its own words, not in the reader's."""
    return settings.LANGUAGES


@register.simple_tag
def upload_limits() -> dict[str, int]:
    """Largest file in MB, number of files, bytes of one file and of all."""
    return {
        "megabytes": settings.UPLOAD_MAX_BYTES // 1024**2,
        "files": settings.UPLOAD_MAX_FILES,
        "bytes": settings.UPLOAD_MAX_BYTES,
        "form_bytes": settings.UPLOAD_FORM_MAX_BYTES,
    }


@register.filter
def moment(value: datetime) -> SafeString:
    """`11-21 20:07` on the wall clock of Shanghai, with the year when it is another one; the full value on hover."""
    local = clock.local(value)
    same_year = local.year == clock.local(clock.now()).year
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.strftime("%m-%d %H:%M" if same_year else "%Y-%m-%d %H:%M"),
    )


@register.filter
def size(value: int) -> str:
    """Bytes as people say them."""
    if value < 1024 * 1024:
        return _("%(number)s KB") % {"number": max(1, round(value / 1024))}
    return _("%(number)s MB") % {"number": round(value / 1024**2, 1)}
