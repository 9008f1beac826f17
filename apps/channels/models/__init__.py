from apps.channels.models.door import Door, DoorKind
from apps.channels.models.inbound import Inbound

__all__ = ["Door", "DoorKind", "Inbound"]
