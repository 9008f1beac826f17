"""What tests of the website chat share."""

from typing import Any

from django.test import Client

from apps.channels.models import Door, DoorKind
from apps.feedback.models import Ticket

SHOP = "https://shop.example.com"
KEY = "k" * 30
FIRST = {
    "text": "扫地机器人充不进电，怎么办？", "name": "王芳", "phone": "13912345678", "email": "", "consent": "yes", "key": KEY,
    "page": f"{SHOP}/robots/x1?user=13912345678#top",
}  # fmt: skip


def chat_door(**settings: str) -> Door:
    values = {"origins": SHOP, **settings}
    return Door.objects.create(kind=DoorKind.CHAT, name="官网客服", ticket_kind="inquiry", settings=values)


class Visitor:
    """A browser with the widget: keeps the key as the widget does."""

    def __init__(self, door: Door, language: str = "zh-hans", address: str = "203.0.113.7") -> None:
        self.client, self.door, self.language, self.token = Client(REMOTE_ADDR=address), door, language, ""
        self.etag = ""

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Chat {self.token}"} if self.token else {}

    def start(self, **values: Any) -> Any:
        answer = self.client.post(f"/chat/{self.door.pk}/start/?lang={self.language}", {**FIRST, **values})
        if answer.status_code == 201:
            self.token = answer.json()["token"]
        return answer

    def say(self, text: str, key: str = "m" * 24, **values: Any) -> Any:
        sent = {"text": text, "key": key, **values}
        return self.client.post(f"/chat/talk/say/?lang={self.language}", sent, headers=self._headers())

    def look(self, **query: str) -> Any:
        headers = {**self._headers(), **({"If-None-Match": self.etag} if self.etag else {})}
        answer = self.client.get("/chat/talk/", {"lang": self.language, **query}, headers=headers)
        self.etag = answer.headers.get("ETag", "")
        return answer

    def reopen(self, text: str) -> Any:
        return self.client.post("/chat/talk/reopen/?lang=zh-hans", {"text": text}, headers=self._headers())

    def file(self, key: str) -> Any:
        return self.client.get(f"/chat/talk/files/{key}/", headers=self._headers())

    @property
    def ticket(self) -> Ticket:
        return Ticket.objects.get(number=self.client_state()["number"])

    def client_state(self) -> Any:
        self.etag = ""
        return self.look().json()


def codes(answer: Any) -> set[tuple[str, str]]:
    """(field, code) of a refusal."""
    return {(row["field"], row["code"]) for row in answer.json()["errors"]}
