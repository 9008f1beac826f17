from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    label = "notifications"
    verbose_name = _("Messages and notices")

    def ready(self) -> None:
        from apps.notifications import account_receivers, errors  # noqa: F401  (fill the registries)
