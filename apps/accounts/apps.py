from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = _("Staff and rights")

    def ready(self) -> None:
        apps.get_app_config("axes").verbose_name = _("Log-in protection")  # it has no name in any language
        from apps.accounts import (
            errors,  # noqa: F401  (fills the catalogue)
            login,  # noqa: F401  (hears of log-ins)
            schema,  # noqa: F401  (registers with drf-spectacular)
        )
