"""The demo company's social doors, wired to the simulated platforms: `manage.py simulate_social` has a page to try them."""

import secrets

from apps.channels.adapters.base import SIMULATOR
from apps.channels.models import Door, DoorKind
from apps.channels.services import doors
from apps.core.actors import Actor
from apps.core.vocabulary import Kind

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def open_doors(*, actor: Actor) -> list[Door]:
    """WeChat in safe mode, Weibo and Facebook, each with keys of its own."""
    key = secrets.token_urlsafe
    aes_key = "".join(secrets.choice(_LETTERS) for _ in range(42)) + "A"  # 256 bits in 43 letters, the last one round
    rows = (
        (
            DoorKind.WECHAT, "晴川电器公众号", {"app_id": "wx5f3c9a7d21e80b46", "mode": "aes"},
            {"token": key(18), "aes_key": aes_key, "app_secret": key(24)},
        ),
        (DoorKind.WEIBO, "晴川电器微博", {"uid": "1902538057"}, {"app_secret": key(24), "access_token": key(24)}),
        (
            DoorKind.FACEBOOK, "Qingchuan Appliances", {"page_id": "107846312345678"},
            {"verify_token": key(12), "app_secret": key(24), "page_token": key(48)},
        ),
    )  # fmt: skip
    return [
        doors.save(
            Door(kind=kind, name=name, ticket_kind=Kind.COMPLAINT),
            {**settings, "api_url": SIMULATOR},
            keys,
            actor=actor,
        )
        for kind, name, settings, keys in rows
    ]
