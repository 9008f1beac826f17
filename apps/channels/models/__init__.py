from apps.channels.models.calls import Call, CallState, Extension, Outcome
from apps.channels.models.chat import Chat
from apps.channels.models.conversation import Alarm, Conversation
from apps.channels.models.door import Door, DoorKind
from apps.channels.models.inbound import Inbound
from apps.channels.models.pay import PayComplaint, PayStep

__all__ = [
    "Alarm", "Call", "CallState", "Chat", "Conversation", "Door", "DoorKind", "Extension", "Inbound", "Outcome", "PayComplaint", "PayStep",
]  # fmt: skip
