from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    name = "apps.crm"
    label = "crm"
    verbose_name = _("Customers and orders")

    def ready(self) -> None:
        from apps.crm import errors  # noqa: F401  (fills the catalogue)
