"""Which way leads to the tax platform: `TAX_ADAPTER`, and its settings. Put into the registry when the site starts."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.billing.adapters import registry
from apps.billing.adapters.tax import manual, open_platform
from apps.billing.adapters.tax.manual import ManualTaxAdapter
from apps.billing.adapters.tax.open_platform import OpenPlatformAdapter, TaxConfig
from apps.billing.tax_simulator import keys


def install() -> None:
    """By hand is always there, so that calls begun by hand are finished so; new calls go the configured way.

    Raises ImproperlyConfigured for settings that don't fit together.
    """
    registry.register_tax(ManualTaxAdapter())
    config = config_of_settings()
    if config is not None:
        registry.register_tax(OpenPlatformAdapter(config))
        if settings.TAX_PLATFORM["adapter"] == manual.NAME:
            registry.register_tax(ManualTaxAdapter())  # calls sent before are still asked about


def config_of_settings() -> TaxConfig | None:
    """None where there is no platform: a person acts on the tax bureau's site."""
    given = settings.TAX_PLATFORM
    if settings.TAX_SIMULATOR_URL:
        return TaxConfig(settings.TAX_SIMULATOR_URL, *keys.kept_in(settings.LOCAL_DIR / "keys"))
    if given["adapter"] not in ("", manual.NAME, open_platform.NAME):
        raise ImproperlyConfigured(f"TAX_ADAPTER is {manual.NAME} or {open_platform.NAME}")
    if not given["url"]:
        if given["adapter"] == open_platform.NAME:
            raise ImproperlyConfigured("TAX_ADAPTER=open_platform needs TAX_PLATFORM_URL, _APP_ID and _SECRET")
        return None
    if not (given["app_id"] and given["secret"]):
        raise ImproperlyConfigured("TAX_PLATFORM_URL needs TAX_PLATFORM_APP_ID and TAX_PLATFORM_SECRET")
    if not given["url"].startswith("https://"):
        raise ImproperlyConfigured("TAX_PLATFORM_URL must begin with https://")
    return TaxConfig(given["url"], given["app_id"], given["secret"])
