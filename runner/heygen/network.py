"""How this program speaks HTTP: one way to make a client, for the API and for the pictures."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx

from runner import __version__
from runner.errors import UsageError
from runner.extras import install_command

_CERTIFICATE_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXIES = ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy")
_PROXY_SETTINGS = (*_PROXIES, "NO_PROXY", "no_proxy")

_IDLE_SECONDS = 4.0
"""How long an idle connection is kept: less than the 5 s after which common servers close one."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds in seconds: to connect, between two bytes, for a request in all.

    ``read`` is generous because ``POST /v3/avatars`` may first fetch an input URL (504 is the API's
    own answer when that takes too long), and an answer that we stop waiting for is a lost one.
    """

    connect: float = 15.0
    read: float = 90.0
    write: float = 60.0
    total: float = 150.0


def find_certificates(url: str = "https://") -> ssl.SSLContext:
    """Return what servers are checked against, loaded once in a process.

    For a plain http ``url`` there are none to load, and no https server would be trusted. Raises
    UsageError where ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` cannot be used.
    """
    if url.startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return _load_certificates(*map(os.environ.get, _CERTIFICATE_FILES))
    except (OSError, ValueError) as error:
        raise _unusable_certificates(error) from None


@cache
def _load_certificates(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Load them from where the environment says: some 40 ms, and one for each upload otherwise."""
    return httpx.create_ssl_context()


def check_network_settings(environment: Mapping[str, str]) -> None:
    """Raise UsageError where a proxy or certificates that are set cannot be used.

    Pictures are fetched over https also where the API is not, and only after they were paid for.
    """
    if any(environment.get(name) for name in (*_CERTIFICATE_FILES, *_PROXY_SETTINGS)):
        _check_ports(environment)
        open_client(Timeouts(), transport=None, verify=find_certificates())


def open_client(
    timeouts: Timeouts,
    *,
    transport: httpx.AsyncBaseTransport | None,
    verify: ssl.SSLContext,
    url: str = "https://",
) -> httpx.AsyncClient:
    """Make a client that follows no redirect, repeats nothing, keeps no cookie and holds no key.

    Proxies come from the usual variables (``HTTPS_PROXY``, ``NO_PROXY``), which httpx reads; plain
    http never goes through a proxy, because the proxy could read it. A client for a plain http
    ``url`` does not even read them. Raises UsageError where these variables cannot be used.
    """
    try:
        return httpx.AsyncClient(
            transport=transport,
            mounts=None if transport else {"http://": None},
            verify=verify,
            trust_env=not url.startswith("http://"),
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
    except ImportError:
        raise UsageError(
            "A SOCKS proxy is set (ALL_PROXY or HTTPS_PROXY), and what speaks to one is not "
            "installed.",
            hint=f"Install it with `{install_command('socks')}`, or unset the variable.",
        ) from None
    except (ValueError, httpx.InvalidURL) as error:
        raise _unusable_proxy(str(error)) from None


def _check_ports(environment: Mapping[str, str]) -> None:
    """Raise UsageError for a proxy whose port is none, which httpx notices when it connects."""
    for value in filter(None, map(environment.get, _PROXIES)):
        try:
            _ = urlsplit(value if "//" in value else f"//{value}").port
        except ValueError as error:
            raise _unusable_proxy(str(error)) from None


def _unusable_proxy(why: str) -> UsageError:
    """Return what to say of a proxy; not in httpx's words where they may quote a password."""
    is_secret = any("@" in os.environ.get(name, "") for name in _PROXIES)
    return UsageError(
        f"The proxy that is set cannot be used{'.' if is_secret else f': {why}'}",
        hint="Look at HTTPS_PROXY, ALL_PROXY and NO_PROXY: a proxy is written as http://HOST:PORT "
        "or socks5://HOST:PORT, and a # or / in its password as %23 or %2F.",
    )


def _unusable_certificates(error: Exception) -> UsageError:
    """Return what to say of certificates that cannot be loaded; OpenSSL names no file."""
    for name in _CERTIFICATE_FILES:
        if path := os.environ.get(name):
            there = os.path.exists(path)  # noqa: PTH110
            why = getattr(error, "strerror", None) or error if there else "there is no such file"
            return UsageError(
                f"{name} is {path}, and no certificates can be read from it: {why}.",
                hint=f"Unset {name}, or name a file with certificates in PEM form, such as the one "
                "that your company gives out for its proxy.",
            )
    return UsageError(f"The certificates of this machine cannot be read: {error}")
