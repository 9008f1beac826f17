from apps.journal.models.delivery import Delivery
from apps.journal.models.event import Event
from apps.journal.models.evidence import Head, Leaf

__all__ = ["Delivery", "Event", "Head", "Leaf"]
