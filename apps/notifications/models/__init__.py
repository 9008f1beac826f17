from apps.notifications.models.message import OutgoingMessage
from apps.notifications.models.notice import Notice
from apps.notifications.models.template import Template

__all__ = ["Notice", "OutgoingMessage", "Template"]
