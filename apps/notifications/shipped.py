"""The texts the product ships with, one file per language in `texts/`."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apps.core.vocabulary import Language
from apps.notifications.catalogue import MESSAGE_TYPES
from apps.notifications.states import MessageChannel

SMS_MARK = "【{company}】"
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
    return {**_at_the_door(found), **found}


def _at_the_door(found: dict[Key, Text]) -> dict[Key, Text]:
    """A door (WeChat and the like) says what the SMS says, without the mark of the company that those begin with."""
    return {
        key._replace(channel=MessageChannel.DOOR.value): Text("", text.body.removeprefix(SMS_MARK).lstrip())
        for key, text in found.items()
        if key.channel == MessageChannel.SMS and MessageChannel.DOOR in MESSAGE_TYPES[key.code].channels
    }
