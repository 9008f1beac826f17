from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "apps.billing"
    label = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from apps.billing import (  # noqa: F401  (fill the registries)
            audit_errors,
            audit_receivers,
            deadline_receivers,
            errors,
            gates,
            link_receivers,
            offers,
            pack_receivers,
            refund_receivers,
            ticket_gate,
            void_receivers,
        )
        from apps.billing.adapters import setup
        from apps.billing.adapters.tax import setup as tax_setup

        setup.install()
        tax_setup.install()
