from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaseworkConfig(AppConfig):
    name = "apps.casework"
    label = "casework"
    verbose_name = _("Casework")

    def ready(self) -> None:
        from apps.casework import errors, gates, receivers  # noqa: F401  (fill the registries)
