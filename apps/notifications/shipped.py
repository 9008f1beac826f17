"""The texts the product ships with, one file per language in `texts/`."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apps.core.vocabulary import Language

_TEXTS = Path(__file__).parent / "texts"


class Key(NamedTuple):
    code: str
    channel: str
    language: str


class Text(NamedTuple):
    subject: str
    body: str


@cache
def texts() -> dict[Key, Text]:
    """All shipped texts. Read once per process; treat the answer as read only."""
    found = {}
    for language in Language.values:
        for code, channels in tomllib.loads((_TEXTS / f"{language}.toml").read_text(encoding="utf-8")).items():
            for channel, words in channels.items():
                found[Key(code, channel, language)] = Text(words.get("subject", ""), words["body"].strip())
    return found
