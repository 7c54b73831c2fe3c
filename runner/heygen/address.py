"""Where the API is, and which addresses a request may go to at all.

The key travels to one origin only, and never in the clear except to this machine
(``docs/api-notes.md#sending``). Everything here is pure text work: nothing is resolved or opened.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from runner.errors import UsageError

DEFAULT_BASE = "https://api.heygen.com"
"""The API's base URL (docs/api-facts.md#service)."""

_USABLE_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A checked base URL: ``url`` has no slash at its end, ``host`` is what an account is named by.

    ``host`` carries the port where that is not the scheme's own.
    """

    url: str
    host: str

    @property
    def is_private(self) -> bool:
        """Return whether the API itself is on this machine or in a private network."""
        return is_private(urlsplit(self.url).hostname or "")


def parse_address(text: str, *, allow_http: bool = False, source: str = "the API's URL") -> Address:
    """Check a base URL and return its parts; ``source`` is how the error names where it came from.

    A path is kept, because gateways put the API under one. Raises UsageError for everything that
    could send the key to a place that nobody meant: other schemes, a user name, a query, plain
    http to another machine.
    """
    text = text.strip()
    parts, port = _split(text, source)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"{source} holds a user name or a password",
            hint="Leave them out: the API knows you by its key alone.",
        )
    if "?" in text or "#" in text:
        raise UsageError(
            f"{source} holds a query or a fragment: {text!r}",
            hint=f"Give only scheme, host and path, such as {DEFAULT_BASE}.",
        )
    reason = explain_insecure(text, allow_http=allow_http)
    if reason is not None:
        raise UsageError(
            f"{source} cannot be used: {reason}",
            hint="Use https, or set HEYGEN_ALLOW_HTTP=1 if the network between is really yours.",
        )
    name = (parts.hostname or "").lower()
    host = f"[{name}]" if ":" in name else name
    if port not in (None, 443 if parts.scheme == "https" else 80):
        host = f"{host}:{port}"
    return Address(url=f"{parts.scheme}://{host}{parts.path.rstrip('/')}", host=host)


def _split(text: str, source: str) -> tuple[SplitResult, int | None]:
    hint = f"It looks like {DEFAULT_BASE} or http://127.0.0.1:8080."
    shown = repr(text) if "@" not in text else "(not shown: it may hold a password)"
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise UsageError(f"{source} has characters that a URL cannot have: {shown}", hint=hint)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UsageError(f"{source} is not a URL: {shown}", hint=hint) from None
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"{source} must begin with https://: {shown}", hint=hint)
    if not parts.hostname or not _USABLE_HOST.fullmatch(parts.hostname):
        raise UsageError(f"{source} names no usable host: {shown}", hint=hint)
    return parts, port


def explain_insecure(url: str, *, allow_http: bool = False) -> str | None:
    """Return why a URL must not be asked, or None: https, or http to this machine, or as allowed.

    Never raises, and never repeats the URL: signed links are as good as the picture itself.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in ("http", "https"):
        return f"its scheme is {parts.scheme!r}, not https" if parts.scheme else "it is not a URL"
    if not host:
        return "it names no host"
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        return f"plain http to {host} can be read and changed on the way"
    return None


def refuse_link(url: str, *, allow_http: bool = False, allow_private: bool = False) -> str | None:
    """Return why a link that the API gave must not be followed, or None where it may be.

    A link of an API on the internet to this machine or its private network would ask what others
    cannot reach; ``allow_private`` is for an API that is there itself. A name is not looked up:
    behind a name that leads to a private address no certificate for it is found. Never raises.
    """
    reason = explain_insecure(url, allow_http=allow_http)
    if reason is None and not allow_private and is_private(urlsplit(url).hostname or ""):
        return "it leads to this machine or its private network, and the API is not there"
    return reason


_IPV4_WITHIN = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96")))
"""IPv6 addresses that end in one of IPv4: for NAT64 (RFC 6052), and as they once were written."""


def is_private(host: str) -> bool:
    """Return whether a host is, as it is written, no address of the public internet.

    Loopback, private, link-local (a cloud's own data) and reserved addresses, in whatever form a
    resolver or a gateway to IPv4 takes them: ``127.1``, ``0x7f000001``, ``::ffff:10.0.0.1``,
    ``64:ff9b::10.0.0.1``.
    """
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            address = ipaddress.ip_address(socket.inet_aton(host))  # as resolvers read numbers
        except (OSError, UnicodeError):
            return False
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if any(address in network for network in _IPV4_WITHIN):
        inner = ipaddress.ip_address(int(address) & 0xFFFF_FFFF)
    return not (inner or address).is_global or address.is_multicast


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine for certain: ``localhost``, 127.0.0.0/8 or ::1.

    Other names are not looked up; a name that resolves to loopback today may not tomorrow.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def path_segment(text: str) -> str:
    """Quote an id for a path, so that no id can name another resource; ``..`` least of all.

    Raises ValueError for an empty one: its path would be the list's.
    """
    if not text:
        raise ValueError("an empty id names nothing")
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")
