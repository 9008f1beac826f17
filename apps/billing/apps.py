from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "apps.billing"
    label = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from apps.billing import errors, gates, refund_receivers, void_receivers  # noqa: F401  (fill the registries)
        from apps.billing.adapters import setup
        from apps.billing.adapters.tax import setup as tax_setup

        setup.install()
        tax_setup.install()
