"""The flat XML that WeChat sends, checked before any parser of a library sees it."""

from xml.parsers import expat

from apps.channels.adapters.base import Refused

DEEPEST = 6
MOST_ELEMENTS = 200


def check(text: str) -> None:
    """Raises Refused for anything but a small document without a DTD: entities can blow up or reach files."""
    depth = count = 0

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > DEEPEST or count > MOST_ELEMENTS:
            raise Refused("the XML is too large", 400)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def never(*_: object) -> None:
        raise Refused("the XML declares a document type", 400)

    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = never
    parser.ExternalEntityRefHandler = never
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, ValueError):
        raise Refused("the XML cannot be read", 400) from None
