"""What all settings stand on: the environment, this machine's folder, the company's name."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()


def networks(name: str, default: list[str]) -> list[IPv4Network | IPv6Network]:
    """The networks that a setting names, e.g. `10.20.0.0/16,10.1.2.3/32`.

    Raises ImproperlyConfigured at the start, not ValueError at the first call.
    """
    try:
        return [ip_network(net, strict=False) for net in env.list(name, default=default)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


# Embedded servers, keys, media: everything that is this machine's own.
LOCAL_DIR = Path(env("LOCAL_DIR", default=str(BASE_DIR / ".local")))

COMPANY_NAME = env("COMPANY_NAME", default="晴川电器")
