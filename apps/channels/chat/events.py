"""Names of the events about website chats. Stored for decades: never renamed."""

CHAT_OPENED = "chat.opened"
