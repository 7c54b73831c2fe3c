"""How this program speaks HTTP: one way to make a client, for the API and for the pictures."""

import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from runner import __version__
from runner.errors import UsageError

__all__ = ["Timeouts", "certificates", "open_client"]

_IDLE_SECONDS = 4.0
"""How long an idle connection is kept: less than the 5 s after which common servers close one."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds in seconds: to connect, between two bytes, for a request in all, for an upload in all.

    ``read`` is generous because ``POST /v3/avatars`` may first fetch an input URL (504 is the API's
    own answer when that takes too long), and an answer that we stop waiting for is a lost one.
    """

    connect: float = 15.0
    read: float = 90.0
    write: float = 60.0
    total: float = 150.0
    upload: float = 900.0


def certificates(url: str = "https://") -> ssl.SSLContext:
    """Load the certificates that servers are checked against; slow enough to be done once.

    For a plain http ``url`` there are none to load, and no https server would be trusted. Raises
    UsageError where ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` cannot be used.
    """
    if url.startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        raise _unusable(error) from None


def open_client(
    timeouts: Timeouts,
    *,
    transport: httpx.AsyncBaseTransport | None,
    verify: ssl.SSLContext,
) -> httpx.AsyncClient:
    """Make a client that follows no redirect, repeats nothing, keeps no cookie and holds no key.

    Proxies come from the usual variables (``HTTPS_PROXY``, ``NO_PROXY``), which httpx reads; plain
    http never goes through a proxy, because the proxy could read it. Raises UsageError where these
    variables cannot be used.
    """
    try:
        return httpx.AsyncClient(
            transport=transport,
            mounts=None if transport else {"http://": None},
            verify=verify,
            follow_redirects=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            headers={"User-Agent": f"lookbook/{__version__}", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(
                connect=timeouts.connect,
                read=timeouts.read,
                write=timeouts.write,
                pool=timeouts.total,
            ),
            # Without a bound: how many connections there are is decided by a gate.
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
        )
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> UsageError:
    return UsageError(
        f"The network settings cannot be used: {error}",
        hint="Look at HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
    )
