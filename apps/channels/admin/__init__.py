from apps.channels.admin import doors, extensions, inbound

__all__ = ["doors", "extensions", "inbound"]
