"""The visitor's key to one chat: unguessable, not stored, bound to the ticket; it dies with the ticket's private link."""

import base64
import hashlib
import hmac
from uuid import UUID

from django.conf import settings

from apps.channels.models import Chat


def token_of(chat: Chat) -> str:
    """`<chat id>.<proof>`; raising the ticket's `link_version` withdraws it."""
    message = f"{chat.pk.hex}\x1f{chat.ticket_id.hex}\x1f{chat.ticket.link_version}".encode()
    proof = hmac.new(settings.SECRET_KEY.encode(), b"channels.chat\x1f" + message, hashlib.sha256).digest()
    return f"{chat.pk.hex}.{base64.urlsafe_b64encode(proof[:24]).decode()}"


def chat_by_token(token: str) -> Chat | None:
    """The chat behind a token, or None."""
    name, _dot, _proof = token[:200].partition(".")
    try:
        key = UUID(hex=name)
    except ValueError:
        return None
    found = Chat.objects.select_related("ticket__customer", "ticket__department", "door").filter(pk=key).first()
    if found is None or not hmac.compare_digest(token_of(found).encode(), token.encode("utf-8", "replace")):
        return None
    return found
