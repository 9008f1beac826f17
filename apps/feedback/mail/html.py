"""HTML to text, for reading: layout by inscriptis, and a plain way for what it cannot take."""

import base64
import binascii
import html as entities
import re
from collections.abc import Iterator

from inscriptis import get_text
from inscriptis.model.config import ParserConfig

LONGEST = 600_000  # characters of HTML that are looked at, once pictures within it are taken out
MOST_PICTURES = 20
_PICTURE = re.compile(r"""data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s%]{200,})""", re.IGNORECASE)
_DATA = re.compile(r"""data:[\w/+.;=-]{1,80},[^"'\s>)]{200,}""")
_XML = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_SILENT = ("script", "style", "title", "head", "template", "noscript")
_BREAKS = ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote", "hr")
_CONFIG = ParserConfig(display_links=False, display_images=False)


def pictures(markup: str) -> list[tuple[str, bytes]]:
    """Pictures written into the HTML itself: (kind, content)."""
    found = []
    for match in _PICTURE.finditer(markup):
        try:
            found.append((match[1].lower().replace("jpg", "jpeg"), base64.b64decode(match[2].replace("%0A", ""))))
        except (binascii.Error, ValueError):
            continue
        if len(found) == MOST_PICTURES:
            break
    return found


def to_text(markup: str) -> str:
    """What a reader sees; never raises."""
    markup = _XML.sub("", _DATA.sub("", _PICTURE.sub("", markup)))[:LONGEST]
    plain = _stripped(markup)
    try:
        laid_out = get_text(markup, _CONFIG) if markup.strip() else ""
    except (RecursionError, ValueError, AssertionError, IndexError, KeyError, TypeError, AttributeError):
        laid_out = ""
    # Its parser drops what is nested too deeply; then the plain way has more to tell.
    chosen = laid_out if 2 * _ink(laid_out) >= _ink(plain) else plain
    return re.sub(
        r"\n{3,}", "\n\n", "\n".join(line.strip() for line in chosen.replace("\xa0", " ").splitlines())
    ).strip()


def _ink(text: str) -> int:
    return len(text) - sum(map(text.count, " \n\t\xa0"))


def _stripped(markup: str) -> str:
    return entities.unescape("".join(_pieces(markup)))


def _pieces(markup: str) -> Iterator[str]:
    """The text between tags, in one pass."""
    head, *chunks = markup.split("<")
    yield head
    silent = ""
    for chunk in chunks:
        tag, closing, words = chunk.partition(">")
        name = re.match(r"/?\s*([A-Za-z0-9]*)", tag)[1].lower()  # type: ignore[index]
        if silent:
            if tag.startswith("/") and name == silent:
                silent = ""
            else:
                continue
        elif name in _SILENT and not tag.startswith("/"):
            silent = name
            continue
        if not closing:
            yield "" if name or tag.startswith(("/", "!")) else f"<{chunk}"
            continue
        yield ("\n" if name in _BREAKS else "") + (words if name or tag[:1] in "/!?" else f"<{chunk}")
