"""Why HeyGen does not answer, and what helps: certificates, proxies, names, firewalls. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from runner.errors import AccountError, ApiTrouble, LookbookError
from runner.executor.context import describe_reply, explain
from runner.heygen.connection import PROXY_REFUSED
from runner.replies import NotSent, Refusal, Reply

_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"

_UNTRUSTED = (
    "Its certificate is not from an authority that this machine trusts. Where a company's proxy "
    "reads what passes, set SSL_CERT_FILE to the file with the company's certificates (PEM); "
    "elsewhere, check the network and this machine's date."
)
_PROXY = (
    "The proxy in HTTPS_PROXY or ALL_PROXY did not pass it on: check its address and its password, "
    "or unset the variable."
)
_UNKNOWN_NAME = (
    "Its name is not known here: check the network, and HEYGEN_API_BASE where it is set."
)
_NOT_SENT_CURES = {
    _CERTIFICATE: _UNTRUSTED,
    PROXY_REFUSED: _PROXY,
    "getaddrinfo": _UNKNOWN_NAME,
    "Name or service not known": _UNKNOWN_NAME,
    "name resolution": _UNKNOWN_NAME,
    "nodename nor servname": _UNKNOWN_NAME,
}
"""A part of what the system says of a connection that was not made, and its cure."""

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

_SOMETHING_BETWEEN = (
    "A proxy, a firewall or a VPN on the way answered, not HeyGen, so the key was not looked at. "
    "Try another network, or ask whoever runs this one to let api.heygen.com pass. Nothing was "
    "sent."
)


def is_lasting(reply: Reply[object]) -> bool:
    """Return whether asking again in a moment would change nothing."""
    return isinstance(reply, NotSent) and _CERTIFICATE in reply.reason


def explain_silence(
    reply: Reply[object], environment: Mapping[str, str] = MappingProxyType({})
) -> LookbookError:
    """Return the error for an API that could not be asked, however often it was tried.

    ``environment`` tells whether a proxy stood between.
    """
    proxy = next((name for name in _PROXIES if environment.get(name)), None)
    through = f"{proxy} is set: is that proxy there, and does it let api.heygen.com pass?"
    if isinstance(reply, Refusal) and reply.status in (402, 403):
        hint = "Nothing was sent." if reply.enveloped else _SOMETHING_BETWEEN
        said = explain(reply) if reply.enveloped else describe_reply(reply)
        return AccountError(f"HeyGen cannot be asked: {said}", hint=hint)
    if isinstance(reply, NotSent):
        cures = [cure for part, cure in _NOT_SENT_CURES.items() if part in reply.reason]
        if proxy is not None and (not cures or cures[0] == _UNKNOWN_NAME):
            cures.insert(0, through)
        if cures:
            return ApiTrouble(
                f"No connection to HeyGen: {reply.reason}.", hint=f"{cures[0]} Nothing was sent."
            )
    return ApiTrouble(
        f"HeyGen does not answer: {describe_reply(reply)}",
        hint="Nothing was sent. Run the same command again when it is back.",
    )
