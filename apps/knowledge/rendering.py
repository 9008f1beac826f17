"""Markdown to HTML that is safe to show: written by staff, read by strangers.

CommonMark by markdown-it-py without raw HTML; what comes out passes nh3's list of allowed tags all the same, so a hole
in one of them is none yet.
"""

import re
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "del", "code", "pre", "blockquote", "a", "br", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_SCHEMES = {"https", "http", "mailto", "tel"}
_HEADING = re.compile(r"(</?)h([1-6])>")
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(["table", "strikethrough"])
_parser.disable("image")  # nothing is fetched from elsewhere


@lru_cache(maxsize=256)
def html(markdown: str) -> SafeString:
    """The text as HTML; a heading of the first order becomes one of the second, the page's title is the first."""
    lowered = _HEADING.sub(lambda m: f"{m[1]}h{min(4, max(2, int(m[2]) + (m[2] == '1')))}>", _parser.render(markdown))
    # Cleaned: only the tags above, links only to the web, mail and telephone, no styles and no scripts.
    return mark_safe(
        nh3.clean(
            lowered, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel="noopener nofollow ugc"
        )
    )


def plain(markdown: str) -> str:
    """The text without its marks, on one line: for summaries."""
    text = nh3.clean(_parser.render(markdown), tags=set()).replace("&lt;", "<").replace("&gt;", ">")
    return " ".join(text.replace("&quot;", '"').replace("&amp;", "&").split())


def summary(markdown: str, limit: int = 90) -> str:
    """The beginning of a text, cut at `limit` characters."""
    text = plain(markdown)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
