from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChannelsConfig(AppConfig):
    name = "apps.channels"
    label = "channels"
    verbose_name = _("Doors")

    def ready(self) -> None:
        from apps.channels import errors as door_errors  # noqa: F401  (fill the registries)
        from apps.channels import receivers as door_receivers  # noqa: F401
        from apps.channels.adapters import social  # noqa: F401
        from apps.channels.adapters.outgoing import DoorAdapter
        from apps.channels.calls import errors as call_errors  # noqa: F401
        from apps.channels.calls import receivers as call_receivers  # noqa: F401
        from apps.channels.chat import errors as chat_errors  # noqa: F401
        from apps.channels.chat import options, receivers  # noqa: F401
        from apps.channels.pay import errors as pay_errors  # noqa: F401
        from apps.channels.pay import platform as pay_platform  # noqa: F401
        from apps.channels.pay import receivers as pay_receivers  # noqa: F401
        from apps.channels.services import chat, conversations
        from apps.feedback.services import announcements
        from apps.notifications import adapters
        from apps.notifications.states import MessageChannel

        adapters.register(MessageChannel.DOOR, DoorAdapter)
        announcements.register_way_back(conversations.way_back)
        announcements.register_way_back(chat.way_back)
