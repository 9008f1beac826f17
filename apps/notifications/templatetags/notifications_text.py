"""How the text of a message is shown on a page."""

import re

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

register = template.Library()


@register.filter
def own_links(text: str) -> SafeString:
    """The text, escaped, with the links to this site clickable; addresses elsewhere stay words."""
    pattern = re.compile(rf"({re.escape(settings.PUBLIC_URL)}/[A-Za-z0-9\-._~:/?#@!$&'*+,;=%]*[A-Za-z0-9/=_\-~])")
    pieces = pattern.split(text)
    return format_html_join("", "{}", ((_link(piece) if index % 2 else piece,) for index, piece in enumerate(pieces)))


def _link(url: str) -> SafeString:
    return format_html('<a class="message-link" href="{}" target="_blank" rel="noopener noreferrer">{}</a>', url, url)


@register.filter
def in_words(error: str) -> str:
    """Our own errors translated; what a mail server or gateway said, as it was said."""
    return gettext(error) if error else ""
