from apps.channels.admin import doors, inbound

__all__ = ["doors", "inbound"]
