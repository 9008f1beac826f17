from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "apps.desk"
    label = "desk"
    verbose_name = _("Service desk")

    def ready(self) -> None:
        from apps.billing.archive import kinds
        from apps.desk import story

        kinds.register(story.KINDS)  # an evidence pack tells its timeline in the words of the desk
