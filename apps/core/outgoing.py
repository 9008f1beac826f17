"""Calls to addresses that somebody typed in: they must not become a way into our own network (SSRF)."""

import ipaddress
import socket
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_WRAPS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))  # NAT64, IPv4-compatible


class NotAllowed(requests.ConnectionError):
    """The address belongs to an inner network that `WEBHOOK_INNER_NETWORKS` doesn't name. Nothing was sent."""


def may_call(address: str) -> bool:
    """Whether an IP address is public, or in a network that the site opened with `WEBHOOK_INNER_NETWORKS`."""
    found = ipaddress.ip_address(address.partition("%")[0])
    found = _within(found)
    if found.is_global and not found.is_multicast:
        return True
    return any(found in net for net in settings.WEBHOOK_INNER_NETWORKS)


def _within(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one only wraps: a gateway of the network would carry the call to it."""
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if int(found) > 1 and any(found in net for net in _WRAPS):
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else found)


def post(url: str, body: bytes, headers: dict[str, str], *, seconds: float) -> int:
    """The status of the answer; what else it says isn't read. Follows no redirect and uses no proxy and no .netrc.

    Raises requests.RequestException, of which NotAllowed is one.
    """
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", _Guarded())
        session.mount("https://", _Guarded())
        try:
            with session.post(
                url, body, headers=headers, timeout=seconds, allow_redirects=False, stream=True
            ) as answer:
                return answer.status_code
        except _Inner as error:
            raise NotAllowed("an inner network") from error


class _Inner(Exception):
    """Of no kind that the libraries between would take for a failed connection."""


class _Looked:
    """A connection that looks whom it has reached. A look at the name alone would leave the time for another answer."""

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        if may_call(sock.getpeername()[0]):
            return sock
        sock.close()
        raise _Inner


class _HTTP(_Looked, HTTPConnection):
    pass


class _HTTPS(_Looked, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class _Guarded(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
